#pragma once

/* net - byte streams, as readiness.
 *
 * All TCP sockets of a loop are in one set, those that others opened (net_accept) and those that we
 * open (net_connect). A user registers one handler and gives each socket a token (its slot and
 * generation, say); on_ready says what the socket is ready for. Reading and writing never block.
 * The calls are thin over the operating system so that another network can stand in: partial reads
 * and writes, resets and delays look the same. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"

#define NET_READABLE 1u
#define NET_WRITABLE 2u
#define NET_CLOSED 4u /* error or hang-up; reading tells which */

#define NET_TOKEN_BITS 56

struct net;

struct net_handler {
    void (*on_ready)(struct net_handler *handler, uint64_t token, uint32_t events);
    uint8_t index; /* the net's */
};

/* An address as text-free value: IPv4 in IPv6 form (::ffff:a.b.c.d). */
struct net_address {
    uint8_t ip[16];
    uint16_t port;
};

static inline bool net_address_is_ipv4(const struct net_address *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return __builtin_memcmp(address->ip, mapped, sizeof(mapped)) == 0;
}

/* What recv and send answer besides a number of bytes > 0. */
#define NET_END 0 /* recv: the other side has finished */
#define NET_WOULD_BLOCK -1
#define NET_BROKEN -2 /* reset, or another error: close it */

/* One send of many; `result` is what net_send answers. */
struct net_send {
    const void *bytes;
    uint32_t size;
    int sock;
    int64_t result;
};

struct net_ops {
    enum err (*add_handler)(struct net *net, struct net_handler *handler);
    enum err (*listen)(
        struct net *net, const char *host, uint16_t port, bool shared, int *ret_sock);
    enum err (*accept)(struct net *net, int listener, int *ret_sock, struct net_address *ret_peer);
    enum err (*connect)(struct net *net, const struct net_address *address,
        struct net_handler *handler, uint64_t token, int *ret_sock);
    enum err (*connected)(struct net *net, int sock);
    enum err (*watch)(
        struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events);
    void (*rewatch)(
        struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events);
    int64_t (*recv)(struct net *net, int sock, void *ret_bytes, size_t size);
    int64_t (*send)(struct net *net, int sock, const struct iovec *parts, int count);
    void (*send_many)(struct net *net, struct net_send *sends, uint32_t count);
    void (*finish)(struct net *net, int sock);
    void (*close)(struct net *net, int sock);
    uint16_t (*local_port)(struct net *net, int sock);
};

struct net {
    const struct net_ops *ops;
};

/* At most 255 handlers per loop. The handler stays as long as the loop. */
MUST_USE static inline enum err net_add_handler(struct net *net, struct net_handler *handler)
{
    return net->ops->add_handler(net, handler);
}

/* Listens on host (an address) and port (0: any free one). `shared`: several loops listen on the
 * same port, the kernel spreads connections. ERR_IN_USE if the port is busy. */
MUST_USE static inline enum err net_listen(
    struct net *net, const char *host, uint16_t port, bool shared, int *ret_sock)
{
    return net->ops->listen(net, host, port, shared, ret_sock);
}

/* ERR_AGAIN when there is none; ERR_FULL when out of descriptors (pause, then try again). The new
 * socket is non-blocking, without Nagle. */
MUST_USE static inline enum err net_accept(
    struct net *net, int listener, int *ret_sock, struct net_address *ret_peer)
{
    return net->ops->accept(net, listener, ret_sock, ret_peer);
}

/* Begins to connect to `address` and watches the new socket, which becomes NET_WRITABLE (perhaps
 * NET_CLOSED too) when the outcome is known: then net_connected tells it. Never waits; the outcome
 * takes as long as the other side likes, so the caller has a deadline and closes the socket at its
 * end. The socket is non-blocking, without Nagle. An error is known at once and leaves no socket:
 * ERR_FULL when out of descriptors or of local ports, else as net_connected. No addresses with a
 * zone (fe80::1%eth0). */
MUST_USE static inline enum err net_connect(struct net *net, const struct net_address *address,
    struct net_handler *handler, uint64_t token, int *ret_sock)
{
    return net->ops->connect(net, address, handler, token, ret_sock);
}

/* The outcome of net_connect, asked once when the socket is ready: OK (say with net_rewatch what is
 * waited for from here on), ERR_REFUSED (nobody listens there), ERR_UNREACHABLE (no way leads
 * there), ERR_TIMEOUT (the system gave up), ERR_IO (anything else). After an error nothing but
 * net_close may follow. ERR_AGAIN: it is not known yet. */
MUST_USE static inline enum err net_connected(struct net *net, int sock)
{
    return net->ops->connected(net, sock);
}

/* Adds the socket to the set. Level-triggered. */
MUST_USE static inline enum err net_watch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    return net->ops->watch(net, sock, handler, token, events);
}

/* Changes what it waits for; 0 is nothing (pressure). */
static inline void net_rewatch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    net->ops->rewatch(net, sock, handler, token, events);
}

static inline int64_t net_recv(struct net *net, int sock, void *ret_bytes, size_t size)
{
    return net->ops->recv(net, sock, ret_bytes, size);
}

static inline int64_t net_send(struct net *net, int sock, const struct iovec *parts, int count)
{
    return net->ops->send(net, sock, parts, count);
}

/* Sends to many sockets, each of them at most once, and fills the results. The bytes are not needed
 * any more when it returns. */
static inline void net_send_many(struct net *net, struct net_send *sends, uint32_t count)
{
    net->ops->send_many(net, sends, count);
}

/* Says that nothing more will be sent. */
static inline void net_finish(struct net *net, int sock)
{
    net->ops->finish(net, sock);
}

/* Out of the set and closed. Events of it that this turn already collected are still delivered:
 * generations in tokens tell. */
static inline void net_close(struct net *net, int sock)
{
    net->ops->close(net, sock);
}

static inline uint16_t net_local_port(struct net *net, int sock)
{
    return net->ops->local_port(net, sock);
}
