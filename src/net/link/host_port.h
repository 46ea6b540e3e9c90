#pragma once

/* host_port - where a server is, as settings and other servers write it: "redis.example:6379",
 * "broker", "[::1]:6650".
 *
 * Strict and bounded: what is not exactly that is refused, since it is then connected to, and some
 * of it comes from servers. A host that is read is one that outbound_create takes. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "chattifier/types.h"
#include "world/resolver.h"

#define HOST_BYTES (RESOLVER_HOST_BYTES_MAX + 1) /* a name, or an address without brackets */
#define HOST_PORT_BYTES (HOST_BYTES + 8)         /* [host]:65535 */

struct net_address;

/* A host, and perhaps a port; without one `ret_port` stays as it is. An IPv6 address is in
 * brackets. False: it is none; what is in `ret_host` and `ret_port` means nothing. */
MUST_USE bool host_port_read(struct cht_str text, char ret_host[HOST_BYTES], uint16_t *ret_port);

/* The two apart; an IPv6 address has no brackets. */
MUST_USE bool host_port_take(
    struct cht_str host, struct cht_str port, char ret_host[HOST_BYTES], uint16_t *ret_port);

/* The other way round: an address of IPv6 gets its brackets. */
void host_port_write(const char *host, uint16_t port, char ret_text[HOST_PORT_BYTES]);

/* An address as a host. */
void host_of_address(const struct net_address *address, char ret_host[HOST_BYTES]);
