#pragma once

/* node - one worker process: a loop, the ports, and the services chat, message and socket on them.
 *
 * A crash takes its heap, its loop, its timers and whatever it asked; the engines keep what is
 * durable and what is on its way. A start makes everything anew, with a later boot number. */

#include "base/timers.h"
#include "bus.h"
#include "chat/chat.h"
#include "desk.h"
#include "door.h"
#include "journal.h"
#include "message/message.h"
#include "people.h"
#include "scene.h"
#include "socket/socket.h"
#include "store.h"
#include "user/room_asks.h"
#include "user/room_lists.h"
#include "world/random.h"

struct cluster;

struct node {
    struct scene_node scene_node; /* first */
    struct cluster *cluster;
    uint32_t number; /* its mail address */
    uint32_t lives;
    int64_t skew_ms;
    uint64_t born_us;
    struct loop loop;
    struct timers timers;
    struct task_queue deferred;
    struct loop_hook *turn_end;
    uint64_t wake_us; /* the earliest turn that is waiting */
    struct random random;
    struct dice dice;
    struct world world;
    struct sim_desk desk;
    struct bus_end bus;
    struct journal_port journal;
    struct store_port store;
    struct people_port people;
    struct edge *edge;
    struct chat_service *chat;
    struct message_service *message;
    struct socket_service *socket;
    struct room_asks room_asks; /* of accounts that are deleted */
    struct room_lists room_lists;
    uint32_t goodbyes; /* under way */
};

void node_init(struct node *node, struct cluster *cluster, uint32_t number);

/* Down: nothing happens. */
void node_crash(struct node *node);
void node_start(struct node *node);

/* What a clock that is right shows. */
uint64_t node_wall_ms(uint64_t now_us);

/* Every client is gone and nothing is asked: ends its services in order. True if nothing of its
 * heap is left. */
bool node_stop(struct node *node);
bool node_is_idle(const struct node *node);
