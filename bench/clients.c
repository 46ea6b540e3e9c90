/* clients - see the header.
 *
 * Happy path: dial, send the upgrade, read its answer, say and await the steps of the dialect, and
 * from then on cut what comes into frames. How it fails: one line on standard error and exit
 * code 1. */

#include "clients.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX (1 << 17)
#define READ_BYTES (1 << 20)
#define LINE_MAX_BYTES 4096
#define EVENTS_MAX 512

#define TEXT 0x1
#define BINARY 0x2
#define CLOSE 0x8
#define PING 0x9
#define PONG 0xA

static uint8_t input[READ_BYTES];
static uint8_t outgoing[1 << 16]; /* frames that leave together */
static size_t outgoing_size;

static void die(const char *why)
{
    fprintf(stderr, "load: %s: %s\n", why, strerror(errno));
    exit(1);
}

uint64_t clients_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- Writing */

void clients_flush(const struct client *client)
{
    size_t done = 0;
    while (done < outgoing_size) {
        ssize_t wrote = send(client->sock, outgoing + done, outgoing_size - done, MSG_NOSIGNAL);
        if (wrote > 0) {
            done += (size_t)wrote;
        } else if (errno != EAGAIN) {
            die("send");
        }
    }
    outgoing_size = 0;
}

static void frame(uint8_t opcode, const void *payload, size_t size)
{
    uint8_t *at = outgoing + outgoing_size;
    size_t head = 2;
    if (sizeof(outgoing) - outgoing_size < size + 8) {
        die("a burst is too large");
    }
    at[0] = 0x80 | opcode;
    if (size < 126) {
        at[1] = (uint8_t)(0x80 | size);
    } else {
        at[1] = 0x80 | 126;
        at[2] = (uint8_t)(size >> 8);
        at[3] = (uint8_t)size;
        head = 4;
    }
    memset(at + head, 0, 4); /* a mask of zeros changes nothing */
    memcpy(at + head + 4, payload, size);
    outgoing_size += head + 4 + size;
}

void clients_frame(struct clients *clients, const char *payload, size_t size)
{
    frame(clients->dialect->binary ? BINARY : TEXT, payload, size);
}

/* A text of the opening, or the answer of a dialect's own ping. */
static void say_words(struct clients *clients, const struct client *client, const char *words)
{
    char text[1024];
    uint32_t index = (uint32_t)(client - clients->all);
    clients_frame(clients, text, dialect_fill(words, client->room, index, text, sizeof(text)));
    clients_flush(client);
}

/* ---- Reading */

/* Says what is to be said now, and is open when nothing is left to be waited for. */
static void greet(struct clients *clients, struct client *client)
{
    const char *words;
    while ((words = clients->dialect->steps[client->step]) && words[0] == '+') {
        say_words(clients, client, words + 1);
        client->step++;
    }
    if (!words) {
        client->phase = CLIENT_OPEN;
        clients->opened++;
    }
}

static void greeted(
    struct clients *clients, struct client *client, const uint8_t *payload, size_t size)
{
    const char *words;
    while (client->phase == CLIENT_GREETING && (words = clients->dialect->steps[client->step]) &&
           memmem(payload, size, words + 1, strlen(words + 1))) {
        client->step++;
        greet(clients, client);
    }
}

static void on_text(
    struct clients *clients, struct client *client, const uint8_t *payload, size_t size)
{
    const char *ping = clients->dialect->ping;
    if (client->phase == CLIENT_GREETING) {
        greeted(clients, client, payload, size);
        return;
    }
    if (ping && size == strlen(ping) && memcmp(payload, ping, size) == 0) {
        say_words(clients, client, clients->dialect->pong);
    }
    clients->on_payload(clients->owner, client, payload, size);
}

static void on_frame(struct clients *clients, struct client *client, uint8_t opcode,
    const uint8_t *payload, size_t size)
{
    if (opcode == CLOSE) {
        fprintf(stderr, "load: closed by the server\n");
        exit(1);
    }
    if (opcode == PING) {
        frame(PONG, payload, size);
        clients_flush(client);
    } else if (opcode == TEXT || opcode == BINARY) {
        on_text(clients, client, payload, size);
    }
}

/* The bytes of a frame's head, its payload's in ret_length; 0: it is not whole. */
static size_t read_frame_head(const uint8_t *at, size_t size, size_t *ret_length)
{
    size_t head = 2;
    *ret_length = size < 2 ? 0 : at[1] & 127;
    if (*ret_length >= 126) {
        head = *ret_length == 126 ? 4 : 10;
        *ret_length = 0;
    }
    if (size < head) {
        return 0;
    }
    for (size_t i = 2; i < head; i++) {
        *ret_length = *ret_length << 8 | at[i];
    }
    return head;
}

static size_t frames(
    struct clients *clients, struct client *client, const uint8_t *bytes, size_t size)
{
    size_t used = 0, length, head;
    while ((head = read_frame_head(bytes + used, size - used, &length)) > 0 &&
           size - used >= head + length) {
        on_frame(clients, client, bytes[used] & 15, bytes + used + head, length);
        used += head + length;
    }
    return used;
}

/* The bytes of the answer's head; 0: it is not whole. */
static size_t read_head(
    struct clients *clients, struct client *client, const uint8_t *bytes, size_t size)
{
    static const char wanted[] = "HTTP/1.1 101";
    const uint8_t *end = memmem(bytes, size, "\r\n\r\n", 4);
    if (!end) {
        return 0;
    }
    if (memcmp(bytes, wanted, sizeof(wanted) - 1) != 0) {
        fprintf(stderr, "load: %.60s\n", (const char *)bytes);
        exit(1);
    }
    client->phase = CLIENT_GREETING;
    greet(clients, client);
    return (size_t)(end - bytes) + 4;
}

static void on_readable(struct clients *clients, struct client *client)
{
    size_t kept = client->kept;
    if (kept) {
        memcpy(input, client->partial, kept);
    }
    ssize_t got = recv(client->sock, input + kept, sizeof(input) - kept, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            die("connection lost");
        }
        return;
    }
    clients->bytes_in += (uint64_t)got;
    size_t size = kept + (size_t)got, used = 0;
    if (client->phase == CLIENT_UPGRADING) {
        used = read_head(clients, client, input, size);
    }
    if (client->phase >= CLIENT_GREETING) {
        used += frames(clients, client, input + used, size - used);
    }
    client->kept = (uint32_t)(size - used);
    if (client->kept) {
        client->partial = realloc(client->partial, client->kept);
        memcpy(client->partial, input + used, client->kept);
    }
}

/* ---- Connecting */

static void upgrade(struct clients *clients, struct client *client)
{
    ssize_t size = (ssize_t)strlen(client->request);
    if (send(client->sock, client->request, (size_t)size, MSG_NOSIGNAL) != size) {
        die("upgrade");
    }
    free(client->request);
    client->phase = CLIENT_UPGRADING;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)(client - clients->all)};
    epoll_ctl(clients->set, EPOLL_CTL_MOD, client->sock, &event);
}

/* Closing is a reset, so that no port stays taken: the next load comes at once. */
static void dial(struct clients *clients, struct client *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons(clients->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    struct linger linger = {.l_onoff = 1};
    struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)(client - clients->all)};
    client->sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->sock < 0 || (connect(client->sock, (struct sockaddr *)&address, sizeof(address)) &&
                                errno != EINPROGRESS)) {
        die("connect");
    }
    setsockopt(client->sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(client->sock, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    epoll_ctl(clients->set, EPOLL_CTL_ADD, client->sock, &event);
}

static char *request_for(const struct clients *clients, const char *path, const char *token)
{
    char *request = NULL;
    const char *subprotocol = clients->dialect->subprotocol;
    bool has_token = strcmp(token, "-") != 0;
    int size = asprintf(&request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s%s"
        "\r\n",
        path, clients->port, subprotocol ? "Sec-WebSocket-Protocol: " : "",
        subprotocol ? subprotocol : "", subprotocol ? "\r\n" : "",
        has_token ? "Authorization: Bearer " : "", has_token ? token : "", has_token ? "\r\n" : "");
    if (size < 0) {
        die("a request");
    }
    return request;
}

void clients_read(struct clients *clients)
{
    char line[LINE_MAX_BYTES], path[256], token[LINE_MAX_BYTES], room[64];
    clients->all = calloc(CONNECTIONS_MAX, sizeof(*clients->all));
    clients->set = epoll_create1(0);
    while (
        clients->total < CONNECTIONS_MAX && fgets(line, sizeof(line), stdin) && line[0] != '\n') {
        if (sscanf(line, "%255s %4095s %63s", path, token, room) != 3) {
            die("a line of standard input");
        }
        struct client *client = &clients->all[clients->total++];
        client->request = request_for(clients, path, token);
        snprintf(client->room, sizeof(client->room), "%s", room);
    }
}

void clients_turn(struct clients *clients, uint64_t wait_ns)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec wait = {(time_t)(wait_ns / 1000000000), (long)(wait_ns % 1000000000)};
    int ready = epoll_pwait2(clients->set, events, EVENTS_MAX, &wait, NULL);
    for (int i = 0; i < ready; i++) {
        struct client *client = &clients->all[events[i].data.u32];
        if (client->phase == CLIENT_DIALLING) {
            upgrade(clients, client);
        } else {
            on_readable(clients, client);
        }
    }
}

void clients_open(struct clients *clients)
{
    while (clients->opened < clients->total) {
        while (clients->dialled < clients->total &&
               clients->dialled - clients->opened < clients->opening_max) {
            dial(clients, &clients->all[clients->dialled]);
            clients->dialled++;
        }
        clients_turn(clients, 100 * CLIENTS_MS);
    }
}

void clients_settle(struct clients *clients)
{
    uint64_t before;
    do {
        before = clients->bytes_in;
        clients_turn(clients, 300 * CLIENTS_MS);
    } while (clients->bytes_in != before);
}

bool clients_hold(struct clients *clients)
{
    struct pollfd waits[] = {
        {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = clients->set, .events = POLLIN}};
    while (poll(waits, 2, -1) > 0 && !waits[0].revents) {
        clients_turn(clients, 0);
    }
    return getchar() != EOF;
}

void clients_stop_reading(struct clients *clients, uint32_t last)
{
    for (uint32_t i = clients->total - last; i < clients->total; i++) {
        epoll_ctl(clients->set, EPOLL_CTL_DEL, clients->all[i].sock, NULL);
    }
}
