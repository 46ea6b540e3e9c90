#pragma once

/* world - everything outside that a service may touch besides its ports: time, chance, network,
 * names of hosts, slow work, and its log lines. One per worker. Reality is engines/loop; a
 * simulated world drives the same services. */

struct loop;
struct random;
struct net;
struct resolver;
struct work;
struct logger;

struct world {
    struct loop *loop; /* also clock and timers */
    struct random *random;
    struct net *net;
    struct resolver *resolver;
    struct work *work;
    struct logger *logger;
};
