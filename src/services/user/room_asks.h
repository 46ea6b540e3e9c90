#pragma once

/* room_asks - commands of the service itself to the owners of rooms, and their answers.
 *
 * Answers come into the box LIVE under a handle that has bit 52 set, which no other asker of a node
 * uses. A command that is refused for now, or that nobody answers in 2 s, can be repeated with the
 * same cid; it has no list of more than a hundred ids. */

#include "chattifier/events.h"
#include "flow/op.h"
#include "ports/mail.h"
#include "ports/shards.h"
#include "world/loop.h"

struct room_ask_op;

struct room_asks {
    struct loop *loop;
    struct mail *mail;
    struct shards *shards;
    struct mail_handler on_live;
    struct room_ask_op *waiting;
    uint64_t refs;
};

/* OK when it is durable, or the refusal. TIMEOUT: no answer; NOT_SENT: the bus is full. */
struct room_ask_op {
    struct op op;
    uint64_t repeat_ms; /* what may be retried is asked again for so long; 0: it is asked once */
    struct room_ask_op *next;
    struct room_asks *asks;
    struct timer timer;
    struct buf *bytes;
    uint32_t shard, tries;
    uint64_t ref, until_ms;
    int64_t clock_offset; /* of the owner, as its last answer tells */
};

/* Opens the box LIVE. All of it is the caller's and outlives `asks`. */
void room_asks_init(
    struct room_asks *asks, struct loop *loop, struct mail *mail, struct shards *shards);

/* Who answers, and until when it holds, is filled in here. */
void room_ask(struct room_asks *asks, struct asker *asker, struct room_ask_op *op,
    const struct cht_command *command);

/* The same without an answer. False: it was not sent. */
MUST_USE bool room_tell(struct room_asks *asks, const struct cht_command *command);
