/* sha1 - FIPS 180-4, plain.
 *
 * Happy path: init, any number of adds, end. How it fails: it cannot. */

#include "sha1.h"

#include <string.h>

static uint32_t rotated(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

static void expand(const uint8_t *block, uint32_t *ret_words)
{
    for (unsigned i = 0; i < 16; i++) {
        ret_words[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (unsigned i = 16; i < 80; i++) {
        ret_words[i] =
            rotated(ret_words[i - 3] ^ ret_words[i - 8] ^ ret_words[i - 14] ^ ret_words[i - 16], 1);
    }
}

/* The round's function of three words, with its constant added. */
static uint32_t mixed(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20) {
        return ((b & c) | (~b & d)) + 0x5a827999u;
    }
    if (round < 40) {
        return (b ^ c ^ d) + 0x6ed9eba1u;
    }
    if (round < 60) {
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
    }
    return (b ^ c ^ d) + 0xca62c1d6u;
}

static void digest_block(struct cht_sha1 *sha1)
{
    uint32_t words[80];
    uint32_t s[5];
    expand(sha1->block, words);
    memcpy(s, sha1->state, sizeof(s));
    for (unsigned i = 0; i < 80; i++) {
        uint32_t next = rotated(s[0], 5) + mixed(i, s[1], s[2], s[3]) + s[4] + words[i];
        s[4] = s[3];
        s[3] = s[2];
        s[2] = rotated(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (unsigned i = 0; i < 5; i++) {
        sha1->state[i] += s[i];
    }
}

void cht_sha1_init(struct cht_sha1 *sha1)
{
    static const uint32_t start[5] = {
        0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u};
    memcpy(sha1->state, start, sizeof(start));
    sha1->size = 0;
}

void cht_sha1_add(struct cht_sha1 *sha1, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++) {
        sha1->block[sha1->size++ % 64] = at[i];
        if (sha1->size % 64 == 0) {
            digest_block(sha1);
        }
    }
}

void cht_sha1_end(struct cht_sha1 *sha1, uint8_t *ret_digest)
{
    uint64_t bits = sha1->size * 8;
    uint8_t tail[8];
    for (unsigned i = 0; i < 8; i++) {
        tail[i] = (uint8_t)(bits >> (56 - 8 * i));
    }
    cht_sha1_add(sha1, "\x80", 1);
    while (sha1->size % 64 != 56) {
        cht_sha1_add(sha1, "", 1);
    }
    cht_sha1_add(sha1, tail, sizeof(tail));
    for (unsigned i = 0; i < CHT_SHA1_BYTES; i++) {
        ret_digest[i] = (uint8_t)(sha1->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
