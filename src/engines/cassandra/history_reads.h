#pragma once

/* history_reads - the reading half of the port history, a file each. */

#include "cassandra/call.h"
#include "cassandra/pages.h"
#include "ports/history.h"

/* messages_cassandra.c */
void messages_page(struct cassandra *store, struct history_messages_op *op);
void messages_one(struct cassandra *store, struct history_message_op *op);

/* entries_cassandra.c */
void entries_page(struct cassandra *store, struct history_entries_op *op);
void entries_find_cid(struct cassandra *store, struct history_find_cid_op *op);
/* The port rooms' load, for it is entries that are most of it. */
void entries_load(struct cassandra *store, struct rooms_load_op *op);

/* At most so many rows a page of Cassandra: with the longest texts it is 2 MiB. */
#define HISTORY_PAGE_ROWS 128u

static inline uint32_t history_page_rows(uint32_t limit)
{
    return limit < HISTORY_PAGE_ROWS ? limit + 1 : HISTORY_PAGE_ROWS;
}

/* Turns round what was read downwards. */
void history_turn_round(void *items, uint32_t count, size_t size);
