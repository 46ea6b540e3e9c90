/* screen - see screen.h.
 *
 * Happy path: characters are copied to standard output. How it fails: what is unsafe is a dot; a
 * screen that is gone shows nothing, which the next line typed finds out. */

#include "screen.h"

#include <stdbool.h>
#include <stdio.h>

/* The bytes of a character that moves the terminal about (control characters of both sets, the line
 * separators) or turns around what is written beside it (the overrides, embeddings and isolates of
 * right-to-left text); 0: none of these begins here. */
static size_t unsafe_bytes(const unsigned char *at)
{
    if (at[0] < 0x20 || at[0] == 0x7f) {
        return 1;
    }
    if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
        return 2;
    }
    bool turns = at[0] == 0xe2 && ((at[1] == 0x80 && at[2] >= 0xa8 && at[2] <= 0xae) ||
                                      (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9));
    return turns ? 3 : 0;
}

/* One character of foreign text or its dot; how many bytes it had. */
static size_t put_safe(const char *at)
{
    size_t unsafe = unsafe_bytes((const unsigned char *)at);
    putchar(unsafe ? '.' : *at);
    return unsafe ? unsafe : 1;
}

void screen_words(const char *words)
{
    fputs(words, stdout);
}

void screen_text(const char *text)
{
    while (*text) {
        if (*text == '\n') {
            fputs("\n    ", stdout);
            text++;
        } else {
            text += put_safe(text);
        }
    }
}

void screen_name(const char *name)
{
    while (*name) {
        if (*name == '[' || *name == ']') {
            putchar(*name == '[' ? '(' : ')');
            name++;
        } else {
            name += put_safe(name);
        }
    }
}

void screen_number(long long number)
{
    printf("%lld", number);
}

void screen_flush(void)
{
    fflush(stdout);
}
