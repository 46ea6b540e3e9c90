#pragma once

/* history - the store of what happened: written from the log by the message service, read by
 * queries.
 *
 * The message service turns each record into changes (services/message/project.c); an engine only
 * knows how to write each kind of change and how to read. history_write applies the changes of
 * whole records and then, atomically or at least not before them, the progress; writing the same
 * records again changes nothing: every row keeps the seq that last changed it and changes apply
 * only upwards. Reads see everything whose write was answered OK before they were asked. Results
 * live in the op's arena. */

#include "base/arena.h"
#include "chattifier/events.h"
#include "flow/op.h"
#include "ports/rooms.h"
#include "ports/shards.h"

struct history;

/* Kinds of change, each with the members of struct history_change that it uses. */
enum history_change_kind {
    /* seq, entry: the log row. That of a message comes with its MESSAGE, which may keep it too. */
    CHANGE_ENTRY,
    /* seq, entry: a new message. The log keeps its text as it was. */
    CHANGE_MESSAGE,
    /* seq, target, text: the current text. Keeps the original in its ENTRY row. */
    CHANGE_EDIT,
    /* seq, target: no text of the message nor of its edits, and no key of a reaction to it, is kept
     * anywhere in the store. */
    CHANGE_DELETE,
    /* seq, target, user, key, on. */
    CHANGE_REACTION,
    /* seq, meta: all of it, as it is after the entry. */
    CHANGE_ROOM,
    /* seq: all memberships end, the public name is free. */
    CHANGE_ROOM_GONE,
    /* seq, member (with changed_seq), read_n: a member who joins starts with this cursor; who was
     * one before keeps cursor and joined_seq. `hidden` for a left direct room. */
    CHANGE_MEMBER,
    /* seq, user, read_n: the sender's cursor. `hidden`: this is a direct room that somebody may
     * have hidden, and it shows again. */
    CHANGE_SENT,
    /* seq, user, n. */
    CHANGE_MENTION,
    /* head: as it is after the record; the newest message's text comes with it. */
    CHANGE_HEAD,
};

struct history_change {
    enum history_change_kind kind;
    struct cht_id room;
    uint64_t seq;
    uint64_t n;
    uint64_t target;
    uint64_t read_n;
    struct cht_id user;
    struct cht_str text;
    struct cht_str key;
    bool on;
    bool hidden;
    const struct cht_entry *entry;
    const struct room_meta *meta;
    const struct room_member *member;
    const struct room_head *head;
};

struct history_progress {
    uint32_t shard;
    uint64_t term;
    uint64_t index; /* of the last record that is stored; 0 if none */
    struct position at;
};

struct history_write_op {
    struct op op;
    struct history_progress progress;     /* after these changes */
    const struct history_change *changes; /* the asker's until answered, with all they point at */
    uint32_t count;
};

struct history_progress_op {
    struct op op;
    uint32_t shard;
    struct history_progress progress; /* answer */
};

struct history_reaction {
    struct cht_str key;
    uint64_t count;
    bool me;
};

/* Pages may be asked `as_member`: NOT_FOUND unless `reader` is a member, and where the room hides
 * older history nothing before joined_seq, to which `from_seq` is raised. Both as of the page, so
 * nobody reads what was said after their membership ended. */

/* A message as it is now. */
struct history_message {
    uint64_t seq, n, ts;
    struct cht_id from;
    struct cht_str cid, text;
    uint64_t reply_to;
    struct cht_ids mentions;
    uint64_t edited_seq;
    bool deleted;
    struct history_reaction *reactions;
    uint32_t reaction_count;
};

enum history_bound { HISTORY_NEWEST, HISTORY_BEFORE, HISTORY_AFTER, HISTORY_AROUND };

struct history_messages_op {
    struct op op;
    struct arena arena;
    struct cht_id room;
    struct cht_id reader; /* for `me` of reactions */
    bool as_member;       /* only what `reader` may see (below) */
    enum history_bound bound;
    uint64_t seq;
    uint64_t from_seq; /* nothing before it */
    uint32_t limit;
    uint32_t bytes_max;               /* of texts; the page ends earlier */
    struct history_message *messages; /* ascending */
    uint32_t count;
    uint64_t head; /* seq of the newest entry; 0 if there is none */
    bool more;     /* in the direction asked; NEWEST and BEFORE: older ones exist */
};

struct history_entries_op {
    struct op op;
    struct arena arena;
    struct cht_id room;
    struct cht_id reader;
    bool as_member;
    enum history_bound bound; /* NEWEST, BEFORE or AFTER */
    uint64_t seq;
    uint64_t from_seq;
    uint32_t limit;
    uint32_t bytes_max;
    struct cht_entry *entries; /* ascending; without texts of deleted messages and keys on them */
    uint32_t count;
    uint64_t head;
    uint64_t oldest_seq; /* what retention keeps */
    bool more;
};

/* What a decision needs of one message: NOT_FOUND if seq is no message of the room. */
struct history_message_op {
    struct op op;
    struct arena arena;
    struct cht_id room;
    uint64_t seq;
    struct cht_id reader; /* with key: is this user's reaction there? */
    struct cht_str key;
    struct history_message message; /* without reactions */
    bool reacted;
    uint32_t other_keys; /* different reactions on it, if `key` is none of them; else 0 */
};

struct history_find_cid_op {
    struct op op;
    struct arena arena;
    struct cht_id room, user;
    struct cht_str cid;
    uint64_t above_seq;    /* search entries above it */
    uint32_t limit;        /* at most so many entries back; beyond: ERR_CONFLICT */
    struct room_cid found; /* NOT_FOUND if there is none */
};

/* Where a search is: hits at or behind it were looked for. Of the engine; zero is the beginning. */
struct history_search_at {
    uint64_t ts, place;
};

struct history_hit {
    struct history_search_at at;
    struct cht_id room;
    uint64_t seq, n, ts;
    struct cht_id from;
    struct cht_str text;
};

struct history_search_op {
    struct op op;
    struct arena arena;
    struct cht_id user; /* only rooms whose member this user is now, from joined_seq on where the
                           room says so */
    struct cht_id room; /* none: all */
    struct cht_str q;
    struct history_search_at after; /* go on behind it, as an answer or a hit said */
    uint32_t limit;
    struct history_hit *hits; /* newest first */
    uint32_t count;
    bool
        more; /* maybe: a search looks at so much and no more, and may have found less than limit */
    struct history_search_at at; /* with more: where it stopped */
};

struct history_ops {
    void (*write)(struct history *history, struct history_write_op *op);
    void (*progress)(struct history *history, struct history_progress_op *op);
    void (*messages)(struct history *history, struct history_messages_op *op);
    void (*entries)(struct history *history, struct history_entries_op *op);
    void (*message)(struct history *history, struct history_message_op *op);
    void (*find_cid)(struct history *history, struct history_find_cid_op *op);
    void (*search)(struct history *history, struct history_search_op *op);
    uint64_t (*now)(struct history *history);
    uint64_t (*stamp)(struct history *history, const struct cht_id *room);
};

struct history {
    const struct history_ops *ops;
};

#define HISTORY_ASK(name, op_type)                                                                 \
    static inline void history_##name(                                                             \
        struct history *history, struct asker *asker, struct op_type *op)                          \
    {                                                                                              \
        op_ask(&op->op, asker);                                                                    \
        history->ops->name(history, op);                                                           \
    }

HISTORY_ASK(write, history_write_op)
HISTORY_ASK(progress, history_progress_op)
HISTORY_ASK(messages, history_messages_op)
HISTORY_ASK(entries, history_entries_op)
HISTORY_ASK(message, history_message_op)
HISTORY_ASK(find_cid, history_find_cid_op)
HISTORY_ASK(search, history_search_op)
#undef HISTORY_ASK

/* A clock of what is written, answered at once like the stamps that are readings of it. */
static inline uint64_t history_now(struct history *history)
{
    return history->ops->now(history);
}

/* When the room last changed: a number that is another, larger one once anything written through
 * history_write has changed for it. So what was read of the room after the clock said T is what the
 * store has as long as the stamp is at most T. It may change for nothing. 0: not known now, as
 * while the room is being written. */
static inline uint64_t history_stamp(struct history *history, const struct cht_id *room)
{
    return history->ops->stamp(history, room);
}
