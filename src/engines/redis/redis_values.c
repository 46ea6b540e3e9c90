/* redis_values - see the header. Happy path: fixed places, numbers in digits or highest byte first.
 * How it fails: false; what was written here before is always taken. */

#include "redis/redis_values.h"

#include <stdio.h>
#include <string.h>

#include "base/big_endian.h"
#include "base/check.h"
#include "chattifier/events.h"

#define TICKET_FIXED_BYTES (2u * 16 + 4 * 8 + 2)

static const char *const keys[REDIS_KEYS] = {
#define KEY(name, text, type, size, ends, doc) [REDIS_KEY_##name] = text,
#include "redis/redis_keys.def"
#undef KEY
};

/* ---- keys */

uint32_t redis_key_write(const char *prefix, enum redis_key key, struct cht_str behind,
    char ret_key[REDIS_KEY_BYTES_MAX])
{
    CHECK(behind.size <= 128);
    int size = snprintf(ret_key, REDIS_KEY_BYTES_MAX, "%s%s", prefix, keys[key]);
    CHECK(size > 0 && (uint32_t)size + behind.size <= REDIS_KEY_BYTES_MAX);
    if (behind.size > 0) {
        memcpy(ret_key + size, behind.at, behind.size);
    }
    return (uint32_t)size + behind.size;
}

uint32_t redis_user_key_write(
    const char *prefix, const struct cht_id *user, char ret_key[REDIS_KEY_BYTES_MAX])
{
    char text[CHT_ID_TEXT_SIZE];
    cht_id_to_text(user, text);
    return redis_key_write(
        prefix, REDIS_KEY_USER, (struct cht_str){text, CHT_ID_TEXT_SIZE}, ret_key);
}

/* ---- numbers */

bool redis_u64_read(struct cht_str text, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (text.size == 0 || text.size > 20 || (text.size > 1 && text.at[0] == '0')) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

/* Up to `mark`, which is taken too; 0: the rest. */
static bool take_number(struct cht_str *text, char mark, uint64_t *ret_number)
{
    const char *end = mark && text->size > 0 ? memchr(text->at, mark, text->size) : NULL;
    if (mark && !end) {
        return false;
    }
    uint32_t size = mark ? (uint32_t)(end - text->at) : text->size;
    struct cht_str digits = {text->at, size};
    *text = (struct cht_str){text->at + size + (mark ? 1 : 0), text->size - size - (mark ? 1 : 0)};
    return redis_u64_read(digits, ret_number);
}

static bool take_u32(struct cht_str *text, uint32_t *ret_number)
{
    uint64_t number;
    bool fits = take_number(text, 0, &number) && number <= UINT32_MAX;
    *ret_number = fits ? (uint32_t)number : 0;
    return fits;
}

uint32_t redis_number_write(uint64_t number, char ret_text[REDIS_PLACE_BYTES_MAX])
{
    int size = snprintf(ret_text, REDIS_PLACE_BYTES_MAX, "%llu", (unsigned long long)number);
    CHECK(size > 0 && size < (int)REDIS_PLACE_BYTES_MAX);
    return (uint32_t)size;
}

/* ---- connections */

uint32_t redis_life_write(uint64_t boot, uint64_t life, char ret_text[REDIS_PLACE_BYTES_MAX])
{
    int size = snprintf(ret_text, REDIS_PLACE_BYTES_MAX, "%llu.%llu", (unsigned long long)boot,
        (unsigned long long)life);
    CHECK(size > 0 && size < (int)REDIS_PLACE_BYTES_MAX);
    return (uint32_t)size;
}

uint32_t redis_field_write(
    const struct session *session, uint64_t life, char ret_field[REDIS_FIELD_BYTES_MAX])
{
    int size = snprintf(ret_field, REDIS_FIELD_BYTES_MAX, "%llu#%llu.%llu#%u",
        (unsigned long long)session->node, (unsigned long long)session->boot,
        (unsigned long long)life, session->slot);
    CHECK(size > 0 && size < (int)REDIS_FIELD_BYTES_MAX);
    return (uint32_t)size;
}

uint32_t redis_value_write(const struct session *session, enum cht_presence_state state,
    char ret_value[REDIS_VALUE_BYTES_MAX])
{
    cht_id_to_text(&session->device, ret_value);
    cht_id_to_text(&session->id, ret_value + REDIS_SESSION_AT);
    ret_value[REDIS_STATE_AT] = (char)('0' + state);
    int size = snprintf(ret_value + REDIS_GENERATION_AT,
        REDIS_VALUE_BYTES_MAX - REDIS_GENERATION_AT, "%u", session->generation);
    CHECK(size > 0 && size < (int)(REDIS_VALUE_BYTES_MAX - REDIS_GENERATION_AT));
    return REDIS_GENERATION_AT + (uint32_t)size;
}

bool redis_connection_read(struct cht_str field, struct cht_str value, struct session *ret_session)
{
    uint64_t life;
    *ret_session = (struct session){0};
    if (value.size <= REDIS_GENERATION_AT) {
        return false;
    }
    struct cht_str device = {value.at, CHT_ID_TEXT_SIZE};
    struct cht_str id = {value.at + REDIS_SESSION_AT, CHT_ID_TEXT_SIZE};
    struct cht_str generation = {value.at + REDIS_GENERATION_AT, value.size - REDIS_GENERATION_AT};
    return take_number(&field, '#', &ret_session->node) &&
           take_number(&field, '.', &ret_session->boot) && take_number(&field, '#', &life) &&
           take_u32(&field, &ret_session->slot) && cht_id_from_text(device, &ret_session->device) &&
           cht_id_from_text(id, &ret_session->id) &&
           take_u32(&generation, &ret_session->generation);
}

/* ---- tickets and revocations */

static uint8_t *put_id(uint8_t *at, const struct cht_id *id)
{
    return (uint8_t *)memcpy(at, id->bytes, sizeof(id->bytes)) + sizeof(id->bytes);
}

static uint8_t *put_u64(uint8_t *at, uint64_t number)
{
    big_endian_put(at, number);
    return at + 8;
}

static const uint8_t *get_id(const uint8_t *at, struct cht_id *ret_id)
{
    memcpy(ret_id->bytes, at, sizeof(ret_id->bytes));
    return at + sizeof(ret_id->bytes);
}

static const uint8_t *get_u64(const uint8_t *at, uint64_t *ret_number)
{
    *ret_number = big_endian_get(at);
    return at + 8;
}

uint32_t redis_ticket_write(const struct ticket *ticket, uint8_t ret_bytes[REDIS_TICKET_BYTES_MAX])
{
    size_t origin = strnlen(ticket->origin, sizeof(ticket->origin) - 1);
    uint8_t *at = put_id(put_id(ret_bytes, &ticket->user), &ticket->device);
    at = put_u64(put_u64(at, ticket->token_version), ticket->issued_at);
    at = put_u64(put_u64(at, ticket->expires_at), ticket->valid_until);
    big_endian_put_sized(at, origin, 2);
    memcpy(at + 2, ticket->origin, origin);
    return (uint32_t)(TICKET_FIXED_BYTES + origin);
}

bool redis_ticket_read(struct cht_str bytes, struct ticket *ret_ticket)
{
    const uint8_t *at = (const uint8_t *)bytes.at;
    if (bytes.size < TICKET_FIXED_BYTES ||
        bytes.size - TICKET_FIXED_BYTES >= sizeof(ret_ticket->origin)) {
        return false;
    }
    at = get_id(get_id(at, &ret_ticket->user), &ret_ticket->device);
    at = get_u64(get_u64(at, &ret_ticket->token_version), &ret_ticket->issued_at);
    at = get_u64(get_u64(at, &ret_ticket->expires_at), &ret_ticket->valid_until);
    uint64_t origin = big_endian_get_sized(at, 2);
    if (origin != bytes.size - TICKET_FIXED_BYTES || memchr(at + 2, 0, origin)) {
        return false;
    }
    memcpy(ret_ticket->origin, at + 2, origin);
    ret_ticket->origin[origin] = 0;
    return true;
}

void redis_revocation_write(
    const struct revocation *revocation, uint8_t ret_bytes[REDIS_REVOCATION_BYTES])
{
    uint8_t *at = put_id(put_id(ret_bytes, &revocation->user), &revocation->device);
    at = put_u64(put_u64(at, revocation->version), revocation->at);
    CHECK(at == ret_bytes + REDIS_REVOCATION_BYTES);
}

bool redis_revocation_read(struct cht_str bytes, struct revocation *ret_revocation)
{
    if (bytes.size != REDIS_REVOCATION_BYTES) {
        return false;
    }
    const uint8_t *at = (const uint8_t *)bytes.at;
    at = get_id(get_id(at, &ret_revocation->user), &ret_revocation->device);
    get_u64(get_u64(at, &ret_revocation->version), &ret_revocation->at);
    return !cht_id_is_none(&ret_revocation->user);
}
