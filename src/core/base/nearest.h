#pragma once

/* nearest - which of many words somebody meant who typed another. */

#include <stdbool.h>
#include <stdint.h>

#define NEAREST_BYTES_MAX 127u
#define NEAREST_EDITS_MAX 3u

/* How many bytes have to be put in, left out or changed to make one of the other; UINT32_MAX if one
 * of them is longer than NEAREST_BYTES_MAX. */
uint32_t nearest_edits(const char *a, const char *b);

/* A search: what was typed is set, then each word is tried. */
struct nearest {
    const char *typed;
    bool found;
    uint32_t edits; /* to the nearest so far */
};

/* True: it is nearer than all before, and at most NEAREST_EDITS_MAX edits away. */
bool nearest_try(struct nearest *nearest, const char *word);
