#pragma once

/* wire - one connection between a client and the door of a node.
 *
 * What is sent takes time to arrive and waits while the client does not read. Bytes of one
 * direction are never reordered. */

#include <stdbool.h>
#include <stdint.h>

struct client;
struct cluster;

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

/* ---- for the door */

/* Frames of a turn leave for the client. Copied. */
void wire_send(struct wire *wire, const uint8_t *bytes, uint32_t size);

/* The client hears of the end, after what was sent before. */
void wire_tell_closed(struct wire *wire, uint16_t code);

/* The node takes the next text, `us` from now. */
void wire_pump_later(struct wire *wire, uint64_t us);
