#pragma once

/* relay - services in other processes, as the upstream of a gateway.
 *
 * Each target that nobody serves in this process has instances: processes that listen for HTTP/1.1.
 * A request is made anew of what was read of the client's (wire/http1_reply.h), with its address in
 * X-Forwarded-For, and its reply is made anew in the same way; nothing of the one connection's
 * framing reaches the other. Connections to instances are kept and carry one request at a time.
 *
 * Which instance: the less busy one of two that chance names. One that can not be connected to is
 * left out for a while. Again elsewhere goes what surely never left, whatever it does, and what has
 * left but changes nothing (GET). What else has left is never said twice: the client hears
 * `timeout`, since nobody knows what became of it.
 *
 * A WebSocket has a connection of its own. When the instance has answered 101 it is a tunnel: bytes
 * go both ways as they are, close frames and pings among them, at most RELAY_TUNNEL_BYTES at a time
 * and as fast as the slower side takes them. Either side's end is the other's.
 *
 * Who asks is not said: an instance reads the token or ticket of the request itself. One per
 * worker, on its loop. */

#include "ports/upstream.h"
#include "world/world.h"

#define RELAY_INSTANCES_MAX 16
#define RELAY_TRIES_MAX 3
#define RELAY_TUNNEL_BYTES 4096u

struct edge;
struct outbounds;

struct relay_limits {
    uint32_t connections_max; /* to an instance, for requests; then they are overloaded */
    uint32_t body_bytes_max;  /* of a request */
    uint32_t reply_bytes_max;
    uint32_t timeout_ms; /* for a request, with all its tries */
    uint32_t idle_ms;    /* shorter than the instances keep idle connections themselves */
    uint32_t rest_ms; /* of an instance that could not be connected to; doubles, up to 16 times */
};

/* All of it outlives the relay. */
struct relay_options {
    const struct world *world;
    struct edge *edge;
    struct outbounds *outbounds;
    const char *instances[UPSTREAM_TARGET_COUNT]; /* "host:port, [::1]:port"; "": none */
    struct relay_limits limits;
};

struct relay_stats {
    uint64_t requests, retries, failures; /* failures: told to the client by us */
    uint32_t connections, tunnels;        /* tunnels are connections too */
};

#define RELAY_PROBLEM_BYTES 128

/* May `list` be one of instances? ERR_BAD_CONFIG with a line for people in `ret_problem`. */
MUST_USE enum err relay_check(const char *list, char ret_problem[RELAY_PROBLEM_BYTES]);

/* The lists have been checked. */
struct upstream *relay_create(const struct relay_options *options);

/* After the loop has stopped and the edge is gone. NULL is fine. */
void relay_destroy(struct upstream *upstream);

struct relay_stats relay_stats(const struct upstream *upstream);

/* Of each target that has instances, one does not rest. */
bool relay_is_well(const struct upstream *upstream);
