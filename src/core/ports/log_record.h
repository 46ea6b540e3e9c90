#pragma once

/* log_record - where a record belongs, read from its bytes without decoding it.
 *
 * A record begins with the number of its event, its term and its index, in that order: whoever
 * encodes one writes fields by their tags. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False: these bytes are no record, or do not say both. */
bool log_record_place(const uint8_t *bytes, size_t size, uint64_t *ret_term, uint64_t *ret_index);
