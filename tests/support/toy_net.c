/* toy_net - see the header. How it fails: a call for a socket that is closed fails the test. */

#include "toy_net.h"

#include "test.h"

#include <string.h>

#include "base/mem.h"
#include "base/task.h"

static struct toy_net *of(struct net *net)
{
    return container_of(net, struct toy_net, net);
}

static struct toy_socket *socket_of(struct net *net, int sock)
{
    assert_in_range(sock, 0, of(net)->count - 1);
    struct toy_socket *socket = &of(net)->sockets[sock];
    assert_false(socket->closed);
    return socket;
}

static enum err add_handler(struct net *net, struct net_handler *handler)
{
    (void)net;
    (void)handler;
    return OK;
}

static enum err connect_to(struct net *base, const struct net_address *address,
    struct net_handler *handler, uint64_t token, int *ret_sock)
{
    struct toy_net *net = of(base);
    enum err err = net->next_err;
    net->next_err = OK;
    if (err) {
        return err;
    }
    assert_true(net->count < TOY_SOCKETS_MAX);
    net->sockets[net->count] = (struct toy_socket){.to = *address,
        .handler = handler,
        .token = token,
        .watched = NET_WRITABLE,
        .room = SIZE_MAX};
    *ret_sock = (int)net->count;
    net->count++;
    return OK;
}

static enum err connected(struct net *net, int sock)
{
    const struct toy_socket *socket = socket_of(net, sock);
    return socket->known ? socket->err : ERR_AGAIN;
}

static void rewatch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    struct toy_socket *socket = socket_of(net, sock);
    socket->handler = handler;
    socket->token = token;
    socket->watched = events;
}

static int64_t receive(struct net *net, int sock, void *ret_bytes, size_t size)
{
    struct toy_socket *socket = socket_of(net, sock);
    size_t there = socket->in_size - socket->in_at;
    assert_true(size > 0);
    size = size < there ? size : there;
    size = socket->piece && socket->piece < size ? socket->piece : size;
    if (size == 0) {
        return socket->reset ? NET_BROKEN : socket->ended ? NET_END : NET_WOULD_BLOCK;
    }
    memcpy(ret_bytes, socket->in + socket->in_at, size);
    socket->in_at += size;
    return (int64_t)size;
}

static void add(uint8_t **bytes, size_t *size, const void *more, size_t more_size)
{
    if (more_size > 0) {
        *bytes = mem_resize(*bytes, *size + more_size);
        memcpy(*bytes + *size, more, more_size);
        *size += more_size;
    }
}

static int64_t send_parts(struct net *net, int sock, const struct iovec *parts, int count)
{
    struct toy_socket *socket = socket_of(net, sock);
    size_t sent = 0;
    socket->sends++;
    if (socket->reset) {
        return NET_BROKEN;
    }
    for (int i = 0; i < count && socket->room > 0; i++) {
        size_t part = parts[i].iov_len < socket->room ? parts[i].iov_len : socket->room;
        add(&socket->out, &socket->out_size, parts[i].iov_base, part);
        socket->room -= socket->room == SIZE_MAX ? 0 : part;
        sent += part;
    }
    return sent ? (int64_t)sent : NET_WOULD_BLOCK;
}

static void close_socket(struct net *net, int sock)
{
    socket_of(net, sock)->closed = true;
}

void toy_net_init(struct toy_net *net)
{
    static const struct net_ops ops = {.add_handler = add_handler,
        .connect = connect_to,
        .connected = connected,
        .rewatch = rewatch,
        .recv = receive,
        .send = send_parts,
        .close = close_socket};
    *net = (struct toy_net){.net = {&ops}};
}

void toy_net_deinit(struct toy_net *net)
{
    for (uint32_t i = 0; i < net->count; i++) {
        mem_free(net->sockets[i].in);
        mem_free(net->sockets[i].out);
    }
}

static uint32_t ready_for(const struct toy_socket *socket)
{
    if (!socket->known) {
        return 0;
    }
    bool gone = socket->err != OK || socket->reset;
    bool reads = socket->in_at < socket->in_size || socket->ended || gone;
    bool writes = socket->room > 0 || gone;
    return (socket->watched & ((reads ? NET_READABLE : 0) | (writes ? NET_WRITABLE : 0))) |
           (gone ? NET_CLOSED : 0);
}

bool toy_net_turn(struct toy_net *net)
{
    bool told = false;
    uint32_t count = net->count;
    for (uint32_t i = 0; i < count; i++) {
        struct toy_socket *socket = &net->sockets[i];
        uint32_t events = socket->closed ? 0 : ready_for(socket);
        if (events) {
            told = true;
            socket->handler->on_ready(socket->handler, socket->token, events);
        }
    }
    return told;
}

uint32_t toy_net_open_count(const struct toy_net *net)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->count; i++) {
        count += net->sockets[i].closed ? 0 : 1;
    }
    return count;
}

struct toy_socket *toy_net_newest(struct toy_net *net)
{
    assert_true(net->count > 0);
    return &net->sockets[net->count - 1];
}

void toy_socket_answer(struct toy_socket *socket, enum err err)
{
    assert_false(socket->known);
    socket->known = true;
    socket->err = err;
}

void toy_socket_say(struct toy_socket *socket, const void *bytes, size_t size)
{
    add(&socket->in, &socket->in_size, bytes, size);
}

void toy_socket_end(struct toy_socket *socket)
{
    socket->ended = true;
}

void toy_socket_reset(struct toy_socket *socket)
{
    socket->reset = true;
}
