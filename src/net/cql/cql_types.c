/* cql_types - descriptions of types, which may be nested.
 *
 * Happy path: a code, and behind it what its row says. How it fails: an unknown code, a depth above
 * the limit, or bytes that end too early are flaws of the bytes. */

#include "cql/cql_types.h"

enum inner { UNKNOWN, PLAIN, NAMED, ONE_TYPE, TWO_TYPES, NAMED_FIELDS, FIELDS };

static const struct {
    enum inner inner;
    const char *name;
} kinds[] = {
#define TYPE(code, name, inner, word, text) [code] = {inner, word},
#include "cql/cql_types.def"
#undef TYPE
};

#define KINDS_END (sizeof(kinds) / sizeof(kinds[0]))

static void skip_inner(struct cql_bytes *bytes, uint16_t kind, unsigned depth);

const char *cql_kind_name(uint16_t kind)
{
    return kind < KINDS_END ? kinds[kind].name : NULL;
}

static enum inner inner_of(uint16_t kind)
{
    return kind < KINDS_END ? kinds[kind].inner : UNKNOWN;
}

static struct cql_type take_type(struct cql_bytes *bytes, unsigned depth)
{
    uint16_t kind = cql_take_u16(bytes);
    const uint8_t *inner = bytes->at;
    if (depth > CQL_TYPE_DEPTH_MAX) {
        cql_bytes_fail(bytes, CQL_TOO_DEEP);
        return (struct cql_type){0};
    }
    skip_inner(bytes, kind, depth);
    return (struct cql_type){inner, (uint32_t)(bytes->at - inner), kind};
}

static void skip_fields(struct cql_bytes *bytes, bool named, unsigned depth)
{
    uint16_t count = cql_take_u16(bytes);
    for (uint16_t i = 0; i < count && bytes->flaw == CQL_FINE; i++) {
        if (named) {
            (void)cql_take_string(bytes);
        }
        (void)take_type(bytes, depth + 1);
    }
}

static void skip_inner(struct cql_bytes *bytes, uint16_t kind, unsigned depth)
{
    switch (inner_of(kind)) {
    case PLAIN:
        break;
    case NAMED:
        (void)cql_take_string(bytes);
        break;
    case TWO_TYPES:
        (void)take_type(bytes, depth + 1);
        (void)take_type(bytes, depth + 1);
        break;
    case ONE_TYPE:
        (void)take_type(bytes, depth + 1);
        break;
    case NAMED_FIELDS:
        (void)cql_take_string(bytes); /* its keyspace */
        (void)cql_take_string(bytes); /* its name */
        skip_fields(bytes, true, depth);
        break;
    case FIELDS:
        skip_fields(bytes, false, depth);
        break;
    case UNKNOWN:
        cql_bytes_fail(bytes, CQL_UNKNOWN_WORD);
        break;
    }
}

struct cql_type cql_take_type(struct cql_bytes *bytes)
{
    return take_type(bytes, 1);
}

/* How many types are inside; `bytes` is then at the first one, or at its name. */
static uint32_t count_inner(struct cql_bytes *bytes, enum inner inner)
{
    switch (inner) {
    case ONE_TYPE:
        return 1;
    case TWO_TYPES:
        return 2;
    case NAMED_FIELDS:
        (void)cql_take_string(bytes);
        (void)cql_take_string(bytes);
        return cql_take_u16(bytes);
    case FIELDS:
        return cql_take_u16(bytes);
    case UNKNOWN:
    case PLAIN:
    case NAMED:
        break;
    }
    return 0;
}

bool cql_type_inner(struct cql_type type, uint32_t place, struct cql_type *ret_inner)
{
    struct cql_bytes bytes = {type.inner, type.inner + type.inner_size, CQL_FINE};
    enum inner inner = inner_of(type.kind);
    uint32_t count = count_inner(&bytes, inner);
    if (place >= count) {
        return false;
    }
    for (uint32_t i = 0; i <= place; i++) {
        if (inner == NAMED_FIELDS) {
            (void)cql_take_string(&bytes);
        }
        *ret_inner = cql_take_type(&bytes);
    }
    return true;
}
