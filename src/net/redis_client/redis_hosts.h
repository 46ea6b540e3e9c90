#pragma once

/* redis_hosts - where servers are, as a setting says it: "redis.example:6379, [::1]:6380". */

#include "base/err.h"
#include "chattifier/types.h"
#include "link/host_port.h"

#define REDIS_HOSTS_MAX 16u
#define REDIS_PORT_DEFAULT 6379u

struct redis_host {
    char name[HOST_BYTES]; /* or address, without brackets */
    uint16_t port;
};

struct redis_hosts {
    struct redis_host at[REDIS_HOSTS_MAX];
    uint32_t count;
};

/* Hosts with commas between them, each with a port or with `port`. ERR_BAD_CONFIG: there is none,
 * there are more than REDIS_HOSTS_MAX, or one is not of that form. */
MUST_USE enum err redis_hosts_read(const char *text, uint16_t port, struct redis_hosts *ret_hosts);

/* One of them, as a server names another: a host and a port that came as bytes. */
MUST_USE enum err redis_host_read(
    struct cht_str name, struct cht_str port, struct redis_host *ret_host);
