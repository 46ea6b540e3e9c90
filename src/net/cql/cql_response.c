/* cql_response - what is in front of a body, and the short kinds of body.
 *
 * Happy path: flags say what is in front, and the opcode what follows. How it fails: by the first
 * flaw; only TRAILING leaves what was read as it is. */

#include "cql/cql_response.h"

#include <string.h>

#define TRACING_ID_BYTES 16

static bool is_word(struct cht_str text, const char *word)
{
    return text.size == strlen(word) && text.size > 0 && memcmp(text.at, word, text.size) == 0;
}

static bool same(struct cht_str a, struct cht_str b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

enum cql_flaw cql_response_bytes(
    const struct cql_response *response, enum cql_opcode opcode, struct cql_bytes *ret_bytes)
{
    *ret_bytes = (struct cql_bytes){response->body, response->body + response->size, CQL_FINE};
    return response->opcode == opcode ? CQL_FINE : CQL_WRONG_OPCODE;
}

/* ---- in front of a body */

static void skip_payload(struct cql_bytes *bytes, struct cql_response *response)
{
    struct cht_str keys[CQL_OPTIONS_MAX];
    uint16_t count = cql_take_u16(bytes);
    if (count > CQL_OPTIONS_MAX) {
        cql_bytes_fail(bytes, CQL_TOO_MANY);
        return;
    }
    for (uint16_t i = 0; i < count && bytes->flaw == CQL_FINE; i++) {
        keys[i] = cql_take_string(bytes);
        (void)cql_take_cell(bytes);
        for (uint16_t j = 0; j < i; j++) {
            if (same(keys[i], keys[j])) {
                cql_bytes_fail(bytes, CQL_REPEATED);
            }
        }
    }
    response->payload_entries = count;
}

enum cql_flaw cql_open_response(
    const struct cql_header *header, const uint8_t *body, struct cql_response *ret_response)
{
    struct cql_bytes bytes = {body, body + header->body_size, CQL_FINE};
    *ret_response = (struct cql_response){.opcode = header->opcode};
    if (header->flags & CQL_FLAG_COMPRESSED) {
        return CQL_WRONG_FLAGS;
    }
    if (header->flags & CQL_FLAG_TRACED) {
        ret_response->tracing_id = cql_take(&bytes, TRACING_ID_BYTES);
    }
    if (header->flags & CQL_FLAG_WARNINGS) {
        ret_response->warnings = cql_take_list(&bytes);
    }
    if (header->flags & CQL_FLAG_PAYLOAD) {
        skip_payload(&bytes, ret_response);
    }
    ret_response->body = bytes.at;
    ret_response->size = (uint32_t)cql_bytes_left(&bytes);
    return bytes.flaw;
}

/* ---- beginning a connection */

enum cql_flaw cql_read_ready(const struct cql_response *response)
{
    struct cql_bytes bytes;
    enum cql_flaw flaw = cql_response_bytes(response, CQL_OP_READY, &bytes);
    return flaw == CQL_FINE ? cql_bytes_end(&bytes) : flaw;
}

enum cql_flaw cql_read_authenticate(const struct cql_response *response, struct cht_str *ret_class)
{
    struct cql_bytes bytes;
    enum cql_flaw flaw = cql_response_bytes(response, CQL_OP_AUTHENTICATE, &bytes);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    *ret_class = cql_take_string(&bytes);
    return cql_bytes_end(&bytes);
}

enum cql_flaw cql_read_token(
    const struct cql_response *response, enum cql_opcode opcode, struct cql_cell *ret_token)
{
    struct cql_bytes bytes;
    enum cql_flaw flaw = cql_response_bytes(response, opcode, &bytes);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    *ret_token = cql_take_cell(&bytes);
    return cql_bytes_end(&bytes);
}

enum cql_flaw cql_read_supported(
    const struct cql_response *response, struct cql_supported *ret_supported)
{
    struct cql_bytes bytes;
    enum cql_flaw flaw = cql_response_bytes(response, CQL_OP_SUPPORTED, &bytes);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    ret_supported->count = cql_take_u16(&bytes);
    if (ret_supported->count > CQL_OPTIONS_MAX) {
        return CQL_TOO_MANY;
    }
    for (uint32_t i = 0; i < ret_supported->count && bytes.flaw == CQL_FINE; i++) {
        struct cql_option *option = &ret_supported->options[i];
        option->name = cql_take_string(&bytes);
        option->values = cql_take_list(&bytes);
        for (uint32_t j = 0; j < i; j++) {
            if (same(ret_supported->options[j].name, option->name)) {
                cql_bytes_fail(&bytes, CQL_REPEATED);
            }
        }
    }
    return cql_bytes_end(&bytes);
}

bool cql_supports(const struct cql_supported *supported, const char *option, const char *value)
{
    for (uint32_t i = 0; i < supported->count; i++) {
        if (is_word(supported->options[i].name, option)) {
            return cql_list_has(supported->options[i].values, value);
        }
    }
    return false;
}

/* ---- events */

static const char *const events[] = {
#define EVENT(name, word, text) word,
#include "cql/cql_changes.def"
#undef EVENT
};

static const char *const targets[] = {
#define TARGET(name, word, text) word,
#include "cql/cql_changes.def"
#undef TARGET
};

static const struct {
    const char *word;
    enum cql_event_kind event;
} changes[] = {
#define CHANGE(event, name, word, text) {word, CQL_EVENT_##event},
#include "cql/cql_changes.def"
#undef CHANGE
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned take_word(struct cql_bytes *bytes, const char *const *words, size_t count)
{
    struct cht_str text = cql_take_string(bytes);
    for (size_t i = 0; i < count; i++) {
        if (is_word(text, words[i])) {
            return (unsigned)i;
        }
    }
    cql_bytes_fail(bytes, CQL_UNKNOWN_WORD);
    return 0;
}

static enum cql_change take_change(struct cql_bytes *bytes, enum cql_event_kind event)
{
    struct cht_str text = cql_take_string(bytes);
    for (size_t i = 0; i < COUNT(changes); i++) {
        if (changes[i].event == event && is_word(text, changes[i].word)) {
            return (enum cql_change)i;
        }
    }
    cql_bytes_fail(bytes, CQL_UNKNOWN_WORD);
    return 0;
}

static struct cql_address take_address(struct cql_bytes *bytes)
{
    struct cql_address address = {.size = cql_take_u8(bytes)};
    if (address.size != 4 && address.size != 16) {
        cql_bytes_fail(bytes, CQL_WRONG_NUMBER);
        return (struct cql_address){0};
    }
    const uint8_t *at = cql_take(bytes, address.size);
    if (at) {
        memcpy(address.bytes, at, address.size);
    }
    int32_t port = cql_take_i32(bytes);
    if (port < 0 || port > UINT16_MAX) {
        cql_bytes_fail(bytes, CQL_WRONG_NUMBER);
    }
    address.port = (uint16_t)port;
    return address;
}

void cql_take_schema_change(struct cql_bytes *bytes, struct cql_schema_change *ret_change)
{
    *ret_change = (struct cql_schema_change){.change = take_change(bytes, CQL_EVENT_SCHEMA)};
    ret_change->target = (enum cql_target)take_word(bytes, targets, COUNT(targets));
    ret_change->keyspace = cql_take_string(bytes);
    if (ret_change->target != CQL_TARGET_KEYSPACE) {
        ret_change->name = cql_take_string(bytes);
    }
    if (ret_change->target >= CQL_TARGET_FUNCTION) {
        ret_change->arguments = cql_take_list(bytes);
    }
}

enum cql_flaw cql_read_event(const struct cql_response *response, struct cql_event *ret_event)
{
    struct cql_bytes bytes;
    enum cql_flaw flaw = cql_response_bytes(response, CQL_OP_EVENT, &bytes);
    if (flaw != CQL_FINE) {
        return flaw;
    }
    *ret_event =
        (struct cql_event){.kind = (enum cql_event_kind)take_word(&bytes, events, COUNT(events))};
    if (ret_event->kind == CQL_EVENT_SCHEMA) {
        cql_take_schema_change(&bytes, &ret_event->schema);
        ret_event->change = ret_event->schema.change;
    } else {
        ret_event->change = take_change(&bytes, ret_event->kind);
        ret_event->address = take_address(&bytes);
    }
    return cql_bytes_end(&bytes);
}
