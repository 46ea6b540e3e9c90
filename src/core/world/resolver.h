#pragma once

/* resolver - which addresses a host has.
 *
 * What looks names up may wait for other machines for seconds, so it never does so on the loop. The
 * text of an address is answered without asking anybody. Nothing is remembered between two
 * questions: who connects again asks again, so that a host that has moved is found. Bounded: an
 * engine has so many questions under way at most (one more is ERR_FULL), and answers each within a
 * time of its own, even if the system still waits. */

#include "flow/op.h"
#include "world/net.h"

#define RESOLVER_HOST_BYTES_MAX 253u
#define RESOLVER_ADDRESSES_MAX 16u

struct resolver;

/* The answer is OK with at least one address; ERR_NOT_FOUND: there is no such host, or it has no
 * address; ERR_UNAVAILABLE: nobody could say, later perhaps; ERR_TIMEOUT; ERR_FULL; ERR_CANCELLED:
 * the engine ends. */
struct resolver_op {
    struct op op;
    const char *host; /* stays until the answer */
    uint16_t port;    /* of each address */
    uint32_t count;
    struct net_address addresses[RESOLVER_ADDRESSES_MAX]; /* in the order in which to try them */
};

struct resolver {
    void (*find)(struct resolver *resolver, struct resolver_op *op);
};

/* `host` is a name or the text of an address (IPv6 without brackets). A name longer than
 * RESOLVER_HOST_BYTES_MAX is ERR_NOT_FOUND. */
static inline void resolver_find(
    struct resolver *resolver, struct asker *asker, struct resolver_op *op)
{
    op_ask(&op->op, asker);
    op->count = 0;
    resolver->find(resolver, op);
}
