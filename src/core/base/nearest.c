/* nearest - see the header. Happy path: a table of edits, a row at a time. How it fails: what is
 * too long is near to nothing. */

#include "base/nearest.h"

#include <stddef.h>
#include <string.h>

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t nearest_edits(const char *a, const char *b)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    uint32_t row[NEAREST_BYTES_MAX + 1]; /* edits from what of `a` was read to each start of `b` */
    if (a_size > NEAREST_BYTES_MAX || b_size > NEAREST_BYTES_MAX) {
        return UINT32_MAX;
    }
    for (uint32_t j = 0; j <= b_size; j++) {
        row[j] = j;
    }
    for (uint32_t i = 1; i <= a_size; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b_size; j++) {
            uint32_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, 1 + least(row[j], row[j - 1]));
        }
    }
    return row[b_size];
}

bool nearest_try(struct nearest *nearest, const char *word)
{
    uint32_t edits = nearest_edits(nearest->typed, word);
    if (edits > NEAREST_EDITS_MAX || (nearest->found && edits >= nearest->edits)) {
        return false;
    }
    nearest->found = true;
    nearest->edits = edits;
    return true;
}
