#pragma once

/* house - a socket service with everything around it made up: an edge that keeps what each client
 * was sent, ports that keep what was said to them, and a clock that moves when the test says so. */

#include "test.h"

#include "base/task.h"
#include "base/timers.h"
#include "ports/upstream.h"
#include "socket/socket.h"
#include "world/random.h"

#define HOUSE_CONNECTIONS 16
#define HOUSE_SHARDS 4
#define HOUSE_NODE 1
#define HOUSE_OWNER 2

struct house {
    struct loop loop;
    struct timers timers;
    struct task_queue deferred;
    uint64_t now_ms;
    struct random random;
    uint64_t random_next;
    struct logger *logger;
    struct world world;
    struct shards shards;
    struct mail mail;
    struct cast cast;
    struct sessions sessions;
    struct secrets secrets;
    struct mail_handler *live, *pages;
    struct cast_handler *casts;
    struct sessions_listener *revocations;
    struct socket_service *service;
    struct socket_settings settings;

    struct buf *posted[256]; /* commands to shards */
    uint32_t posted_count;
    bool shards_full;
    struct buf *mailed[512];
    uint64_t mailed_to[512];
    enum mail_box mailed_box; /* of the newest */
    uint32_t mailed_count;
    struct buf *casted[64];
    uint32_t casted_count;
    uint64_t circles_ref;  /* of the newest question that was answered */
    struct identity token; /* what verify_token answers */
    enum cht_presence_state online_state;
    bool onlines_wait; /* for house_let_see */
    struct sessions_online_op *looking;
    uint32_t sessions_added, sessions_removed;
    struct sessions_enter_op entered; /* the newest */
    enum err enter_err;               /* what is answered to one that enters ... */
    struct sessions_rates rates[256]; /* by user ... */
    bool uncounted;                   /* ... which are not given */
    struct session replaced;          /* ... and where the one is that it replaces */
    bool enters_wait;                 /* for house_let_in */
    struct op *entering;
    enum token_standing standing; /* of tokens with a version */
    uint32_t limited_burst;       /* the bucket of that burst is empty */
    uint8_t scratch[600000];
};

/* For group or test setup and teardown. */
int house_setup(void **state);

/* No owner of a shard has been heard of. */
int house_setup_unowned(void **state);
int house_teardown(void **state);

struct cht_id house_id(uint8_t number);

/* Opens a WebSocket of the user on that slot, with a device of its own. */
void house_connect(struct house *house, uint32_t slot, uint8_t user);
void house_connect_with(struct house *house, uint32_t slot, uint8_t user, const char *query);

/* Sessions answer the one that enters and had to wait. */
void house_let_in(struct house *house);

/* Sessions answer the newest question about who is online, which had to wait, with what was so when
 * it was asked. */
void house_let_see(struct house *house);

/* Clients are gone before their upgrade is answered. */
void house_upgrade_lost(struct house *house);

/* The client sends a text. */
void house_say(struct house *house, uint32_t slot, const char *text);

/* The client goes, after this turn or in it; what it was sent in a turn leaves in either case. */
void house_leave(struct house *house, uint32_t slot);
void house_leave_at_once(struct house *house, uint32_t slot);

/* Ends the turn: everything collected is delivered. */
void house_turn(struct house *house);

/* Time passes, timers fire, turns end. */
void house_pass(struct house *house, uint32_t ms);

/* What the client on that slot received since the last call, one JSON text a line; ends the turn.
 * Valid until the next call. */
const char *house_heard(struct house *house, uint32_t slot);

/* 0: still open. */
uint16_t house_close_code(struct house *house, uint32_t slot);
bool house_paused(struct house *house, uint32_t slot);

/* The edge refuses pushes to it, until drained. */
void house_slow(struct house *house, uint32_t slot);
void house_drained(struct house *house, uint32_t slot);

/* ---- the bus */
void house_mail(struct house *house, const struct cht_event_row *row, const void *event);
void house_cast(struct house *house, const struct cht_event_row *row, const void *event);

/* All shards are owned by HOUSE_OWNER under that term. */
void house_claim(struct house *house, uint64_t term);

/* The newest event of that row that was mailed; false if there is none. Clears what was mailed. */
bool house_mailed(struct house *house, const struct cht_event_row *row, void *ret_event);
bool house_casted(struct house *house, const struct cht_event_row *row, void *ret_event);

/* The newest command that was posted to a shard; clears. */
bool house_posted(struct house *house, struct cht_command *ret_command);

/* The user's rooms, as the message service answers the last roster_query. */
void house_roster(struct house *house, uint8_t user, struct cht_room_place *places, uint32_t count);

/* The same, with the others of whom `others` says that a block is between them and the user: three
 * at most, 0 ends them. Since `since`. */
void house_roster_apart(struct house *house, uint8_t user, struct cht_room_place *place,
    const uint8_t others[3], uint64_t since);

/* The same, of one room, and there are more. */
void house_roster_page(struct house *house, uint8_t user, struct cht_room_place *place);

/* A part of the answer to the last circles_query. */
void house_circles(struct house *house, struct cht_circle *circles, uint32_t count);

/* An entry of a room under term 1: {"seq":<seq>} is its frame. */
struct cht_delivery house_entry(uint8_t room, uint64_t seq);
void house_deliver(struct house *house, const struct cht_delivery *delivery);

/* A member entry. */
void house_deliver_member(
    struct house *house, uint8_t room, uint64_t seq, uint8_t user, uint64_t state);

/* ---- HTTP */
struct house_call {
    const char *method, *path, *query, *body, *content_type, *cid;
};
void house_http(struct house *house, uint32_t slot, uint8_t user, const struct house_call *call);
int house_status(void);
const char *house_body(void);
const char *house_header(void);
