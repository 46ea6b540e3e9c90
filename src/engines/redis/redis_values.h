#pragma once

/* redis_values - what the sessions write into Redis, as bytes: names of keys, connections, tickets,
 * revocations.
 *
 * Pure. What is read was written by another node, or by somebody else: it is exactly of its form or
 * refused. */

#include "ports/sessions.h"

#define REDIS_PREFIX_BYTES_MAX 64u
#define REDIS_KEY_BYTES_MAX (REDIS_PREFIX_BYTES_MAX + 144u)
#define REDIS_PLACE_BYTES_MAX 64u
#define REDIS_FIELD_BYTES_MAX 80u
#define REDIS_VALUE_BYTES_MAX 96u
#define REDIS_TICKET_BYTES_MAX 328u
#define REDIS_REVOCATION_BYTES 48u

enum redis_key {
#define KEY(name, text, type, size, ends, doc) REDIS_KEY_##name,
#include "redis/redis_keys.def"
#undef KEY
    REDIS_KEYS
};

/* Prefix, text of the key, and what is behind it. Answers its size. `behind` at most 128 bytes. */
uint32_t redis_key_write(const char *prefix, enum redis_key key, struct cht_str behind,
    char ret_key[REDIS_KEY_BYTES_MAX]);

/* Of a user's connections. */
uint32_t redis_user_key_write(
    const char *prefix, const struct cht_id *user, char ret_key[REDIS_KEY_BYTES_MAX]);

/* In digits. Answers how many. */
uint32_t redis_number_write(uint64_t number, char ret_text[REDIS_PLACE_BYTES_MAX]);

/* A node's time: "<boot>.<life>". */
uint32_t redis_life_write(uint64_t boot, uint64_t life, char ret_text[REDIS_PLACE_BYTES_MAX]);

/* A connection: its field, "<node>#<boot>.<life>#<slot>", and its value: device, session, state,
 * generation. The generation begins at byte REDIS_GENERATION_AT of the value. */
#define REDIS_SESSION_AT CHT_ID_TEXT_SIZE
#define REDIS_STATE_AT (2 * CHT_ID_TEXT_SIZE)
#define REDIS_GENERATION_AT (2 * CHT_ID_TEXT_SIZE + 1)
uint32_t redis_field_write(
    const struct session *session, uint64_t life, char ret_field[REDIS_FIELD_BYTES_MAX]);
uint32_t redis_value_write(const struct session *session, enum cht_presence_state state,
    char ret_value[REDIS_VALUE_BYTES_MAX]);

/* All but the user. */
bool redis_connection_read(struct cht_str field, struct cht_str value, struct session *ret_session);

uint32_t redis_ticket_write(const struct ticket *ticket, uint8_t ret_bytes[REDIS_TICKET_BYTES_MAX]);
/* All but the digest of the secret. */
bool redis_ticket_read(struct cht_str bytes, struct ticket *ret_ticket);

void redis_revocation_write(
    const struct revocation *revocation, uint8_t ret_bytes[REDIS_REVOCATION_BYTES]);
bool redis_revocation_read(struct cht_str bytes, struct revocation *ret_revocation);

/* A number of digits alone, without leading zeros. */
bool redis_u64_read(struct cht_str text, uint64_t *ret_number);
