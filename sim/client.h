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
};

enum query_kind {
    QUERY_NONE,
    QUERY_SYNC,
    QUERY_EVENTS,
    QUERY_HISTORY,
    QUERY_READ,
    QUERY_SEARCH,
    QUERY_PRESENCE
};

struct ask {
    enum query_kind kind;
    uint32_t number, place;
    uint64_t asked_us, at_least, after;
    char letter;
    uint64_t page; /* the seq of the newest entry of the page so far */
};

struct client {
    struct cluster *cluster;
    uint32_t number, user;
    struct dice dice;    /* how it goes about things */
    struct dice choices; /* what it does of its own accord */
    struct wire *wire;
    bool ready, synced, idle; /* idle: makes nothing new */
    uint64_t connect_us;      /* not before */
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

struct call;

/* What a call was answered. */
struct called {
    int status;
    uint64_t seq; /* of X-Room-Seq; 0: none */
    struct cht_str body;
};

/* client_frames.c: one object of the server; an answer over HTTP. */
void client_on_called(const struct call *call, const struct called *called);
void client_on_object(struct client *client, const char *bytes, uint32_t size);

/* client_talk.c: saying things. */
void client_say(struct client *client, const struct cht_command *command, const char *ref);
void client_sync(struct client *client);
void client_fetch(struct client *client, uint32_t place);
void client_ask(struct client *client, enum query_kind kind, uint32_t place);

/* Messages with a word that begins so; in all rooms for PLACES_MAX. */
void client_search(struct client *client, uint32_t place, char letter);

/* Is told of everybody from now on. */
void client_watch(struct client *client);
void client_set_state(struct client *client, enum cht_presence_state state);
struct ask *client_find_ask(struct client *client, uint32_t number);
