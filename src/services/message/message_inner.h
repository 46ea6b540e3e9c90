#pragma once

/* message_inner - what the files of the service share. */

#include <stdatomic.h>

#include "chattifier/events.h"
#include "flow/flow.h"
#include "message/message.h"
#include "places.h"
#include "world/loop.h"
#include "world/random.h"

struct consume;
struct roster_flow;
struct fresh;
struct hot_pages;
struct names;
struct shared;

/* Lists of the questions for rooms of somebody that are in work, by the user. */
#define ROSTER_BUCKETS 1024u

struct message_service {
    struct message_deps deps;
    struct message_settings settings;
    struct message_counters counters;
    _Atomic(bool) broken; /* the log of a shard has a hole: nothing more of it is stored */
    struct mail_handler mail;
    struct cast_handler casts;
    struct fresh *fresh;
    struct hot_pages *hot;
    struct names *names;
    struct shared *lists;      /* of users' rooms */
    struct shared *tails;      /* of rooms */
    struct consume **consumes; /* by shard; NULL: another worker's */
    struct timer gather;       /* records wait for it to be written */
    uint64_t gather_end_ms;    /* before it, records gather */
    struct timer marks;        /* the log is told again how far the store is */
    struct timer writes;       /* shards are written, one behind the other */
    uint32_t write_at;         /* the next of them */
    uint32_t writes_left;
    bool hurries;           /* nothing gathers any more */
    struct places places;   /* of the questions of clients in work */
    struct places waits;    /* of those, of who waits for what is not there yet */
    uint32_t nodes_in_work; /* questions of nodes: rosters and circles */
    struct roster_flow *rosters[ROSTER_BUCKETS];
    char *body; /* where the one answer at work is encoded */
};
