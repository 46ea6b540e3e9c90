/* cql_bytes - taking numbers, texts and cells.
 *
 * Happy path: what is taken is there. How it fails: the first length that overruns, or is below
 * zero without being null's, empties the bytes, and all that is taken after it is zero. */

#include "cql/cql_bytes.h"

#include <string.h>

#include "base/big_endian.h"
#include "chattifier/events.h"
#include "cql/cql_consistency.h"

void cql_bytes_fail(struct cql_bytes *bytes, enum cql_flaw flaw)
{
    if (bytes->flaw == CQL_FINE) {
        bytes->flaw = flaw;
    }
    bytes->at = bytes->end;
}

const uint8_t *cql_take(struct cql_bytes *bytes, size_t size)
{
    if (bytes->flaw != CQL_FINE || size > cql_bytes_left(bytes)) {
        cql_bytes_fail(bytes, CQL_SHORT);
        return NULL;
    }
    const uint8_t *taken = bytes->at;
    bytes->at += size;
    return taken;
}

static uint32_t take_number(struct cql_bytes *bytes, size_t size)
{
    const uint8_t *taken = cql_take(bytes, size);
    return taken ? (uint32_t)big_endian_get_sized(taken, size) : 0;
}

uint8_t cql_take_u8(struct cql_bytes *bytes)
{
    return (uint8_t)take_number(bytes, 1);
}

uint16_t cql_take_u16(struct cql_bytes *bytes)
{
    return (uint16_t)take_number(bytes, 2);
}

int32_t cql_take_i32(struct cql_bytes *bytes)
{
    return (int32_t)take_number(bytes, 4);
}

uint32_t cql_take_count(struct cql_bytes *bytes)
{
    int32_t count = cql_take_i32(bytes);
    if (count < 0) {
        cql_bytes_fail(bytes, CQL_NEGATIVE);
        return 0;
    }
    return (uint32_t)count;
}

struct cht_str cql_take_string(struct cql_bytes *bytes)
{
    uint16_t size = cql_take_u16(bytes);
    const uint8_t *at = cql_take(bytes, size);
    struct cht_str text = {size ? (const char *)at : NULL, at ? size : 0};
    if (!cht_utf8_valid(text)) {
        cql_bytes_fail(bytes, CQL_NOT_UTF8);
        return (struct cht_str){0};
    }
    return text;
}

struct cql_cell cql_take_short_bytes(struct cql_bytes *bytes)
{
    uint16_t size = cql_take_u16(bytes);
    const uint8_t *at = cql_take(bytes, size);
    return (struct cql_cell){at, at ? size : 0};
}

struct cql_cell cql_take_cell(struct cql_bytes *bytes)
{
    int32_t size = cql_take_i32(bytes);
    if (size < 0) {
        if (size != -1) {
            cql_bytes_fail(bytes, CQL_NEGATIVE);
        }
        return (struct cql_cell){0};
    }
    const uint8_t *at = cql_take(bytes, (uint32_t)size);
    return (struct cql_cell){at, at ? (uint32_t)size : 0};
}

struct cql_list cql_take_list(struct cql_bytes *bytes)
{
    struct cql_list list = {.left = cql_take_u16(bytes)};
    list.at = bytes->at;
    for (uint32_t i = 0; i < list.left && bytes->flaw == CQL_FINE; i++) {
        (void)cql_take_string(bytes);
    }
    return bytes->flaw == CQL_FINE ? list : (struct cql_list){0};
}

uint16_t cql_take_consistency(struct cql_bytes *bytes)
{
    uint16_t consistency = cql_take_u16(bytes);
    if (consistency > CQL_LOCAL_ONE) {
        cql_bytes_fail(bytes, CQL_WRONG_NUMBER);
    }
    return consistency;
}

enum cql_flaw cql_bytes_end(const struct cql_bytes *bytes)
{
    if (bytes->flaw != CQL_FINE) {
        return bytes->flaw;
    }
    return cql_bytes_left(bytes) == 0 ? CQL_FINE : CQL_TRAILING;
}

bool cql_list_next(struct cql_list *list, struct cht_str *ret_text)
{
    if (list->left == 0) {
        return false;
    }
    uint32_t size = (uint32_t)(list->at[0] << 8 | list->at[1]);
    *ret_text = (struct cht_str){size ? (const char *)list->at + 2 : NULL, size};
    list->at += 2 + size;
    list->left--;
    return true;
}

bool cql_list_has(struct cql_list list, const char *text)
{
    struct cht_str other;
    while (cql_list_next(&list, &other)) {
        if (other.size == strlen(text) &&
            (other.size == 0 || !memcmp(other.at, text, other.size))) {
            return true;
        }
    }
    return false;
}
