#pragma once

/* rooms - what the store knows of rooms and memberships: read by the owner of a room when it loads
 * it, and by queries.
 *
 * Everything here is a projection of the log, written through history.h alone, except cursors
 * (monotone, from readers) and claims of public names (compare-and-set, before the entry that uses
 * them). A value is as of the seq that it carries. Not found is ERR_NOT_FOUND. Results live in the
 * op's arena until it is asked again; arena_deinit it at the end. Reads are bounded by `limit`. */

#include "base/arena.h"
#include "chattifier/events.h"
#include "flow/op.h"
#include "ports/shards.h"

struct rooms;

/* A room as it is now. */
struct room_meta {
    struct cht_id room;
    enum cht_room_kind kind;
    enum cht_visibility visibility;
    enum cht_who posting;
    enum cht_who adding;
    enum cht_history_from history;
    struct cht_str name;
    struct cht_str topic;
    struct cht_id creator;
    struct cht_id pair[2]; /* of a direct room: the two people */
    uint64_t created;      /* ms since 1970 */
    bool deleted;          /* deleted or archived: nobody is a member any more */
};

struct room_head {
    uint64_t seq; /* of the newest stored entry */
    uint64_t n;   /* messages so far */
    uint64_t ts;
    uint64_t loud_seq; /* newest entry that was not quiet */
    uint64_t members;
    struct position cause; /* of the command behind the newest entry */
    /* the newest message, for lists */
    uint64_t last_seq;
    struct cht_id last_from;
    uint64_t last_ts;
    struct cht_str last_text; /* at most 128 bytes, cut at a code point; empty if deleted */
    bool last_deleted;
};

struct room_member {
    struct cht_id user;
    enum cht_role role; /* none unless state is joined */
    enum cht_member_state state;
    uint64_t joined_seq;
    uint64_t muted_until;
    uint64_t changed_seq; /* the entry that made it so */
    uint64_t read_n;      /* of a page with joined_only */
};

/* One of the newest commands of a room, so that a repeat is recognised. */
struct room_cid {
    struct cht_id user;
    struct cht_str cid;
    uint64_t seq, n, ts, content;
};

#define ROOMS_CIDS_MIN 256
#define ROOMS_CIDS_MAX 8192

struct rooms_load_op {
    struct op op;
    struct arena arena;
    struct cht_id room;
    uint64_t since_ts; /* not 0: commands since then are wanted too */
    /* answer */
    struct room_meta meta;
    struct room_head head;
    struct room_cid *cids; /* newest first: of the newest ROOMS_CIDS_MIN entries, and of those since
                              `since_ts`, at most ROOMS_CIDS_MAX entries back */
    uint32_t cid_count;
    uint64_t cids_above;    /* every command above this seq is among them */
    uint64_t cids_above_ts; /* no entry at or below it is newer */
};

struct rooms_members_op {
    struct op op;
    struct arena arena;
    struct cht_id room;
    struct cht_id after; /* members are ordered by user id; none: from the beginning */
    uint32_t limit;
    bool joined_only; /* else also banned and former ones */
    struct room_member *members;
    uint32_t count;
    bool more;
};

struct rooms_member_op {
    struct op op;
    struct cht_id room, user;
    struct room_member member; /* answer; NOT_FOUND if there is no row */
};

/* A room in somebody's list. */
struct room_of_user {
    struct room_meta meta;
    struct room_head head;
    enum cht_role role;
    uint64_t joined_seq;
    uint64_t read_n;
    uint64_t last_mention_n;
    bool hidden; /* a direct room that the user left, until the next message */
};

struct rooms_of_user_op {
    struct op op;
    struct arena arena;
    struct cht_id user;
    struct cht_id after; /* ordered by room id */
    uint32_t limit;
    bool brief; /* only room, kind, head.seq, head.n and joined_seq are wanted (a node that connects
                   a user) */
    struct room_of_user *rooms;
    uint32_t count;
    bool more;
};

/* The direct and group rooms of some users but for those that they hide, user after user, ordered
 * by room id. Goes on where the answer before stopped: it is asked again until nothing is left. */
struct rooms_circles_op {
    struct op op;
    struct arena arena;
    const struct cht_id *users; /* the asker's until answered */
    uint32_t user_count;
    uint32_t limit; /* rooms of an answer */
    /* question and answer: the first user that is wanted yet, from behind this room on */
    uint32_t at;
    struct cht_id after;
    /* answer */
    struct cht_circle *circles; /* `more` of the last one: a part of its rooms is left */
    uint32_t count;
};

/* Which of these users have so many rooms that they may have no further one? Direct rooms that they
 * hid are not counted. */
#define ROOMS_CROWDED_MAX 101
struct rooms_crowded_op {
    struct op op;
    const struct cht_id *users; /* the asker's until answered */
    uint32_t user_count;        /* at most ROOMS_CROWDED_MAX */
    uint32_t most;              /* rooms of a user */
    bool crowded[ROOMS_CROWDED_MAX];
};

/* One room of one user, for room.get and cursors; NOT_FOUND if the user is not a member. */
struct rooms_one_of_user_op {
    struct op op;
    struct arena arena;
    struct cht_id user, room;
    struct room_of_user one;
};

/* What somebody may see of a room who is no member: NOT_FOUND unless it is a public channel. A
 * private room and one that is not there are looked for alike: how long it takes does not tell
 * which of them it is. */
struct rooms_door_op {
    struct op op;
    struct arena arena;
    struct cht_id room;
    struct room_meta meta;
    struct room_head head;
};

struct rooms_public_op {
    struct op op;
    struct arena arena;
    struct cht_str prefix; /* case-folded compare */
    struct cht_str after;  /* folded name to go on after */
    uint32_t limit;
    struct room_of_user *rooms; /* meta and head only */
    uint32_t count;
    bool more;
};

/* A cursor only rises. Answers the cursor that holds afterwards, and whether this moved it.
 * NOT_FOUND, and the question as it was, if the user is not a member (yet). */
struct rooms_cursor_op {
    struct op op;
    struct cht_id room, user;
    uint64_t read_n;
    bool rose; /* answer */
};

/* Public names are unique, case-folded: OK (also if this room has it already) or TAKEN, with the
 * room that has it. A claim that no entry completes within 10 minutes is void. */
struct rooms_name_op {
    struct op op;
    struct cht_str name;
    struct cht_id room;
    struct cht_id holder; /* answer, if TAKEN */
};

struct rooms_ops {
    void (*load)(struct rooms *rooms, struct rooms_load_op *op);
    void (*members)(struct rooms *rooms, struct rooms_members_op *op);
    void (*member)(struct rooms *rooms, struct rooms_member_op *op);
    void (*of_user)(struct rooms *rooms, struct rooms_of_user_op *op);
    void (*one_of_user)(struct rooms *rooms, struct rooms_one_of_user_op *op);
    void (*door)(struct rooms *rooms, struct rooms_door_op *op);
    void (*circles)(struct rooms *rooms, struct rooms_circles_op *op);
    void (*crowded)(struct rooms *rooms, struct rooms_crowded_op *op);
    void (*find_public)(struct rooms *rooms, struct rooms_public_op *op);
    void (*set_cursor)(struct rooms *rooms, struct rooms_cursor_op *op);
    void (*claim_name)(struct rooms *rooms, struct rooms_name_op *op);
    uint64_t (*stamp)(struct rooms *rooms, const struct cht_id *user);
};

struct rooms {
    const struct rooms_ops *ops;
};

/* The wrappers: fill the question's members first, then ask. */
#define ROOMS_ASK(name, op_type)                                                                   \
    static inline void rooms_##name(struct rooms *rooms, struct asker *asker, struct op_type *op)  \
    {                                                                                              \
        op_ask(&op->op, asker);                                                                    \
        rooms->ops->name(rooms, op);                                                               \
    }

ROOMS_ASK(load, rooms_load_op)
ROOMS_ASK(members, rooms_members_op)
ROOMS_ASK(member, rooms_member_op)
ROOMS_ASK(of_user, rooms_of_user_op)
ROOMS_ASK(one_of_user, rooms_one_of_user_op)
ROOMS_ASK(door, rooms_door_op)
ROOMS_ASK(circles, rooms_circles_op)
ROOMS_ASK(crowded, rooms_crowded_op)
ROOMS_ASK(find_public, rooms_public_op)
ROOMS_ASK(set_cursor, rooms_cursor_op)
ROOMS_ASK(claim_name, rooms_name_op)
#undef ROOMS_ASK

/* When it last changed which rooms the user is in, or how far the user has read: like
 * history_stamp, by the clock history_now. Whatever else of a list of rooms may change is a change
 * of its rooms. */
static inline uint64_t rooms_stamp(struct rooms *rooms, const struct cht_id *user)
{
    return rooms->ops->stamp(rooms, user);
}
