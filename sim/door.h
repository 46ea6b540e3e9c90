#pragma once

/* door - the edge of a node, modelled: link/edge.h is answered from here, and a wire goes to each
 * client.
 *
 * Output of a turn leaves at its end, replies before pushes, as link/edge.h promises; it takes time
 * to arrive and waits while the client does not read. Over `queued_bytes_max` a push is refused,
 * and the service is told when everything has left. Bytes of one direction are never reordered. */

#include "link/edge.h"
#include "scene.h"

#define DOOR_SLOTS 64

struct cluster;
struct client;

struct wire_text {
    struct wire_text *next;
    uint32_t size;
    char bytes[];
};

/* One connection; the world's memory, kept until the end of the run. */
struct wire {
    struct wire *next;
    struct cluster *cluster;
    struct client *client;
    uint32_t number, node, life, slot, generation;
    uint64_t to_client_us, to_node_us; /* what was sent before arrives by then */
    uint64_t stalled_until_us;
    uint32_t queued;                        /* bytes on their way to the client */
    struct wire_text *first, *last;         /* that the node has not taken */
    struct wire_text *out_first, *out_last; /* on their way to the client */
    bool pumping;
    bool open_here, open_there; /* at the client; at the node */
};

/* A connection of `client` to that node: later client_on_... of client.h, or on_closed. */
struct wire *wire_open(struct cluster *cluster, struct client *client, uint32_t node);
void wire_say(struct wire *wire, const char *bytes, uint32_t size);

/* Broken, or closed by the client. The client hears nothing more. */
void wire_cut(struct wire *wire);
void wire_free_all(struct cluster *cluster);

struct edge *door_create(struct cluster *cluster, uint32_t node, uint32_t life);
void door_flush(struct edge *edge);
void door_crash(struct edge *edge);
void door_destroy(struct edge *edge);
