#pragma once

/* clients - many WebSocket connections to one server, on one loop.
 *
 * `clients_read` takes what to open from standard input, `clients_open` opens it, so many at a
 * time, and says each dialect's greeting; after that each turn hands the payloads of what came to
 * `on_payload`. Heartbeats are answered. A connection that is lost, closed by the server or refused
 * ends the program with one line. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dialects.h"

#define CLIENTS_UNANSWERED_MAX 256
#define CLIENTS_MS UINT64_C(1000000)

enum client_phase { CLIENT_DIALLING, CLIENT_UPGRADING, CLIENT_GREETING, CLIENT_OPEN };

struct client {
    int sock;
    char room[64];
    char *request; /* until it is sent */
    enum client_phase phase;
    uint8_t step;
    uint32_t kept;
    uint8_t *partial;

    /* What traffic.c knows of it. */
    bool sends;
    uint32_t readers; /* who get what it says; senders only */
    uint32_t in_flight, oldest;
    uint64_t started_ns[CLIENTS_UNANSWERED_MAX]; /* of those in flight, a ring */
};

struct clients {
    const struct dialect *dialect;
    uint16_t port;
    uint32_t opening_max; /* that connect at the same time */
    void (*on_payload)(void *owner, struct client *client, const uint8_t *payload, size_t size);
    void *owner;

    int set;
    struct client *all;
    uint32_t total, dialled, opened;
    uint64_t bytes_in;
};

uint64_t clients_now_ns(void);

/* One line a connection: `PATH TOKEN ROOM`, `-` for no token; then an empty line. */
void clients_read(struct clients *clients);

/* Returns when all are greeted. */
void clients_open(struct clients *clients);

/* Waits at most so long, and takes what came. */
void clients_turn(struct clients *clients, uint64_t wait_ns);

/* Reads until nothing came for a moment: connections are in their rooms then. */
void clients_settle(struct clients *clients);

/* Until standard input says a line, what comes is taken. False: it has ended. */
bool clients_hold(struct clients *clients);

/* What comes to the last ones is not read any more. */
void clients_stop_reading(struct clients *clients, uint32_t last);

/* Frames are gathered by the first, and leave together by the second. */
void clients_frame(struct clients *clients, const char *payload, size_t size);
void clients_flush(const struct client *client);
