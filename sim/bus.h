#pragma once

/* bus - the ports shards, mail and cast, modelled.
 *
 * Shards: a list of commands each, with a cursor for whoever is told to own it. Ownership is given
 * by the model, to one node at a time; with `overlap` the former owner is not told for a while.
 * What was given and not done comes again to the next owner, with `redeliver` also what was done;
 * with `again` a command has a second place. Mail and cast: in order per sender and receiver, lost
 * or late as the faults say. A mail goes to an address: who started anew there gets it too. */

#include "faults.h"
#include "ports/cast.h"
#include "ports/mail.h"
#include "ports/shards.h"
#include "scene.h"

#define BUS_SHARDS_MAX 16
#define BUS_HANDLERS_MAX 4

struct bus_command {
    uint8_t *bytes; /* the world's */
    uint32_t size;
    uint32_t held; /* a bit for each node that has it and has not said that it is done */
    bool done;
};

/* One who was told to own the shard and has not been told to stop. */
struct bus_owner {
    uint32_t node, life; /* node 0: nobody */
    uint32_t given;      /* the next place */
};

struct bus_shard {
    struct bus_command *commands;
    uint32_t count, capacity;
    struct bus_owner owner;
    struct bus_owner former; /* overlaps */
    uint64_t offer_order;    /* only the newest offer counts */
    uint32_t offered;        /* to this node; 0: no offer is on its way */
};

struct bus_lane {
    uint64_t until_us; /* what was sent before arrives by then */
};

struct bus_end;

struct bus {
    struct scene *scene;
    struct faults *faults;
    struct dice dice;
    uint32_t shard_count, node_count;
    struct bus_shard shards[BUS_SHARDS_MAX];
    struct bus_end *ends[SCENE_NODES_MAX];
    struct bus_lane mail_lanes[SCENE_NODES_MAX][SCENE_NODES_MAX][MAIL_BOX_COUNT + 1];
    struct bus_lane command_lanes[SCENE_NODES_MAX][BUS_SHARDS_MAX];
    uint64_t commands, mails, lost;
    /* May be NULL: hears of every mail as it is sent. */
    void (*on_mail)(void *context, const uint8_t *bytes, uint32_t size);
    void *context;
};

struct bus_end {
    struct shards shards;
    struct mail mail;
    struct cast cast;
    struct bus *bus;
    uint32_t node;
    struct shards_handler *owner;
    uint32_t credit;
    struct mail_handler *boxes[MAIL_BOX_COUNT][BUS_HANDLERS_MAX];
    uint32_t box_counts[MAIL_BOX_COUNT];
    struct cast_handler *casts;
    uint64_t dropped;
};

void bus_init(struct bus *bus, struct scene *scene, struct faults *faults, struct dice dice);
void bus_deinit(struct bus *bus);
void bus_join(struct bus_end *end, struct bus *bus, uint32_t node, uint64_t boot);
void bus_leave(struct bus *bus, uint32_t node);

/* Misfortune: a shard goes to another node. */
void bus_move(struct bus *bus, uint32_t shard);

/* Commands that are not done. */
uint64_t bus_waiting(const struct bus *bus);
