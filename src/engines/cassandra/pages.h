#pragma once

/* pages - reading a room's rows from one seq to another, bucket after bucket.
 *
 * The asker says which statement reads a bucket, and takes rows until it has enough: page_take says
 * so. Within a bucket rows come in pages of some; so a row too many is seldom read. */

#include "cassandra/call.h"
#include "cassandra/room_rows.h"
#include "ports/history.h"

struct pages {
    struct cht_id room;
    enum store_statement up, down; /* of a bucket: room, bucket, first seq, end */
    uint64_t first, end;           /* seqs; not with the end */
    bool is_down;
    uint32_t page_rows;
    uint64_t bucket;
    bool is_over; /* there are no more rows */
};

/* Which seqs a bound means; nothing is behind `head`, which is 0 if it is not known: then all are
 * in the first bucket. */
void pages_begin(
    struct pages *pages, enum history_bound bound, uint64_t seq, uint64_t from_seq, uint64_t head);

/* Asks for the first rows. Nothing is asked if there can be none. */
void pages_ask(struct pages *pages, struct call *call, struct cql_ask *ask);

/* When the rows of the ask were taken and there are not enough: asks for the next ones, and has the
 * step run again; or is over. */
void pages_go_on(struct pages *pages, struct call *call, struct cql_ask *ask);
