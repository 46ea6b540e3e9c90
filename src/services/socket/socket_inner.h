#pragma once

/* socket_inner - the tables of the socket service. Each is owned by one file, named beside it;
 * others read them and call that file.
 *
 * Memory per client, beside the edge's 128 bytes: connection 88, cold part 48, expiry 4, user 72
 * and 32-64 of its map, room share 4. */

#include "base/map.h"
#include "pending.h"
#include "rate.h"
#include "slot_list.h"
#include "socket/socket.h"
#include "world/loop.h"
#include "world/random.h"

/* ---- connections, by edge slot (connections.c) */
enum connection_flags {
    CONNECTION_SLOW = 1,    /* the edge refused a push; gaps are remembered */
    CONNECTION_PAUSED = 2,  /* too many commands in flight */
    CONNECTION_WARNED = 4,  /* auth.expiring was sent */
    CONNECTION_CLOSING = 8, /* we asked the edge to close it */
    CONNECTION_HELD = 16,   /* the list of rooms is on its way: nothing is read yet */
};

/* Whom a connection watches; made once, with the size of its list (watches.c). */
struct watch {
    uint32_t watched; /* slot */
    uint32_t place;   /* of the connection among its watchers */
};

struct watch_list {
    uint32_t count;
    struct watch at[];
};

struct gap {
    struct cht_id room;
    uint64_t from, to; /* to == 0: still open */
};

/* Only of a slow connection (gaps.c). */
struct gap_list {
    uint32_t count, capacity;
    struct gap gaps[];
};

struct connection {
    uint32_t generation; /* the edge's; 0: no connection of ours */
    uint32_t user;
    uint32_t next_of_user;
    uint32_t first_pending;
    struct sessions_rates
        *rates; /* of the user, shared with all others of theirs; NULL: no limit */
    uint32_t typing_room, typing_at;
    struct rate_window refused, bad_frames;
    uint16_t in_flight;
    uint8_t presence; /* enum cht_presence_state */
    uint8_t flags;
    struct slot_list places; /* places[i]: where it is in the audience of rooms[i] of its user */
    struct gap_list *gaps;
    struct watch_list *watches; /* NULL: nobody is watched */
};

struct connection_cold {
    struct cht_id device, session;
    uint64_t token_version;
    uint64_t issued_at;
};

/* ---- users with a local connection (users.c) */
enum roster_state { ROSTER_ASKING, ROSTER_COMPLETE };

struct user_slot {
    struct cht_id id;
    struct slot_list rooms;   /* where the user is a member and attached */
    struct apart_list *apart; /* who is on the other end of a block (apart.c); NULL: nobody */
    uint32_t first_connection;
    uint32_t generation;
    uint32_t first_wait;
    uint32_t asked_at; /* the roster */
    uint32_t asks; /* place in the list of users whose roster is asked for, or SLOT_NONE; links free
                      slots */
    uint16_t connection_count;
    uint8_t roster;    /* enum roster_state */
    uint8_t announced; /* enum cht_presence_state, as the other nodes know it */
    bool stale;        /* the roster was behind a room of this node: ask again */
    bool late;         /* not the first answer: the client may have read its rooms before it */
    bool changed;      /* its presence: it is in the list of those */
    bool used;
};

/* ---- rooms with local members (rooms.c) */
struct room {
    struct cht_id id;
    uint64_t last_seq;
    uint64_t head_seen; /* the highest seq that anybody told of */
    uint64_t term;
    uint64_t removal_floor; /* a membership that was read before this seq may be over (rosters.c) */
    uint64_t last_removal;
    uint64_t mark;             /* the one of the service: it is marked */
    struct edge_block *block;  /* of this turn, pushed to the whole audience */
    struct slot_list audience; /* connections */
    uint32_t shard;
    uint32_t due; /* place in the list of rooms that wait for their owner, or SLOT_NONE; links free
                     slots */
    uint32_t asked_at; /* subscribe or resend */
    uint32_t idle_since;
    uint32_t first_wait, last_wait; /* by seq */
    uint8_t kind;                   /* enum cht_room_kind; none: not known yet */
    bool used, subscribed, asked, open;
};

/* ---- users who attach when a room has come as far as their membership was read (waits.c) */
struct wait {
    uint32_t user, room;
    uint64_t seq;
    uint32_t next_of_user;  /* links free ones */
    uint32_t before, after; /* in the room */
};

struct removal {
    struct cht_id room, user;
    uint64_t seq;
};

#define REMOVALS_KEPT 1024

/* ---- shards (subscriptions.c) */
struct shard_state {
    uint64_t node; /* of its owner; 0: unknown */
    uint64_t term;
    int64_t clock_offset; /* owner's clock minus ours */
    uint32_t in_flight;   /* commands of this node that may make an entry (connections.c) */
};

/* ---- the output of a turn that waits for more (fanout.c) */
enum merge_state { MERGE_NONE, MERGE_WAITS, MERGE_OVER };

struct merge {
    struct timer timer;
    enum merge_state state;
    uint32_t shard; /* whose answers it waits for */
};

/* ---- presence (presence.c, watches.c, circles.c) */
enum doubt {
    DOUBT_OPEN,  /* it has to be found out whether the watcher may see the watched */
    DOUBT_ASKED, /* the question on its way will say */
    DOUBT_NONE,
};

struct watcher {
    uint32_t connection;
    uint32_t place; /* of the watched in the connection's list */
    uint8_t doubt;  /* enum doubt */
    uint8_t shown;  /* enum cht_presence_state, as it was told last; none: nothing was */
    bool allowed;   /* a room of the circles of both is the same */
    bool apart;     /* by a block */
    bool found;     /* so far, while the answer comes in parts */
};

struct watched {
    struct cht_id id;
    uint64_t last_seen;
    struct watcher *watchers;
    uint32_t count, capacity;
    uint32_t question; /* the number of the one on its way; 0: none */
    uint32_t asked_at;
    uint32_t next_free;
    uint8_t state; /* enum cht_presence_state; none: not known yet */
    bool used;
    bool unsettled;    /* it is in the list of those with a watcher in doubt */
    bool owes;         /* a watcher did not read when it was to be told */
    bool doubted;      /* it is in the list of those whose answer may be older than what was told */
    uint8_t told;      /* by the node that said less than online, until sessions are asked; none */
    uint32_t known_by; /* the number of the newest question or telling that `state` is of */
    uint32_t doubted_at; /* since when */
};

/* A user whose last connection closed; told when nobody has come back in time. All wait equally
 * long: those who went first are first. */
struct departure {
    struct cht_id user;
    uint32_t at;
};

struct list {
    uint32_t *at;
    uint32_t count, capacity;
};

struct socket_service {
    struct upstream_server upstream;
    struct edge_ws_handler ws;
    struct mail_handler live, pages;
    struct cast_handler casts;
    struct sessions_listener revocations;
    struct timer tick;
    struct socket_deps deps;
    struct socket_settings settings;
    struct socket_counters counters;

    struct connection *connections;
    struct connection_cold *cold;
    uint32_t *expires_s;      /* by connection: seconds since 1970; 0: none */
    uint32_t connections_end; /* one above the highest slot ever used */
    uint32_t slow_count;

    struct user_slot *users;
    struct map users_by_id;
    uint32_t users_used, users_free;
    struct list asking; /* users whose roster is asked for */
    uint32_t roster_rotation_at, roster_rotated_at;
    uint64_t roster_rotation_part;

    struct room *rooms;
    struct map rooms_by_id;
    uint32_t rooms_used, rooms_free;
    struct list due;  /* rooms that wait for their owner */
    struct list open; /* rooms with a block of this turn */
    struct merge merge;
    uint32_t rotation_at;
    uint64_t rotation_part;
    struct wait *waits;
    uint32_t waits_used, waits_capacity, waits_free;
    struct removal *removals;
    uint32_t removal_next;

    struct shard_state *shards;
    uint32_t shards_unknown;
    uint32_t hello_at;
    bool unanswered;   /* an owner did not answer in time: perhaps it is none any more */
    uint32_t stray_at; /* when a delivery of an unknown room was last answered */

    struct pendings pendings;
    struct rate_limit messages_rate, commands_rate;

    struct watched *watched;
    struct map watched_by_id;
    uint32_t watched_used, watched_free;
    struct list watched_unsettled, watched_owing, watched_doubted;
    uint32_t presence_number;     /* of the newest question to sessions, or telling of a node */
    uint32_t question;            /* the number of the newest (circles.c) */
    uint64_t mark;                /* of the rooms that are marked now (rooms.h) */
    struct list presence_changed; /* users with another presence than was announced */
    struct departure *departures; /* a ring */
    uint32_t departure_first, departure_count, departure_capacity; /* a power of two */
    struct map departing; /* how often each of them stands there; connections_max at most */
    uint32_t presence_at;

    uint64_t started_at; /* ms since 1970 */
    uint64_t hash_secret[2];
    uint8_t *scratch; /* lists of decoded events */
    size_t scratch_size;
    char *out; /* one outgoing frame */
    size_t out_size;
    char *in; /* one incoming body */

    uint32_t now_ms; /* of this call: the loop's clock, 32 bits */
    uint32_t swept_at;
    bool draining;
    uint32_t drain_since, drain_spread, drain_next;
};

/* The loop's clock, cut to 32 bits: only differences count. */
static inline uint32_t socket_now(const struct socket_service *service)
{
    return (uint32_t)loop_now_ms(service->deps.world->loop);
}

static inline uint64_t socket_wall(const struct socket_service *service)
{
    return loop_wall_ms(service->deps.world->loop);
}

/* When the token of a connection ends, in ms since 1970: a token names a second. */
static inline uint64_t socket_expires_at(const struct socket_service *service, uint32_t slot)
{
    return (uint64_t)service->expires_s[slot] * 1000;
}

/* Scratch for one decoded event; valid until the next use. */
static inline struct cht_scratch socket_scratch(const struct socket_service *service)
{
    return (struct cht_scratch){service->scratch, service->scratch_size, 0};
}

/* ---- list: numbers in an array that grows (list.c) */
void list_add(struct list *list, uint32_t number);
void list_deinit(struct list *list);
