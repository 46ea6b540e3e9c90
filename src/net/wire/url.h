#pragma once

/* url - paths and queries of request targets, decoded exactly once.
 *
 * A double-encoded text stays encoded once; matching happens only on the decoded path. Pure, no
 * allocation. */

#include <stdbool.h>
#include <stddef.h>

#include "chattifier/types.h"

/* Decodes a path that begins with '/'. Without a '%' the result is `path` itself, else it is in
 * `scratch` (at least path.size bytes). False for bad escapes, %2f, %5c, encoded control
 * characters, dot segments after decoding, and what is no UTF-8. */
bool url_decode_path(struct cht_str path, char *scratch, struct cht_str *ret_path);

/* One parameter of a query: true while there is one. Start with `*rest` = the query. `ret_name` and
 * `ret_value` are as sent. */
bool url_query_next(struct cht_str *rest, struct cht_str *ret_name, struct cht_str *ret_value);

/* Decodes a name or value of a query ('+' is a blank) into `ret_bytes`, which has room for
 * text.size bytes. False for bad escapes, NUL, and what is no UTF-8. */
bool url_decode_query(struct cht_str text, char *ret_bytes, struct cht_str *ret_text);

enum url_found { URL_ABSENT, URL_ONE, URL_REPEATED, URL_BAD };

/* The value of the parameter `name`, decoded into `scratch` of `size` bytes (too small: URL_BAD).
 */
enum url_found url_query_get(
    struct cht_str query, const char *name, char *scratch, size_t size, struct cht_str *ret_value);
