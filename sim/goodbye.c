/* goodbye - see the header.
 *
 * Happy path: the list of rooms and a `room.leave` for each, with the service's own repeats; when
 * all are answered the mark, a cast, and the word of the sessions engine to every node within two
 * seconds. How it fails: a list that does not come, a leave that stays refused for now, and a
 * crash, stop it before the mark. */

#include "goodbye.h"

#include <stdio.h>

#include "base/check.h"
#include "base/event_buf.h"
#include "base/mem.h"
#include "client.h"
#include "cluster.h"
#include "flow/flow.h"
#include "node.h"

#define TOLD_US_MAX 2000000
#define LEAVE_MS 10000

/* Of one node, which may crash. */
struct goodbye {
    struct flow flow; /* first */
    struct node *node;
    uint32_t user, leave_count;
    uint64_t began_us;
    char cid[64];
    struct room_list_op rooms;
    struct room_ask_op leaves[PLACES_MAX];
};

struct goodbye_event {
    struct event event;
    struct node *node;
    uint32_t user;
};

struct revoked_event {
    struct event event;
    struct cluster *cluster;
    uint32_t user;
};

static void run_revoked(struct scene *scene, struct event *event)
{
    (void)scene;
    const struct revoked_event *revoked = (struct revoked_event *)event;
    struct sessions_listener *listener = revoked->cluster->nodes[event->node - 1].people.listener;
    struct revocation revocation = {.user = people_id(revoked->user), .version = 2};
    listener->on_revoked(listener, &revocation);
}

static void tell_nodes(struct cluster *cluster, uint32_t user)
{
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        struct scene_node *node = &cluster->nodes[i].scene_node;
        if (node->life == 0) {
            continue;
        }
        struct revoked_event *event = scene_event(sizeof(*event), EVENT_fault, run_revoked);
        event->event.node = i + 1;
        event->event.life = node->life;
        event->event.whole_node = true;
        event->cluster = cluster;
        event->user = user;
        scene_add(&cluster->scene, &event->event, dice_below(&cluster->chance, TOLD_US_MAX));
    }
}

static void ask_rooms(struct flow *flow)
{
    struct goodbye *goodbye = (struct goodbye *)flow;
    goodbye->rooms.user = people_id(goodbye->user);
    room_list(&goodbye->node->room_lists, &flow->asker, &goodbye->rooms);
}

static void leave_all(struct flow *flow)
{
    struct goodbye *goodbye = (struct goodbye *)flow;
    const struct cht_room_place *rooms = goodbye->rooms.page.rooms.at;
    goodbye->leave_count = goodbye->rooms.page.rooms.count;
    CHECK(goodbye->leave_count <= PLACES_MAX);
    for (uint32_t i = 0; i < goodbye->leave_count; i++) {
        struct cht_command command = {.type = cht_command_type_room_leave,
            .author = goodbye->rooms.user,
            .room = rooms[i].room,
            .cid = cht_str_of(goodbye->cid)};
        struct room_ask_op *leave = &goodbye->leaves[i];
        leave->repeat_ms = LEAVE_MS;
        room_ask(&goodbye->node->room_asks, flow_tolerate(flow), leave, &command);
    }
}

static void mark(struct flow *flow)
{
    struct goodbye *goodbye = (struct goodbye *)flow;
    struct cluster *cluster = goodbye->node->cluster;
    for (uint32_t i = 0; i < goodbye->leave_count; i++) {
        enum err err = goodbye->leaves[i].op.err;
        if (err != OK && err_may_retry(err)) {
            return;
        }
    }
    if (cluster->people.deleted_us[goodbye->user]) {
        return;
    }
    cluster->people.goodbye_us[goodbye->user] = goodbye->began_us;
    cluster->people.deleted_us[goodbye->user] = cluster->scene.now_us;
    struct cht_revoked revoked = {.user = people_id(goodbye->user), .version = 2};
    struct buf *bytes = event_buf_encode(&cht_row_revoked, &revoked);
    cast_send(&goodbye->node->bus.cast, bytes);
    buf_unref(bytes);
    tell_nodes(cluster, goodbye->user);
}

static void finish(struct flow *flow)
{
    struct goodbye *goodbye = (struct goodbye *)flow;
    goodbye->node->goodbyes--;
    arena_deinit(&goodbye->rooms.arena);
    mem_free(goodbye);
}

static void run_goodbye(struct scene *scene, struct event *event)
{
    static const struct flow_step steps[] = {
        {"ask_rooms", ask_rooms}, {"leave_all", leave_all}, {"mark", mark}, {"finish", finish}};
    const struct goodbye_event *asked = (struct goodbye_event *)event;
    struct goodbye *goodbye = mem_new(sizeof(*goodbye));
    goodbye->node = asked->node;
    goodbye->user = asked->user;
    goodbye->began_us = scene->now_us;
    snprintf(goodbye->cid, sizeof(goodbye->cid), "account-deleted:%llu",
        (unsigned long long)scene->now_us);
    asked->node->goodbyes++;
    flow_start(&goodbye->flow, &asked->node->loop, steps, FLOW_STEPS(steps));
}

void goodbye_say(struct client *client)
{
    struct cluster *cluster = client->cluster;
    struct node *node = &cluster->nodes[client->wire->node - 1];
    if (node->scene_node.life == 0 || cluster->people.deleted_us[client->user]) {
        return;
    }
    struct goodbye_event *event = scene_event(sizeof(*event), EVENT_fault, run_goodbye);
    event->event.node = node->number;
    event->event.life = node->scene_node.life;
    event->event.whole_node = true;
    event->node = node;
    event->user = client->user;
    scene_add(&cluster->scene, &event->event, 0);
}
