#pragma once

/* pending - commands that wait for their one answer.
 *
 * A slot per command in flight. Its handle {slot, generation} travels as `node_ref`; an answer with
 * a handle that is no longer valid is late and finds nothing. All commands wait equally long, so
 * the oldest is always at the head of one queue: timing out is a look at the head. The commands of
 * one connection are also linked, so that a closing connection forgets its own. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/types.h"
#include "link/edge.h"

#define PENDING_NONE UINT32_MAX
#define PENDING_REF_MAX 32

struct pending {
    struct conn_id conn;
    uint32_t generation; /* of this slot; never 0 */
    uint32_t since_ms;
    uint32_t older, newer;           /* in the queue of all; `newer` links free ones */
    uint32_t sibling, elder_sibling; /* of the same connection */
    uint32_t ref_hash;
    uint16_t shard;
    uint8_t type; /* enum cht_command_type */
    bool http;
    bool writes; /* it may have made an entry: X-Room-Seq */
    uint8_t ref_size;
    char ref[PENDING_REF_MAX];
};

struct pendings {
    struct pending *slots;
    uint32_t capacity;
    uint32_t used; /* slots ever used */
    uint32_t free; /* first free one */
    uint32_t oldest, newest;
    uint32_t count;
    uint32_t first_generation;
};

/* At most 2^20. `seed`: chance, so that an answer of an earlier life finds nothing. */
void pendings_init(struct pendings *pendings, uint32_t capacity, uint32_t seed);
void pendings_deinit(struct pendings *pendings);

/* A new one, linked into `*list` of its connection (`list` may be NULL: HTTP). PENDING_NONE if all
 * are in use. */
uint32_t pending_add(struct pendings *pendings, uint32_t *list, uint32_t now_ms);

/* Out of the queue and of its connection's list. */
void pending_remove(struct pendings *pendings, uint32_t *list, uint32_t slot);

uint64_t pending_handle(const struct pendings *pendings, uint32_t slot);

/* PENDING_NONE: it was answered before. */
uint32_t pending_find(const struct pendings *pendings, uint64_t handle);

/* The oldest if it waits for `wait_ms` or longer. */
uint32_t pending_overdue(const struct pendings *pendings, uint32_t now_ms, uint32_t wait_ms);

void pending_set_ref(struct pending *pending, struct cht_str ref);

/* True if a command with that ref is in the list. */
bool pending_has_ref(const struct pendings *pendings, uint32_t list, struct cht_str ref);
