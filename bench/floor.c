/* floor - the cheapest possible program that broadcasts WebSocket messages to a room: what the
 * product is measured against.
 *
 *     floor PORT
 *
 * Every connection joins the room named by its request path. A message is unmasked, framed once,
 * appended to the room's block of this turn, and at the end of the turn each member gets one send
 * of that block. No authorization, no order across rooms, no storage, no limits, no slow readers:
 * it copies bytes. Happy path: as above. How it fails: whatever is unexpected drops the connection.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX (1 << 17)
#define ROOMS_MAX (1 << 14)
#define READ_BYTES (1 << 18)
#define EVENTS_MAX 512

struct room {
    char name[64];
    int *members;
    uint32_t count, capacity;
    uint8_t *block;
    size_t size, block_capacity;
    bool dirty;
};

struct connection {
    struct room *room; /* NULL: not upgraded yet */
    uint32_t place;    /* in the room */
    uint32_t kept;     /* bytes of a partial frame */
    uint8_t *partial;
};

static struct connection connections[CONNECTIONS_MAX];
static struct room rooms[ROOMS_MAX];
static struct room *dirty[ROOMS_MAX];
static uint32_t dirty_count;
static uint8_t input[READ_BYTES];
static int set;

static struct room *room_by_name(const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *at = name; *at; at++) {
        hash = (hash ^ (uint8_t)*at) * 16777619u;
    }
    for (uint32_t i = hash % ROOMS_MAX;; i = (i + 1) % ROOMS_MAX) {
        if (!rooms[i].name[0]) {
            snprintf(rooms[i].name, sizeof(rooms[i].name), "%s", name);
        }
        if (strcmp(rooms[i].name, name) == 0) {
            return &rooms[i];
        }
    }
}

static void join(int sock, struct room *room)
{
    if (room->count == room->capacity) {
        room->capacity = room->capacity ? room->capacity * 2 : 16;
        room->members = realloc(room->members, room->capacity * sizeof(*room->members));
    }
    connections[sock].room = room;
    connections[sock].place = room->count;
    room->members[room->count++] = sock;
}

static void drop(int sock)
{
    struct connection *connection = &connections[sock];
    struct room *room = connection->room;
    if (room) {
        int last = room->members[--room->count];
        room->members[connection->place] = last;
        connections[last].place = connection->place;
    }
    free(connection->partial);
    *connection = (struct connection){0};
    close(sock);
}

static void upgrade(int sock, char *request)
{
    char path[64] = "";
    char *key = strcasestr(request, "sec-websocket-key:");
    if (!key || sscanf(request, "GET %63s", path) != 1) {
        drop(sock);
        return;
    }
    char text[128], accept[64], answer[256];
    key += strcspn(key, " ") + 1;
    snprintf(text, sizeof(text), "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA1((uint8_t *)text, strlen(text), digest);
    EVP_EncodeBlock((uint8_t *)accept, digest, sizeof(digest));
    int size = snprintf(answer, sizeof(answer),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Protocol: chattifier.v1\r\nSec-WebSocket-Accept: %s\r\n\r\n",
        accept);
    if (send(sock, answer, (size_t)size, MSG_NOSIGNAL) != size) {
        drop(sock);
        return;
    }
    join(sock, room_by_name(path));
}

static void append(struct room *room, const uint8_t *bytes, size_t size)
{
    if (room->size + size > room->block_capacity) {
        room->block_capacity = (room->size + size) * 2 + 4096;
        room->block = realloc(room->block, room->block_capacity);
    }
    memcpy(room->block + room->size, bytes, size);
    room->size += size;
}

static void say(struct room *room, const uint8_t *payload, size_t size)
{
    uint8_t header[4] = {0x81, (uint8_t)size};
    size_t header_size = 2;
    if (size > 125) {
        header[1] = 126;
        header[2] = (uint8_t)(size >> 8);
        header[3] = (uint8_t)size;
        header_size = 4;
    }
    append(room, header, header_size);
    append(room, payload, size);
    if (!room->dirty) {
        room->dirty = true;
        dirty[dirty_count++] = room;
    }
}

/* The bytes that whole frames took; SIZE_MAX: drop it. */
static size_t frames(struct room *room, uint8_t *bytes, size_t size)
{
    size_t used = 0;
    while (size - used >= 6) {
        uint8_t *at = bytes + used;
        size_t length = at[1] & 127, head = 6;
        if (length == 126) {
            length = (size_t)at[2] << 8 | at[3];
            head = 8;
        } else if (length == 127) {
            return SIZE_MAX;
        }
        if (size - used < head + length) {
            break;
        }
        if ((at[0] & 15) == 8) {
            return SIZE_MAX;
        }
        uint8_t *mask = at + head - 4, *payload = at + head;
        for (size_t i = 0; i < length; i++) {
            payload[i] ^= mask[i & 3];
        }
        if ((at[0] & 15) == 1) {
            say(room, payload, length);
        }
        used += head + length;
    }
    return used;
}

static void on_readable(int sock)
{
    struct connection *connection = &connections[sock];
    size_t kept = connection->kept;
    if (kept) {
        memcpy(input, connection->partial, kept);
    }
    ssize_t got = recv(sock, input + kept, sizeof(input) - kept - 1, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            drop(sock);
        }
        return;
    }
    size_t size = kept + (size_t)got;
    if (!connection->room) {
        input[size] = 0;
        upgrade(sock, (char *)input);
        return;
    }
    size_t used = frames(connection->room, input, size);
    if (used == SIZE_MAX) {
        drop(sock);
        return;
    }
    free(connection->partial);
    connection->partial = NULL;
    connection->kept = (uint32_t)(size - used);
    if (connection->kept) {
        connection->partial = malloc(connection->kept);
        memcpy(connection->partial, input + used, connection->kept);
    }
}

static void flush(void)
{
    for (uint32_t i = 0; i < dirty_count; i++) {
        struct room *room = dirty[i];
        for (uint32_t j = 0; j < room->count; j++) {
            (void)!send(room->members[j], room->block, room->size, MSG_NOSIGNAL);
        }
        room->size = 0;
        room->dirty = false;
    }
    dirty_count = 0;
}

static void accept_all(int listener)
{
    int sock;
    while ((sock = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        int one = 1;
        setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        struct epoll_event event = {.events = EPOLLIN, .data.fd = sock};
        epoll_ctl(set, EPOLL_CTL_ADD, sock, &event);
    }
}

int main(int count, char **arguments)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(count > 1 ? arguments[1] : "9000", NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 4096)) {
        perror("floor");
        return 1;
    }
    set = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
    printf("ready\n");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS_MAX];
        int ready = epoll_wait(set, events, EVENTS_MAX, -1);
        for (int i = 0; i < ready; i++) {
            if (events[i].data.fd == listener) {
                accept_all(listener);
            } else {
                on_readable(events[i].data.fd);
            }
        }
        flush();
    }
}
