#pragma once

/* inner - what the files of this engine share: the client and its statements. */

#include "cassandra/cassandra.h"
#include "cassandra/cells.h"
#include "cql_client/cql_client.h"
#include "world/loop.h"
#include "world/world.h"

/* In the order of user_get of users_cassandra.c. */
#define USER_COLUMNS                                                                               \
    "user_id, username, display_name, bio, password_hash, created, token_version, voided_at, "     \
    "row_version, disabled, deleted"
/* In the order of device_get of devices_cassandra.c. */
#define DEVICE_COLUMNS                                                                             \
    "user_id, device_id, name, refresh_hash, previous_hash, generation, rotated_at, created, "     \
    "last_seen, revoked_at"
/* Not an INSERT: of one, a row would be left when all it has is forgotten. */
#define DEVICE_UPDATE                                                                              \
    "UPDATE {keyspace}.devices USING TTL ? SET name = ?, refresh_hash = ?, previous_hash = ?, "    \
    "generation = ?, rotated_at = ?, created = ?, last_seen = ?, revoked_at = ? "                  \
    "WHERE user_id = ? AND device_id = ?"

/* In the order of room_take, member_take and mine_take of room_rows.c, message_take of pages.c. */
#define ROOM_COLUMNS                                                                               \
    "room_id, kind, visibility, posting, adding, history, name, topic, creator, pair_first, "      \
    "pair_second, created, deleted, seq, n, ts, loud_seq, members, cause, last_seq, last_from, "   \
    "last_ts, last_text, last_deleted, meta_seq, gone_seq, sent_seq, public_name"
#define MEMBER_COLUMNS                                                                             \
    "user_id, role, state, joined_seq, joined_n, muted_until, changed_seq, hidden_seq"
#define MINE_COLUMNS "room_id, kind, role, joined_seq, joined_n, changed_seq, hidden_seq"
#define MESSAGE_COLUMNS                                                                            \
    "seq, n, ts, sender, cid, text, edit, edited_seq, reply_to, mentions, deleted"

enum store_statement {
#define STATEMENT(name, kind, text) STORE_##name,
#include "cassandra/store_cql.def"
#undef STATEMENT
    STORE_STATEMENT_COUNT
};

struct cassandra {
    const struct world *world;
    const struct cassandra_settings *settings;
    const struct cassandra_shared *shared;
    struct cql_client *client;
    struct cql_client_handler handler;
    struct tls_client *tls;
    uint32_t call_count;
};

/* Begins the question. */
static inline struct cql_writer *store_begin(
    struct cassandra *store, struct cql_ask *ask, enum store_statement statement)
{
    return cql_ask_begin(store->client, ask, statement);
}
