#pragma once

/* edge_house - an edge on the real loop and real sockets, its two handlers, and clients of one
 * connection each that send and see raw bytes.
 *
 * Nothing waits but by turning the loop; what does not come within a bound of turns fails the test.
 * A request is answered with its body or path; an upgrade is accepted and told `ready`. */

#include "test.h"

#include "link/edge.h"
#include "loop/loop_uv.h"

#define TURNS_MAX 2000

struct fixture {
    struct loop_uv *loop;
    struct world world;
    struct logger logger;
    struct edge *edge;
    struct addresses *addresses;
    struct edge_http_handler http;
    struct edge_ws_handler ws;
    uint16_t port;
    struct conn_id asked; /* the last request that was left unanswered */
    bool answer_later;
    uint32_t requests, gone, texts, closed, drained;
    uint16_t close_code;
    uint32_t slot; /* of the last WebSocket */
    char text[70000];
    uint32_t text_size;
    bool close_in_text;
};

/* Of the test that runs. */
extern struct fixture *fx;

int edge_house_setup(void **state);
int edge_house_teardown(void **state);

/* Far from every limit. */
struct edge_limits edge_house_limits(void);

/* ---- a client */
struct client {
    int sock;
    char in[400000];
    size_t size;
    bool ended;
};

struct client *client_create(void);
void client_destroy(struct client *client);

/* Sends all, turning the loop. */
void put(struct client *client, const void *bytes, size_t size);
void put_text(struct client *client, const char *text);

/* One turn, and what has come by then. */
void turn(void);
void take(struct client *client);
void drop_input(struct client *client);

void wait_bytes(struct client *client, size_t size);
void wait_text(struct client *client, const char *text);
void wait_end(struct client *client);

/* All connections are gone and nothing is queued. */
void wait_no_connections(void);

/* ---- WebSocket */
#define OFFER                                                                                      \
    "GET /s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "                             \
    "Upgrade\r\nSec-WebSocket-Version: 13\r\n"                                                     \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/* Upgraded; what came until then is dropped. */
struct client *ws_create(void);

/* Writes a masked frame of less than 64 KiB; returns its size. */
size_t ws_frame(uint8_t first, const void *payload, size_t size, uint8_t *ret_frame);
void put_frame(struct client *client, uint8_t first, const void *payload, size_t size);

#define T(name) cmocka_unit_test_setup_teardown(name, edge_house_setup, edge_house_teardown)
