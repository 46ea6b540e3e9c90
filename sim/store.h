#pragma once

/* store - the ports rooms and history, modelled in memory.
 *
 * Every change applies upwards only, as the contract of ports/history.h says. All rows are the
 * world's memory; answers are copies in the op's arena. tests/sim runs the contract suites of
 * tests/contracts against it. */

#include "job.h"
#include "ports/history.h"
#include "ports/rooms.h"

#define STORE_SHARDS_MAX 16

struct stored_message {
    uint64_t seq, n, ts, reply_to, edited_seq, changed_seq;
    struct cht_id from;
    struct cht_str cid, text;
    struct cht_ids mentions;
    bool deleted;
};

struct stored_entry {
    uint64_t seq, target;
    enum cht_entry_kind kind;
    struct cht_id by;
    struct cht_str cid;
    struct cht_str body; /* the whole entry, encoded, without its text and key */
    struct cht_str text, key;
    bool text_of_message; /* it is in the message's row */
};

struct stored_reaction {
    uint64_t target, changed_seq;
    struct cht_str key;
    struct cht_id user;
    bool on;
};

struct stored_room {
    struct cht_id id;
    struct room_meta meta;
    struct room_head head;
    uint64_t meta_seq, gone_seq;
    uint64_t changed;             /* by the clock `writes` */
    struct stored_entry *entries; /* by seq */
    uint32_t entry_count, entry_capacity;
    struct stored_message *messages; /* by seq */
    uint32_t message_count, message_capacity;
    struct room_member *members; /* by user */
    uint32_t member_count, member_capacity;
    struct stored_reaction *reactions; /* in the order first put */
    uint32_t reaction_count, reaction_capacity;
};

struct stored_mine {
    struct cht_id user, room;
    enum cht_role role;
    uint64_t joined_seq, read_n, mention_n, changed_seq;
    bool hidden;
};

/* When somebody's memberships or cursors last changed. */
struct stored_user {
    struct cht_id user;
    uint64_t changed;
};

struct stored_name {
    struct cht_str name; /* folded */
    struct cht_id room;
    uint64_t claimed_at; /* 0: complete */
};

struct store {
    struct stored_room **rooms; /* by id */
    uint32_t room_count, room_capacity;
    struct stored_mine *mine; /* by user and room */
    uint32_t mine_count, mine_capacity;
    struct stored_user *users; /* by user */
    uint32_t user_count, user_capacity;
    struct stored_name *names; /* by name */
    uint32_t name_count, name_capacity;
    struct history_progress progress[STORE_SHARDS_MAX];
    uint64_t writes;
};

struct store_port {
    struct rooms rooms; /* first */
    struct history history;
    struct store *store;
    struct desk *desk;
};

void store_deinit(struct store *store);
void store_join(struct store_port *port, struct store *store, struct desk *desk);

/* NULL: not known. */
const struct stored_room *store_find(const struct store *store, const struct cht_id *room);
