#pragma once

/* query - one question of a client: wait until the store is fresh, check the right, read, encode,
 * answer.
 *
 * Every family has a list of steps that is put together from the shared ones here and its own
 * reads. The last step encodes with `encode` into the service's one block and sends the reply; an
 * error is sent as an error. */

#include "cursor.h"
#include "fresh.h"
#include "hot_pages.h"
#include "lists.h"
#include "tails.h"

#define QUERY_LIMIT_DEFAULT 50
#define QUERY_LIMIT_MAX 100
#define APART_MAX 2000u      /* of a roster, as many as the event takes */
#define QUERY_USERS_MAX 1000 /* as many as one question to the users' store may name */

/* Of texts; with all around them a page stays under 256 KiB. */
#define QUERY_PAGE_BYTES (96u << 10)
#define QUERY_BODY_BYTES (1u << 20)

struct query;

/* Of one room of a sync: entries of the tail from `first` up to but not with `end`. */
struct query_events {
    struct tail *tail; /* a reference */
    uint32_t first, end;
};

typedef void (*query_encode)(struct query *query, struct cht_json *json);

struct query {
    struct flow flow; /* first */
    struct message_service *service;
    struct buf *mail;
    struct query *next_held; /* behind the same list of rooms */
    struct cht_command command;
    struct arena arena;
    query_encode encode;
    const char *bad_field; /* with an error */
    uint32_t limit;
    struct cht_str position; /* of the cursor; empty: from the beginning */
    char cursor_bytes[CURSOR_TEXT_MAX];
    char next_text[CURSOR_TEXT_MAX];
    struct cht_str next; /* of the answer; empty at the end */
    struct fresh_op fresh;
    struct fresh_op pause;
    uint64_t reach_until_ms; /* for at_least */
    bool waits;              /* for it, in a place of those that do */
    struct hot_stamp stamp;  /* before anything was read */
    struct buf *body;        /* the answer, if it was finished before; else `encode` makes it */
    struct rooms_one_of_user_op one;
    enum err member;           /* what the store said when it was asked as the asker */
    struct rooms_door_op door; /* asked if it said NOT_FOUND */
    struct users_get_op users;
    struct cht_id *user_ids;
    uint32_t user_count;
    struct cht_str *names;       /* of them, all from memory; NULL: `users` has them */
    uint64_t names_stamp;        /* before they were read */
    bool is_visitor;             /* of a public channel */
    struct users_apart_op apart; /* of the asker, for a direct room */
    union {
        struct history_messages_op messages;
        struct history_entries_op entries;
        struct history_search_op search;
        struct rooms_members_op members;
        struct rooms_public_op public;
    } read;
    struct shared_op ask;
    struct room_list *list;             /* a reference */
    const struct room_of_user **chosen; /* of the list, in order */
    uint32_t chosen_count;
    struct query_events *events; /* per chosen room of a sync that wants them */
    uint32_t event_rooms;        /* that have them */
    uint64_t bytes;
    struct cht_id *gone;
    uint32_t gone_count;
};

/* Takes a question out of the work box. `command` points into `mail`. */
void query_on_mail(struct message_service *service, struct buf *mail);

/* Steps and helpers that families share. */
void query_wait_room(struct flow *flow);
void query_wait_all(struct flow *flow);
void query_ask_member(struct flow *flow);
void query_ask_room(struct flow *flow);
void query_check_right(struct flow *flow);

/* For families that read as a member: asks for the door of the room if that said NOT_FOUND, so that
 * query_check_right knows how to refuse. */
void query_take_member(struct query *query, enum err said);
void query_ask_users(struct flow *flow);
void query_finish(struct flow *flow);
#define QUERY_RIGHTS                                                                               \
    {"wait_fresh", query_wait_room}, {"ask_member", query_ask_member},                             \
        {"ask_room", query_ask_room},                                                              \
    {                                                                                              \
        "check_right", query_check_right                                                           \
    }
#define QUERY_END                                                                                  \
    {"ask_users", query_ask_users},                                                                \
    {                                                                                              \
        "finish", query_finish                                                                     \
    }

/* Beside the list; who comes behind QUERY_USERS_MAX others is left out. */
void query_add_user(struct query *query, const struct cht_id *user);
void query_add_users(struct query *query, const struct cht_id *users, uint32_t count);
void query_set_next(struct query *query, const void *position, uint32_t size);
uint64_t query_first_seq(const struct query *query);

/* After a read of one room: false, and the step before runs again later, if `head` is behind
 * at_least; after two seconds, or where too many wait, also `unavailable`. What the asker may have
 * seen was in the log when the question came and is there by now: this is for who waits for what
 * has not happened yet. */
MUST_USE bool query_reached(struct query *query, uint64_t head);

/* Before a read of one room: the same of the membership, which is read again. A membership that is
 * older than what is read would show what was said while the asker was out. */
MUST_USE bool query_member_reached(struct query *query);

void query_put_users(struct query *query, struct cht_json *json);
void query_put_next(struct query *query, struct cht_json *json);
void query_put_room(
    struct query *query, struct cht_json *json, const struct room_of_user *room, bool details);
void query_put_u64(struct cht_json *json, const char *key, uint64_t number);

/* Families: each sets `encode` and starts its steps. */
void query_start_get(struct query *query);
void query_start_list(struct query *query);
void query_start_public(struct query *query);
void query_start_members(struct query *query);
void query_start_history(struct query *query);
void query_start_events(struct query *query);
void query_start_sync(struct query *query);
void query_start_search(struct query *query);
void roster_on_mail(struct message_service *service, struct cht_str bytes);
void circles_on_mail(struct message_service *service, struct cht_str bytes);

/* True: a list of the asker's rooms is being read for the asker's node, and the query goes on
 * behind it. So a client never reads a room as it was before its node began to follow the room. */
bool roster_holds(struct query *query);

/* Starts queries that were held; NULL: none. */
void query_go_on(struct query *query);

#define QUERY_START(query, steps)                                                                  \
    flow_start(&(query)->flow, (query)->service->deps.world->loop, steps, FLOW_STEPS(steps))
