#pragma once

/* cluster - one run: nodes, engines, clients, misfortune, and the phases of it.
 *
 * A seed draws everything: how many nodes, shards, rooms and people, which operations and which
 * faults and how often, small limits. Then: warm-up (rooms are made, nothing goes wrong), chaos,
 * heal, liveness (I26), audit. */

#include "base/logger.h"
#include "bus.h"
#include "call.h"
#include "chat/chat.h"
#include "client.h"
#include "faults.h"
#include "journal.h"
#include "message/message.h"
#include "people.h"
#include "scenario.h"
#include "scene.h"
#include "socket/socket.h"
#include "store.h"
#include "truth.h"

struct node;

#define CLUSTER_CLIENTS_MAX SCENARIO_CLIENTS_MAX

struct options {
    uint64_t seed;
    bool loud, log;
    bool records, replays; /* scenario.h; it is read from the standard input */
    uint64_t nodes, shards, clients, rooms, chaos_ms; /* 0: as drawn */
};

struct cluster {
    struct options options;
    struct scene scene;
    struct dice dice;   /* forks of it only */
    struct dice chance; /* delays and fates */
    struct dice rounds; /* of misfortune */
    struct scenario scenario;
    struct faults faults;
    struct logger logger;
    struct bus bus;
    struct journal journal;
    struct store store;
    struct people people;
    struct truth truth;
    struct chat_settings chat;
    struct message_settings message;
    struct socket_settings socket;
    struct node *nodes; /* [number - 1] */
    uint32_t node_count;
    struct client *clients[CLUSTER_CLIENTS_MAX];
    uint32_t client_count;
    struct places places;
    struct wire *wires;
    struct call *calls; /* the newest first */
    uint32_t wire_count;
    uint32_t queued_bytes_max;
    uint32_t acts_off; /* kinds of acts that this run does without: bit ACT_... */
    uint64_t chaos_us;
    uint64_t token_us; /* how long a token lives; 0: for ever */
    bool clocks_move;
    uint64_t misfortune_us; /* a round of it, on average */
    uint64_t misfortunes;   /* rounds */
    uint64_t healed_us;     /* from here on nothing is late any more; 0: not yet */
    uint64_t acts, acts_ok, acts_refused, deliveries, repeats, crashes;
};

/* Runs all of it; true if nothing broke. */
bool cluster_run(struct cluster *cluster, const struct options *options);
void cluster_free(struct cluster *cluster);

/* False: an owner has less space than it has rooms, and one may wait for as long as the others are
 * busy. */
bool cluster_has_space(const struct cluster *cluster);

/* Changes when a question may have been answered by a store that was behind. */
uint64_t cluster_behind(const struct cluster *cluster);
