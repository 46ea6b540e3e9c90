/* net_epoll - every TCP socket of a loop in one epoll set.
 *
 * Happy path: the set's own descriptor becomes readable in libuv, one epoll_wait takes a batch of
 * events, each goes to the handler named in its data with the user's token. Level-triggered, so
 * what a batch leaves comes again, and the kernel rotates: nobody starves. Many sends leave by
 * io_uring where the loop has a ring (net_uring.h). Options that accepted
 * sockets inherit are set once, on the listener; sockets that we connect keep the system's bounds
 * of unsent bytes, because they carry much and are few. How it fails: out of descriptors is
 * ERR_FULL, a busy port ERR_IN_USE, a peer that can not be had says why, everything else of the
 * operating system is ERR_IO. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "chattifier/uncleared.h"
#include "loop/loop_uv_inner.h"
#include "loop/sockaddr.h"

#define BACKLOG 4096
#define UNSENT_BYTES_LOW (16 * 1024)
#define ACCEPT_TRIES 8
#define URING_SENDS_MIN 8u /* fewer are no dearer as calls of their own */

static struct net_epoll *of(struct net *net)
{
    return (struct net_epoll *)net;
}

static enum err add_handler(struct net *base, struct net_handler *handler)
{
    struct net_epoll *net = of(base);
    if (net->handler_count == NET_HANDLERS_MAX) {
        return ERR_FULL;
    }
    handler->index = (uint8_t)net->handler_count;
    net->handlers[net->handler_count] = handler;
    net->handler_count++;
    return OK;
}

static void set_option(int sock, int level, int name, int value)
{
    (void)setsockopt(sock, level, name, &value, sizeof(value));
}

static void set_tcp_options(int sock)
{
    set_option(sock, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(sock, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES_LOW);
}

static enum err err_of_errno(void)
{
    switch (errno) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC:
        return ERR_FULL;
    case EADDRINUSE:
        return ERR_IN_USE;
    default:
        return ERR_IO;
    }
}

/* What the system says of a connection that was asked for. */
static enum err err_of_connect(int error)
{
    switch (error) {
    case 0:
        return OK;
    case EINPROGRESS:
        return ERR_AGAIN;
    case ECONNREFUSED:
        return ERR_REFUSED;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case EAFNOSUPPORT:
    case EACCES: /* so says a packet filter, and of EPERM too */
    case EPERM:
        return ERR_UNREACHABLE;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case EADDRNOTAVAIL: /* every local port is in use */
        return ERR_FULL;
    default:
        errno = error;
        return err_of_errno();
    }
}

static enum err bind_and_listen(
    int sock, const struct sockaddr_storage *address, socklen_t size, bool shared)
{
    set_option(sock, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shared) {
        set_option(sock, SOL_SOCKET, SO_REUSEPORT, 1);
    }
    set_tcp_options(sock);
    if (bind(sock, (const struct sockaddr *)address, size) != 0 || listen(sock, BACKLOG) != 0) {
        return err_of_errno();
    }
    return OK;
}

static enum err listen_on(
    struct net *net, const char *host, uint16_t port, bool shared, int *ret_sock)
{
    (void)net;
    struct sockaddr_storage address = {0};
    socklen_t size = sockaddr_from_text(host, port, &address);
    if (size == 0) {
        return ERR_BAD_CONFIG;
    }
    int sock = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock < 0) {
        return err_of_errno();
    }
    enum err err = bind_and_listen(sock, &address, size, shared);
    if (err) {
        close(sock);
        return err;
    }
    *ret_sock = sock;
    return OK;
}

static enum err accept_one(
    struct net *net, int listener, int *ret_sock, struct net_address *ret_peer)
{
    (void)net;
    for (int i = 0; i < ACCEPT_TRIES; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        int sock =
            accept4(listener, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (sock >= 0) {
            sockaddr_to_net(&address, ret_peer);
            *ret_sock = sock;
            return OK;
        }
        if (errno == EAGAIN) {
            return ERR_AGAIN;
        }
        if (err_of_errno() == ERR_FULL) {
            return ERR_FULL;
        }
    }
    return ERR_AGAIN;
}

static struct epoll_event event_for(
    const struct net_handler *handler, uint64_t token, uint32_t events)
{
    CHECK(token >> NET_TOKEN_BITS == 0);
    struct epoll_event event = {
        .events = (events & NET_READABLE ? (uint32_t)EPOLLIN : 0) |
                  (events & NET_WRITABLE ? (uint32_t)EPOLLOUT : 0),
        .data.u64 = (uint64_t)handler->index << NET_TOKEN_BITS | token,
    };
    return event;
}

static enum err watch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    struct epoll_event event = event_for(handler, token, events);
    return epoll_ctl(of(net)->set, EPOLL_CTL_ADD, sock, &event) == 0 ? OK : err_of_errno();
}

static enum err begin_to_connect(int sock, const struct net_address *address)
{
    struct sockaddr_storage to;
    socklen_t size = sockaddr_from_net(address, &to);
    set_option(sock, IPPROTO_TCP, TCP_NODELAY, 1);
    enum err err =
        connect(sock, (const struct sockaddr *)&to, size) == 0 ? OK : err_of_connect(errno);
    return err == ERR_AGAIN ? OK : err;
}

static enum err connect_to(struct net *net, const struct net_address *address,
    struct net_handler *handler, uint64_t token, int *ret_sock)
{
    int family = net_address_is_ipv4(address) ? AF_INET : AF_INET6;
    int sock = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock < 0) {
        return err_of_connect(errno);
    }
    enum err err = begin_to_connect(sock, address);
    if (err == OK) {
        err = watch(net, sock, handler, token, NET_WRITABLE);
    }
    if (err) {
        close(sock);
        return err;
    }
    *ret_sock = sock;
    return OK;
}

/* Without an error it is connected only if it has a peer. */
static enum err connected(struct net *net, int sock)
{
    (void)net;
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        return ERR_IO;
    }
    struct sockaddr_storage peer;
    size = sizeof(peer);
    if (error == 0 && getpeername(sock, (struct sockaddr *)&peer, &size) != 0) {
        error = errno == ENOTCONN ? EINPROGRESS : errno;
    }
    return err_of_connect(error);
}

static void rewatch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    struct epoll_event event = event_for(handler, token, events);
    CHECK(epoll_ctl(of(net)->set, EPOLL_CTL_MOD, sock, &event) == 0);
}

static int64_t result_of(ssize_t count)
{
    return net_result(count >= 0 ? count : -errno);
}

static int64_t receive(struct net *net, int sock, void *ret_bytes, size_t size)
{
    (void)net;
    return result_of(recv(sock, ret_bytes, size, 0));
}

static __attribute__((noinline)) int64_t send_gathered(
    int sock, const struct iovec *parts, int count)
{
    struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
    return result_of(sendmsg(sock, &message, MSG_NOSIGNAL));
}

/* One part is what a delivery is. send() would be a cancellation point, which in a process with
 * threads costs 60 instructions more; nothing here is ever cancelled. */
static int64_t send_one(int sock, const void *bytes, size_t size)
{
    return result_of(syscall(SYS_sendto, sock, bytes, size, MSG_NOSIGNAL, NULL, 0));
}

static int64_t send_parts(struct net *net, int sock, const struct iovec *parts, int count)
{
    (void)net;
    return count == 1 ? send_one(sock, parts->iov_base, parts->iov_len)
                      : send_gathered(sock, parts, count);
}

static void send_many(struct net *net, struct net_send *sends, uint32_t count)
{
    struct net_uring *uring = of(net)->uring;
    uint32_t done = uring && count >= URING_SENDS_MIN ? net_uring_send(uring, sends, count) : 0;
    for (struct net_send *send = sends + done; send < sends + count; send++) {
        send->result = send_one(send->sock, send->bytes, send->size);
    }
}

static void finish(struct net *net, int sock)
{
    (void)net;
    (void)shutdown(sock, SHUT_WR);
}

static void close_socket(struct net *net, int sock)
{
    (void)net;
    close(sock);
}

static uint16_t local_port(struct net *net, int sock)
{
    (void)net;
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    if (getsockname(sock, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    struct net_address local;
    sockaddr_to_net(&address, &local);
    return local.port;
}

static const struct net_ops ops = {
    .add_handler = add_handler,
    .listen = listen_on,
    .accept = accept_one,
    .connect = connect_to,
    .connected = connected,
    .watch = watch,
    .rewatch = rewatch,
    .recv = receive,
    .send = send_parts,
    .send_many = send_many,
    .finish = finish,
    .close = close_socket,
    .local_port = local_port,
};

void net_epoll_init(struct net_epoll *net)
{
    net->net.ops = &ops;
    net->set = epoll_create1(EPOLL_CLOEXEC);
    CHECK(net->set >= 0);
}

void net_epoll_deinit(struct net_epoll *net)
{
    net_uring_destroy(net->uring);
    close(net->set);
}

void net_epoll_dispatch(struct net_epoll *net)
{
    struct epoll_event events[NET_EVENTS_A_TURN] CHT_UNCLEARED;
    int count = epoll_wait(net->set, events, NET_EVENTS_A_TURN, 0);
    for (int i = 0; i < count; i++) {
        uint32_t index = (uint32_t)(events[i].data.u64 >> NET_TOKEN_BITS);
        uint64_t token = events[i].data.u64 & ((UINT64_C(1) << NET_TOKEN_BITS) - 1);
        uint32_t what = events[i].events;
        CHECK(index < net->handler_count);
        struct net_handler *handler = net->handlers[index];
        handler->on_ready(handler, token,
            (what & EPOLLIN ? NET_READABLE : 0) | (what & EPOLLOUT ? NET_WRITABLE : 0) |
                (what & (EPOLLERR | EPOLLHUP) ? NET_CLOSED : 0));
    }
}
