#pragma once

/* toy_net - a network in memory, for what connects. The test is the other side of each socket.
 *
 * Level-triggered as the real one: toy_net_turn tells every socket that is ready for what it waits
 * for. A closed socket is remembered with what was sent through it. */

#include <stdbool.h>
#include <stddef.h>

#include "world/net.h"

#define TOY_SOCKETS_MAX 256

struct toy_socket {
    struct net_address to;
    struct net_handler *handler;
    uint64_t token;
    uint32_t watched;
    bool known;   /* whether it is connected */
    enum err err; /* then */
    bool closed;  /* by us */
    bool ended;   /* by the other side, behind `in` */
    bool reset;
    uint8_t *in; /* on its way to us */
    size_t in_at, in_size;
    size_t piece; /* at most so many bytes a read; 0: all */
    uint8_t *out; /* what we sent */
    size_t out_size;
    size_t room; /* it takes so many more bytes */
    uint32_t sends;
};

struct toy_net {
    struct net net;
    enum err next_err; /* the next net_connect fails at once with it */
    struct toy_socket sockets[TOY_SOCKETS_MAX];
    uint32_t count;
};

void toy_net_init(struct toy_net *net);
void toy_net_deinit(struct toy_net *net);

/* True if anybody was told anything. */
bool toy_net_turn(struct toy_net *net);

/* How many of its sockets are not closed. */
uint32_t toy_net_open_count(const struct toy_net *net);

/* The newest one. */
struct toy_socket *toy_net_newest(struct toy_net *net);

/* ---- the other side */

/* OK: it lets us in. */
void toy_socket_answer(struct toy_socket *socket, enum err err);
void toy_socket_say(struct toy_socket *socket, const void *bytes, size_t size);
void toy_socket_end(struct toy_socket *socket);
void toy_socket_reset(struct toy_socket *socket);
