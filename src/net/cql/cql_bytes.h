#pragma once

/* cql_bytes - reading what the protocol is made of, off the front of bytes.
 *
 * For the readers of this library only. The first flaw stays: after it every take answers zero, so
 * a reader takes what it needs and looks once at the end. Pure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"
#include "cql/cql_flaw.h"

struct cql_bytes {
    const uint8_t *at;
    const uint8_t *end;
    enum cql_flaw flaw;
};

/* A value as it was sent: at == NULL is null, which an empty one is not. */
struct cql_cell {
    const uint8_t *at;
    uint32_t size;
};

/* Texts that were looked through once, so cql_list_next does not fail. */
struct cql_list {
    const uint8_t *at;
    uint32_t left;
};

static inline size_t cql_bytes_left(const struct cql_bytes *bytes)
{
    return (size_t)(bytes->end - bytes->at);
}

/* Notes the first flaw; nothing is left to take. */
void cql_bytes_fail(struct cql_bytes *bytes, enum cql_flaw flaw);

/* `size` bytes, or NULL. */
const uint8_t *cql_take(struct cql_bytes *bytes, size_t size);

uint8_t cql_take_u8(struct cql_bytes *bytes);
uint16_t cql_take_u16(struct cql_bytes *bytes);
int32_t cql_take_i32(struct cql_bytes *bytes);

/* An [int] that counts something: not below zero. */
uint32_t cql_take_count(struct cql_bytes *bytes);

/* A [string]: UTF-8. */
struct cht_str cql_take_string(struct cql_bytes *bytes);

/* [short bytes]: never null. */
struct cql_cell cql_take_short_bytes(struct cql_bytes *bytes);

/* [bytes]: a length of -1 is null. */
struct cql_cell cql_take_cell(struct cql_bytes *bytes);

/* A [string list]. */
struct cql_list cql_take_list(struct cql_bytes *bytes);

/* A [consistency]. */
uint16_t cql_take_consistency(struct cql_bytes *bytes);

/* The flaw there was, or TRAILING if something is left. */
enum cql_flaw cql_bytes_end(const struct cql_bytes *bytes);

/* True while there is one. */
bool cql_list_next(struct cql_list *list, struct cht_str *ret_text);

/* True if `list` has the text. */
bool cql_list_has(struct cql_list list, const char *text);
