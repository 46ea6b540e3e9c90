#pragma once

/* bus_inner - what the files of the model of the bus share. */

#include "bus.h"

uint64_t bus_hop(struct bus *bus);

/* Not before what went over the lane before it. */
void bus_add_in_order(
    struct bus *bus, struct bus_lane *lane, struct event *event_take, uint64_t after_us);

/* bus_shards.c */
void bus_shards_join(struct bus_end *end);
void bus_offer(struct bus *bus, uint32_t number, uint32_t node, uint64_t after_us);
void bus_offer_somewhere(struct bus *bus, uint32_t number);
uint32_t bus_some_node(struct bus *bus);
void bus_move_to(struct bus *bus, uint32_t number, uint32_t node);
