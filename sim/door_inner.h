#pragma once

/* door_inner - the edge of a node, as its two files have it: door.c answers the node, wire.c is
 * what comes from clients. */

#include "door.h"
#include "wire.h"

struct piece {
    struct edge_block *block; /* or copied bytes */
    uint8_t *bytes;
    uint32_t size;
};

struct slot {
    struct wire *wire;
    uint32_t generation;
    bool open, paused, refused, closing;
    uint16_t code;
    struct piece *replies, *pushes;
    uint32_t reply_count, push_count, reply_capacity, push_capacity;
    uint32_t fresh; /* bytes of this turn */
};

struct edge {
    struct cluster *cluster;
    struct edge_ws_handler *ws;
    uint32_t node, life;
    uint32_t called; /* the slot whose callback runs, + 1 */
    struct slot slots[DOOR_SLOTS];
};

/* door.c: the slot has a code; the service hears of it. */
void door_finish_close(struct edge *edge, uint32_t number);
