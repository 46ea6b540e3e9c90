#pragma once

/* consume - brings the log of a shard into the store.
 *
 * Follows the log from behind the stored progress, keeps the reader's rules (the next index is
 * taken, one at or below the last is a repeat, a record of a term older than the last claim passed
 * is dropped, a hole stops the shard with an alarm), and writes what gathered as one batch. All
 * shards of a worker begin to write together, at most every gather_ms, so that the pages of the
 * store are written for many records at once and not for each; after a pause, or when a query
 * waits, nothing gathers. Memory is bounded by the credit of the source. A write that fails is
 * tried again with growing waits; meanwhile the log grows and queries of its rooms find the store
 * behind.
 */

#include "message_inner.h"

struct consume;

struct consume *consume_create(struct message_service *service, uint32_t shard);
void consume_destroy(struct consume *consume);

/* A query waits for what is not stored yet. */
void consume_hurry(struct consume *consume);

/* It waits for items, or has stopped. */
bool consume_is_idle(const struct consume *consume);
