#pragma once

/* addresses - how many connections an address has, and how fast it makes them.
 *
 * The kernel gives the connections of an address to whatever loop it likes, so that who accepts can
 * not count them alone. Asked when a connection comes and when it goes, and answered at once.
 * IPv6 addresses count by their /64, because one host has all of that. Bounded: an address that
 * finds no place is not counted. */

#include "world/net.h"

struct addresses;

enum address_verdict { ADDRESS_FINE, ADDRESS_TOO_MANY, ADDRESS_TOO_FAST };

#define ADDRESS_UNCOUNTED UINT32_MAX

struct address_limits {
    uint32_t connections;         /* 0: no limit */
    uint32_t connects_per_second; /* so many at once, too; 0: no limit */
};

/* A connection that comes. */
struct arrival {
    const struct net_address *peer;
    struct address_limits limits;
    uint32_t now_ms; /* the asking loop's clock; those of others may differ a little */
    uint32_t entry;  /* answer, if it is fine: what to give back when it goes */
};

struct addresses_ops {
    enum address_verdict (*add)(struct addresses *addresses, struct arrival *arrival);
    void (*remove)(struct addresses *addresses, uint32_t entry);
};

struct addresses {
    const struct addresses_ops *ops;
};

static inline enum address_verdict addresses_add(
    struct addresses *addresses, struct arrival *arrival)
{
    return addresses->ops->add(addresses, arrival);
}

/* ADDRESS_UNCOUNTED is fine. */
static inline void addresses_remove(struct addresses *addresses, uint32_t entry)
{
    addresses->ops->remove(addresses, entry);
}
