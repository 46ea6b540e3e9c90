#pragma once

/* journal - the port log, modelled.
 *
 * One list of records a shard, in the order of position. A claim raises the term and fences every
 * older writer; an append lands if its writer is not fenced and its index is the next. With the
 * fault `append_late` what was on its way at the fence may land until the first record of the new
 * term: its index may then be one that the claim record takes too, and readers have to see that.
 * With `append_unknown` an append is answered UNKNOWN, and is there, is not there, or lands later.
 *
 * All of it is the world's memory: it is what is durable. */

#include "dice.h"
#include "faults.h"
#include "job.h"
#include "ports/log.h"

struct journal_record {
    uint64_t term, index;
    uint8_t *bytes;
    uint32_t size;
};

struct journal_writer;

struct journal_shard {
    struct journal_record *records; /* in the order of position */
    uint32_t count, capacity;
    uint64_t term; /* of the newest claim */
    uint64_t marked;
};

struct journal {
    struct journal_shard *shards;
    uint32_t shard_count;
    struct journal_writer *writers;
    struct journal_follow *follows;
    struct dice dice;
    struct faults *faults; /* may be NULL */
    uint64_t landed, landed_late, unknown;
    /* May be NULL: hears of every record at the moment it lands; in the world's memory. */
    void (*on_landed)(void *context, uint32_t shard, const struct log_item *item);
    void *context;
};

/* A node's end of it. */
struct journal_port {
    struct log log; /* first */
    struct journal *journal;
    struct desk *desk;
};

void journal_init(
    struct journal *journal, uint32_t shard_count, struct dice dice, struct faults *faults);
void journal_deinit(struct journal *journal);
void journal_join(struct journal_port *port, struct journal *journal, struct desk *desk);

/* The node is gone: nothing is given to it any more, and what it had under way may be lost. */
void journal_leave(struct journal *journal, uint32_t node);
