#pragma once

/* client - a person's program, that behaves as the client protocol asks.
 *
 * It connects to some node, syncs, fetches what it misses, applies entries in order and each once,
 * gives every change a cid and the `after` it had seen, repeats what was not answered or may be
 * repeated, with the same cid, and reconnects when its wire breaks. What it is told is held against
 * the truth the moment it arrives. */

#include "acts.h"
#include "people.h"
#include "wire.h"

#define CLIENT_QUERIES_MAX 24
#define CLIENT_ACTS_MAX 4096

struct cluster;

/* What it knows of a room. */
struct view {
    uint64_t applied;
    uint64_t wanted;   /* there is something up to here to fetch */
    uint64_t left_seq; /* the entry that took it out; 0: it is in, or never was */
    bool member, fetching, listed;
    uint64_t seen; /* the highest seq of which it was told, on any wire */
    uint64_t live; /* the highest seq that came on this wire as it happened, or was told to be left
                      out */
    uint64_t awaited; /* up to here all that was due on this wire has come */
};

enum query_kind {
    QUERY_NONE,
    QUERY_SYNC,
    QUERY_EVENTS,
    QUERY_HISTORY,
    QUERY_READ,
    QUERY_SEARCH,
    QUERY_PRESENCE,
    QUERY_TYPING
};

struct ask {
    enum query_kind kind;
    uint32_t number, place;
    uint64_t asked_us, at_least, after;
    char letter;
    uint64_t page;                /* the seq of the newest entry of the page so far */
    uint64_t head;                /* of the page */
    uint64_t durable[PLACES_MAX]; /* the newest entries of all rooms when it was asked */
    uint64_t behind;              /* cluster_behind then */
    uint32_t limit, renames;      /* people.h, when it was asked */
};

struct client {
    struct cluster *cluster;
    uint32_t number, user;
    struct dice dice;    /* how it goes about things */
    struct dice choices; /* what it does of its own accord */
    struct wire *wire;
    bool ready, synced, idle; /* idle: makes nothing new */
    uint64_t connect_us;      /* not before */
    uint64_t ready_us;        /* since when this wire is ready */
    uint64_t token_ends_us;   /* of this wire; 0: not in this run */
    uint64_t sync_us;
    struct view views[PLACES_MAX];
    struct ask asks[CLIENT_QUERIES_MAX];
    struct act acts[CLIENT_ACTS_MAX];
    uint32_t act_count, acts_open;
    uint32_t numbers;              /* of questions */
    uint64_t presence[PEOPLE_MAX]; /* what it was told of each since it watched; 0: nothing */
};

struct client *client_create(struct cluster *cluster, uint32_t number, uint32_t user);
void client_start(struct client *client);
struct identity client_identity(const struct client *client);
void client_on_frames(
    struct client *client, struct wire *wire, const uint8_t *bytes, uint32_t size);
void client_on_closed(struct client *client, struct wire *wire, uint16_t code);
void client_connect(struct client *client);
void client_leave(struct client *client);

/* Leaves, and comes back after a while. */
void client_reconnect(struct client *client);

struct call;
struct object;

/* What a call was answered. */
struct called {
    int status;
    uint64_t seq; /* of X-Room-Seq; 0: none */
    struct cht_str body;
};

/* client_frames.c: one object of the server; an answer over HTTP. */
void client_on_called(const struct call *call, const struct called *called);
void client_on_object(struct client *client, const char *bytes, uint32_t size);

/* page_check.c: a page of history, held against the truth. */
void page_check(struct client *client, const struct ask *ask, const struct object *answer);

/* A page up to `head` of the question that ends with `last`: with nothing of after its reader had
 * to go, though it asked before (I14). */
void page_check_end(struct client *client, const struct ask *ask, uint64_t last);

/* The same of who is who beside a list. */
void page_check_users(struct client *client, const struct ask *ask, const struct object *answer);

/* client_talk.c: saying things. */
void client_say(struct client *client, const struct cht_command *command, const char *ref);
void client_sync(struct client *client);
void client_fetch(struct client *client, uint32_t place);
void client_read(struct client *client, uint32_t place);

/* The newest messages, as those of many rooms are asked for: mostly the same page. `way` is 1 to
 * READ_NEWEST_WAYS. */
#define READ_NEWEST_WAYS 50
void client_read_newest(struct client *client, uint32_t place, uint64_t way);
void client_type(struct client *client, uint32_t place, bool on);

/* Messages with a word that begins so; in all rooms for PLACES_MAX. */
void client_search(struct client *client, uint32_t place, char letter);

/* Is told of everybody from now on. */
void client_watch(struct client *client);
void client_set_state(struct client *client, enum cht_presence_state state);
struct ask *client_find_ask(struct client *client, uint32_t number);
