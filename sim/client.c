/* client - its life: connecting, ticking, losing its wire.
 *
 * Happy path: connect, `ready`, sync, then a tick now and then that tries, repeats and fetches. How
 * it fails: whatever breaks the wire; then it comes back after a while, to any node. */

#include "client.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "choose.h"
#include "cluster.h"
#include "node.h"

#define TICK_US_MIN 10000
#define TICK_US_MAX 120000
#define RECONNECT_US_MAX 2000000
#define SYNC_AGAIN_US 4000000
#define ASK_BOUND_US 16000000
#define CLOSED_EXPIRED 4001
#define CLOSED_REVOKED 4002
#define REVOKED_US 3000000
#define REVOKED_SLOW_US 20000000
#define TOLD_US 4000000  /* what is durable is told by then */
#define KNOWN_US 5000000 /* a connection and a membership are known by then */
#define KNOWN_FLUSHED_US 20000000

struct tick_event {
    struct event event;
    struct client *client;
};

struct identity client_identity(const struct client *client)
{
    struct identity who = {.user = people_id(client->user),
        .device = people_id(client->user),
        .token_version = 1,
        .issued_at = 1,
        .expires_at =
            client->token_ends_us ? node_wall_ms(client->token_ends_us) : UINT64_C(1900000000000)};
    who.device.bytes[1] = 1;
    who.device.bytes[2] = (uint8_t)client->number;
    return who;
}

void client_connect(struct client *client)
{
    struct cluster *cluster = client->cluster;
    uint32_t node = 1 + (uint32_t)dice_below(&client->dice, cluster->node_count);
    uint64_t ends_us = cluster->scene.now_us + cluster->token_us;
    client->token_ends_us = cluster->token_us && ends_us < cluster->chaos_us ? ends_us : 0;
    client->wire = wire_open(cluster, client, node);
    client->ready = client->synced = false;
    memset(client->presence, 0, sizeof(client->presence));
    for (uint32_t i = 0; i < PLACES_MAX; i++) {
        client->views[i].live = client->views[i].awaited = 0;
        client->views[i].fetching = false;
    }
}

static void lose_wire(struct client *client)
{
    struct cluster *cluster = client->cluster;
    client->wire = NULL;
    client->ready = client->synced = false;
    client->connect_us =
        cluster->scene.now_us + dice_between(&client->dice, 1000, RECONNECT_US_MAX);
    memset(client->asks, 0, sizeof(client->asks));
    act_on_broken(client);
}

static bool is_deleted(const struct client *client)
{
    return client->cluster->people.deleted_us[client->user] > 0;
}

/* I18: no connection outlives its token or its account for long. */
static void check_account(struct client *client)
{
    const struct cluster *cluster = client->cluster;
    bool slow = cluster->faults.chance[FAULT_pause] || cluster->faults.chance[FAULT_stall];
    uint64_t gone_us = cluster->people.deleted_us[client->user];
    uint64_t from_us = gone_us ? gone_us : client->token_ends_us;
    if (from_us == 0 || (slow && !cluster->healed_us)) {
        return;
    }
    from_us = from_us > cluster->healed_us ? from_us : cluster->healed_us;
    if (cluster->scene.now_us > from_us + (slow ? REVOKED_SLOW_US : REVOKED_US)) {
        scene_fail(&client->cluster->scene, "I18", "client %u is connected and its %s",
            client->number, gone_us ? "account is gone" : "token is over");
    }
}

void client_on_closed(struct client *client, struct wire *wire, uint16_t code)
{
    if (client->wire != wire) {
        return;
    }
    scene_mix(&client->cluster->scene, code);
    static const uint16_t expected[] = {1006, 1012, 1013, 4003, 4007};
    uint64_t now_us = client->cluster->scene.now_us;
    bool over = client->token_ends_us && client->token_ends_us < now_us + 1000000;
    bool listed =
        (code == CLOSED_REVOKED && is_deleted(client)) || (code == CLOSED_EXPIRED && over);
    for (uint32_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        listed |= expected[i] == code;
    }
    if (!listed) {
        scene_fail(&client->cluster->scene, "I20", "a connection of client %u ended with %u",
            client->number, code);
    }
    lose_wire(client);
    if (code == CLOSED_REVOKED) {
        act_give_up(client);
        client->connect_us = UINT64_MAX;
    }
}

void client_reconnect(struct client *client)
{
    wire_cut(client->wire);
    lose_wire(client);
}

void client_leave(struct client *client)
{
    if (client->wire) {
        client_reconnect(client);
    }
    client->connect_us = UINT64_MAX;
}

/* What was asked on a wire that is still open has to be answered. */
static void check_asks(struct client *client)
{
    struct scene *scene = &client->cluster->scene;
    for (uint32_t i = 0; i < CLIENT_QUERIES_MAX; i++) {
        const struct ask *ask = &client->asks[i];
        bool late = ask->kind != QUERY_NONE && scene->now_us > ask->asked_us + ASK_BOUND_US;
        if (late && client->cluster->healed_us && ask->asked_us > client->cluster->healed_us) {
            scene_fail(scene, "I19", "client %u was not answered a question of kind %d",
                client->number, (int)ask->kind);
        }
    }
}

/* Was it due on this wire: did the user see it happen, and had it been in the room for so long
 * that all nodes knew? Of who comes and goes not all are told. */
static bool is_due(const struct client *client, const struct truth_room *room, uint64_t seq)
{
    bool flushes = client->cluster->faults.chance[FAULT_flush] > 0;
    const struct truth_entry *entry = truth_entry(room, seq);
    uint64_t known_us = flushes ? KNOWN_FLUSHED_US : KNOWN_US;
    uint64_t since_us = entry->landed_us > known_us ? entry->landed_us - known_us : 0;
    bool due = entry->kind != cht_entry_kind_member && client->ready_us < since_us;
    while (due && entry && entry->landed_us > since_us) {
        due = entry->members >> client->user & 1;
        entry = truth_entry(room, --seq);
    }
    return due && entry && (entry->members >> client->user & 1);
}

/* I26: where nothing holds it up, what happens is told as it happens, not only to who asks. */
static void check_told(struct client *client)
{
    struct cluster *cluster = client->cluster;
    uint64_t now_us = cluster->scene.now_us;
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        const struct truth_room *room = truth_room(&cluster->truth, &cluster->places.at[i].room);
        struct view *view = &client->views[i];
        view->awaited = view->live > view->awaited ? view->live : view->awaited;
        const struct truth_entry *next;
        while (
            (next = truth_entry(room, view->awaited + 1)) && next->landed_us + TOLD_US < now_us) {
            view->awaited++;
            if (is_due(client, room, view->awaited)) {
                scene_fail(&cluster->scene, "I26", "client %u was not told entry %llu of room %u",
                    client->number, (unsigned long long)view->awaited, i);
            }
        }
    }
}

static void fetch_some(struct client *client)
{
    for (uint32_t i = 0; i < client->cluster->places.count; i++) {
        struct view *view = &client->views[i];
        if (view->wanted > view->applied && !view->fetching) {
            client_fetch(client, i);
        }
    }
}

static void run_tick(struct scene *scene, struct event *event)
{
    struct client *client = ((struct tick_event *)event)->client;
    if (!client->wire && scene->now_us >= client->connect_us) {
        client_connect(client);
    }
    if (client->ready) {
        if (!client->synced || scene->now_us > client->sync_us + SYNC_AGAIN_US * 5) {
            client_sync(client);
        }
        fetch_some(client);
        act_tick(client);
        choose_steps(client);
        check_asks(client);
        check_account(client);
        if (cluster_has_space(client->cluster) && faults_prompt(&client->cluster->faults)) {
            check_told(client);
        }
    }
    struct tick_event *next = scene_event(sizeof(*next), EVENT_client, run_tick);
    next->client = client;
    next->event.digest = client->number;
    scene_add(scene, &next->event, dice_between(&client->dice, TICK_US_MIN, TICK_US_MAX));
}

struct client *client_create(struct cluster *cluster, uint32_t number, uint32_t user)
{
    struct client *client = mem_new(sizeof(*client));
    client->cluster = cluster;
    client->number = number;
    client->user = user;
    client->dice = dice_fork(&cluster->dice, 1000 + number);
    client->choices = dice_fork(&cluster->dice, 2000 + number);
    return client;
}

void client_start(struct client *client)
{
    struct tick_event *first = scene_event(sizeof(*first), EVENT_client, run_tick);
    first->client = client;
    scene_add(&client->cluster->scene, &first->event, dice_below(&client->dice, 1000000));
}

/* Whole text frames, as link/edge.h leaves them. */
void client_on_frames(struct client *client, struct wire *wire, const uint8_t *bytes, uint32_t size)
{
    uint32_t at = 0;
    while (at < size && client->wire == wire) {
        uint32_t header = 2;
        uint64_t length = bytes[at + 1];
        CHECK(bytes[at] == 0x81);
        if (length == 126) {
            length = (uint64_t)bytes[at + 2] << 8 | bytes[at + 3];
            header = 4;
        } else if (length == 127) {
            length = 0;
            for (uint32_t i = 0; i < 8; i++) {
                length = length << 8 | bytes[at + 2 + i];
            }
            header = 10;
        }
        CHECK(at + header + length <= size);
        client_on_object(client, (const char *)bytes + at + header, (uint32_t)length);
        at += header + (uint32_t)length;
    }
}
