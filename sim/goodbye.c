/* goodbye - see the header.
 *
 * Happy path: a `room.leave` for each room, the mark, a cast, and the word of the sessions engine
 * to every node within two seconds. How it fails: a leave that is not sent stops it before the
 * mark. */

#include "goodbye.h"

#include "client.h"
#include "cluster.h"
#include "node.h"

#define TOLD_US_MAX 2000000

struct revoked_event {
    struct event event;
    struct cluster *cluster;
    uint32_t user;
};

static struct buf *encode(const struct cht_event_row *row, const void *event)
{
    struct buf *bytes = buf_create(cht_encoded_size(row, event));
    bytes->size = bytes->capacity;
    cht_encode(row, event, bytes->bytes);
    return bytes;
}

static bool leave(struct node *node, uint32_t user, const struct cht_id *room)
{
    uint64_t now_ms = loop_wall_ms(&node->loop);
    struct cht_command command = {.type = cht_command_type_room_leave,
        .author = people_id(user),
        .room = *room,
        .cid = {"account-deleted", 15},
        .sent_at = now_ms,
        .deadline = now_ms + 3600000};
    struct buf *bytes = encode(&cht_row_command, &command);
    bool sent =
        shards_try_post(&node->bus.shards, cht_shard_of_room(room, node->bus.shards.count), bytes);
    buf_unref(bytes);
    return sent;
}

static bool leave_all(struct node *node, uint32_t user)
{
    const struct cluster *cluster = node->cluster;
    bool sent = true;
    for (uint32_t i = 0; i < cluster->places.count && sent; i++) {
        const struct truth_room *room = truth_room(&cluster->truth, &cluster->places.at[i].room);
        if (truth_is_member(room, user)) {
            sent = leave(node, user, &room->id);
        }
    }
    return sent;
}

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

void goodbye_say(struct client *client)
{
    struct cluster *cluster = client->cluster;
    struct node *node = &cluster->nodes[client->wire->node - 1];
    bool up = node->scene_node.life != 0;
    if (!up || cluster->people.deleted_us[client->user] || !leave_all(node, client->user)) {
        return;
    }
    cluster->people.deleted_us[client->user] = cluster->scene.now_us;
    struct cht_revoked revoked = {.user = people_id(client->user), .version = 2};
    struct buf *bytes = encode(&cht_row_revoked, &revoked);
    cast_send(&node->bus.cast, bytes);
    buf_unref(bytes);
    tell_nodes(cluster, client->user);
}
