#pragma once

/* room_rows - rows of rooms, of their members, and of what somebody is in. */

#include "cassandra/many.h"
#include "ports/rooms.h"

#define ROOM_BUCKET_SEQS 8192u

static inline uint64_t room_bucket(uint64_t seq)
{
    return seq / ROOM_BUCKET_SEQS;
}

struct stored_room {
    struct room_meta meta; /* `deleted` also if it is gone */
    struct room_head head;
    uint64_t meta_seq, gone_seq;
    uint64_t sent_seq; /* newest of something sent: shows the room again to who has hidden it */
    struct cht_str public_name; /* folded; that it holds */
    bool is_there;
};

struct stored_member {
    struct room_member member;
    uint64_t joined_n;   /* messages before the member came */
    uint64_t hidden_seq; /* 0: not hidden since the last change */
    bool is_there;
};

struct stored_mine {
    struct cht_id room;
    enum cht_room_kind kind;
    enum cht_role role;
    uint64_t joined_seq, joined_n, changed_seq, hidden_seq;
    bool is_there;
};

struct stored_cursor {
    struct cht_id room;
    uint64_t read_n, mention_n;
};

/* The row where the ask is. */
enum err room_take(const struct cql_ask *ask, struct arena *arena, struct stored_room *ret_room);
enum err member_take(const struct cql_ask *ask, struct stored_member *ret_member);
enum err mine_take(const struct cql_ask *ask, struct stored_mine *ret_mine);
enum err cursor_take(const struct cql_ask *ask, struct stored_cursor *ret_cursor);

/* Begins to read one. */
void room_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room);
void member_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    const struct cht_id *user);
void mine_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *user,
    const struct cht_id *room);
void cursor_row_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *user,
    const struct cht_id *room);

/* The first row of an answer that was OK; where there is none, is_there is false. */
enum err room_first(struct cql_ask *ask, struct arena *arena, struct stored_room *ret_room);
enum err member_first(struct cql_ask *ask, struct stored_member *ret_member);
enum err mine_first(struct cql_ask *ask, struct stored_mine *ret_mine);
enum err cursor_first(struct cql_ask *ask, struct stored_cursor *ret_cursor);

/* Is in a list of the user's: a member, or of a direct room that is hidden. */
bool member_is_mine(const struct stored_member *member);

/* Of three rows one; `cursor` NULL: not wanted. */
void room_of_user_fill(const struct stored_mine *mine, const struct stored_room *room,
    const struct stored_cursor *cursor, struct room_of_user *ret_room);

/* Begins to write a member's two rows, which say the same. */
void member_put(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    const struct stored_member *member);
void mine_put(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    enum cht_room_kind kind, const struct stored_member *member);

/* ---- many rooms at a time */
struct rooms_read {
    struct many many; /* first */
    const struct cht_id *ids;
    struct stored_room *rooms; /* by the places of `ids` */
    uint32_t count;
    struct arena *arena;
};

/* `ids` have to stay; what is read goes to the arena. */
void rooms_read(struct rooms_read *read, struct cassandra *store, struct asker *asker,
    const struct cht_id *ids, uint32_t count);
