/* field - which bytes a token is made of.
 *
 * Happy path: each byte is looked up. How it fails: false; the caller knows whose fault that is. */

#include "field.h"

#define YES(byte) [byte] = true

static const bool is_token_byte[256] = {
    YES('.'), YES('_'), YES(':'), YES('-'), //
    YES('0'), YES('1'), YES('2'), YES('3'), YES('4'), YES('5'), YES('6'), YES('7'), YES('8'),
    YES('9'), //
    YES('a'), YES('b'), YES('c'), YES('d'), YES('e'), YES('f'), YES('g'), YES('h'), YES('i'),
    YES('j'), YES('k'), YES('l'), YES('m'), YES('n'), YES('o'), YES('p'), YES('q'), YES('r'),
    YES('s'), YES('t'), YES('u'), YES('v'), YES('w'), YES('x'), YES('y'), YES('z'), //
    YES('A'), YES('B'), YES('C'), YES('D'), YES('E'), YES('F'), YES('G'), YES('H'), YES('I'),
    YES('J'), YES('K'), YES('L'), YES('M'), YES('N'), YES('O'), YES('P'), YES('Q'), YES('R'),
    YES('S'), YES('T'), YES('U'), YES('V'), YES('W'), YES('X'), YES('Y'), YES('Z'), //
};

bool cht_is_token(struct cht_str text)
{
    bool good = true;
    for (uint32_t i = 0; i < text.size; i++) {
        good &= is_token_byte[(uint8_t)text.at[i]];
    }
    return good;
}
