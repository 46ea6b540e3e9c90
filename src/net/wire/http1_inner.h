#pragma once

/* http1_inner - what requests and replies share in reading. */

#include "wire/http1.h"

/* Lines of fields up to the empty one; http1_find_end has seen it. `fields` has room for
 * HTTP_FIELDS_MAX. Answers 0 or the status to refuse with. */
int http1_read_fields(
    const uint8_t *from, const uint8_t *end, struct http_field *fields, uint32_t *ret_count);

/* Digits and nothing else. Answers 0 or 400. */
int http1_read_length(struct cht_str text, uint64_t *ret_length);
