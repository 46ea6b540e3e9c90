#pragma once

/* consume - brings the log of a shard into the store.
 *
 * Follows the log from behind the stored progress, keeps the reader's rules (the next index is
 * taken, one at or below the last is a repeat, a record of a term older than the last claim passed
 * is dropped, a hole stops the shard with an alarm), and writes what gathered as one batch. The
 * shards of a worker are written one behind the other, at most every gather_ms, so that the pages
 * of the store are written for many records at once and not for each. Nothing gathers after a
 * pause, when a batch is full, before somebody's wanted index is reached (of what was in the log at
 * the start, all of it), and at the end of the process. Memory is bounded by the credit of the
 * source. A write that fails is tried again with growing waits; meanwhile the log grows and queries
 * of its rooms find the store behind. */

#include "message_inner.h"

struct consume;

struct consume *consume_create(struct message_service *service, uint32_t shard);
void consume_destroy(struct consume *consume);

/* Somebody, here or on another worker, waits for the store to come to `index`. */
void consume_want(struct consume *consume, uint64_t index);

/* What has gathered in all shards of the worker is written now. */
void consume_write_all(struct message_service *service);

/* Tells the log again how far the store is. */
void consume_mark(struct consume *consume);

/* It waits for items, or has stopped. */
bool consume_is_idle(const struct consume *consume);
