#pragma once

/* bus_local_inner - what the files of the in-process bus share. */

#include "local/bus_local.h"
#include "local/ring.h"
#include "local/shard_queue.h"
#include "world/loop.h"

enum lane { LANE_COMMANDS, LANE_LIVE, LANE_PAGES, LANE_WORK, LANE_CAST, LANE_COUNT };

#define MAIL_HANDLERS_MAX 4

struct mail_slot {
    struct mail_handler *handlers[MAIL_HANDLERS_MAX];
    uint32_t count;
};

/* One worker's end of the bus. Everything in it belongs to the worker's thread but `wake_asked` and
 * `refuses`, which other threads read. */
struct endpoint {
    struct shards shards;
    struct mail mail;
    struct cast cast;
    struct bus_local *bus;
    const struct world *world;
    uint32_t index;
    struct ring *in[LANE_COUNT]; /* one per sending worker */
    struct task wake;
    struct timer late; /* with chaos: when to look after all */
    _Atomic(bool) wake_asked;
    struct mail_slot boxes[MAIL_BOX_COUNT];
    struct cast_handler *cast_handlers;
    struct shards_handler *owner;
    uint32_t credit;            /* commands that may still be given */
    bool starved;               /* a queue has commands that there was no credit for */
    struct shard_queue *queues; /* one per shard of the bus; used where this worker owns it */
    _Atomic(bool) *refuses;     /* one per shard: it was given up, and something waits */
    struct shard_timer *timers; /* one per shard: when to offer a released shard again */
    uint64_t dropped;
};

struct shard_timer {
    struct timer timer;
    struct endpoint *endpoint;
    uint32_t shard;
};

struct bus_local {
    struct bus_local_options options;
    struct endpoint *endpoints;
};

/* Puts an item on a worker's ring and wakes it. False: full; the reference stays the caller's. */
bool bus_local_put(struct endpoint *from, uint32_t to, enum lane lane, struct ring_item item);

/* True with the chance of the chaos switch. */
bool bus_local_chaos(struct endpoint *endpoint);

/* shards_local.c */
void shards_local_init(struct endpoint *endpoint);
void shards_local_deinit(struct endpoint *endpoint);
void shards_local_drain(struct endpoint *endpoint);

/* mail_local.c */
void mail_local_init(struct endpoint *endpoint);
void mail_local_drain(struct endpoint *endpoint, enum lane lane);
