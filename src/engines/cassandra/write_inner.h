#pragma once

/* write_inner - the writing of a batch of changes: its parts, a file each.
 *
 * Order matters where somebody reads meanwhile, and where the writing is cut short:
 *
 *   1 rooms   what they are, and that they are over, one change after the other: a public name is
 *             given before the row of its room says so, and the next change goes by that row
 *   2 members who is in them: who was taken out is out before anything later can be read
 *   3 log     entries, messages, reactions
 *   4 forget  the texts and keys that belonged to what was deleted
 *   5 ends    heads and cursors, when all that they speak of is there
 *   6 progress
 *
 * Everything may be written again, so what was cut short is written anew as a whole. */

#include "base/map.h"
#include "cassandra/call.h"
#include "cassandra/names_cassandra.h"
#include "cassandra/room_rows.h"
#include "ports/history.h"

/* Later than every seq: what was deleted stays so, whatever is written behind it. */
#define WRITE_FORGOTTEN_AT (INT64_C(1) << 60)

enum write_stage { WRITE_LOG, WRITE_ENDS };

/* A statement to be written, of one partition. */
struct write_row {
    uint32_t change;
    enum store_statement statement;
    uint32_t next; /* of its partition; UINT32_MAX: it is the last */
};

struct write_partition {
    uint32_t first, last;
};

struct write_member {
    struct cht_id room;
    struct cht_id user;
    struct stored_member row;
    enum cht_room_kind kind;
    bool is_changed; /* else it is only looked at */
};

/* One about a member, or about what its room is. */
struct write_question {
    uint32_t member;
    bool of_room;
};

/* Stamps that are open. */
struct write_places {
    uint32_t *at;
    uint32_t count;
};

struct write {
    struct call call; /* first */
    const struct history_write_op *op;
    struct arena arena;
    struct cql_ask ask;
    struct many many;
    struct history_cassandra *history;
    struct write_places places;
    uint32_t at; /* of the changes, in steps that go through them */

    struct write_member *members;
    uint32_t member_count, member_at;
    struct map member_places;
    struct write_question *questions;
    uint32_t question_count;
    bool *counts; /* by change: the mention is of a member */

    struct name_settle_op name;

    struct write_row *rows;
    struct write_partition *partitions;
    uint32_t row_count, partition_count, partition_at, row_at;
    struct map partition_places;

    struct cht_id after; /* of a room that is over: members up to this one were ended */
    struct write_member *ended;
    uint32_t ended_count;
    bool has_page;

    uint64_t *traces; /* entries with something of what was deleted */
    uint32_t trace_count;
    uint32_t phase;
};

struct history_cassandra {
    struct history history; /* first */
    struct cassandra *store;
    struct write_places *kept; /* by shard: of a batch that failed, until its repeat */
    uint32_t shards;
};

/* history_write.c */
void history_write_batch(struct history_cassandra *history, struct history_write_op *op);

/* write_members.c */
void write_find_members(struct write *write);
void write_read_members(struct flow *flow);
void write_apply_members(struct flow *flow);
void write_end_rooms(struct flow *flow);

/* write_rows.c */
void write_rows(struct write *write, enum write_stage stage);
/* The row of the room that this change, a CHANGE_ROOM or CHANGE_ROOM_GONE, is of. */
void write_room(struct write *write, const struct history_change *change);

/* write_forget.c */
void write_forget(struct flow *flow);
