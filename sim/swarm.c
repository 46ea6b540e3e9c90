/* swarm - see the header.
 *
 * Happy path: each number is drawn once, in the order of this file. How it fails: what is left out
 * by the options is drawn all the same, so that a run without it is the same run otherwise. */

#include "swarm.h"

#include <stdio.h>

#include "cluster.h"
#include "heap.h"
#include "node.h"

#define DOWN_US_MAX 6000000
#define PAUSE_US_MAX 20000000
#define STALL_US_MAX 15000000
#define GATHER_MORE_MS_MAX 20000
#define SKEW_MS_MAX 10000
#define SKEW_FAR_MS_MAX 300000

struct round_event {
    struct event event;
    struct cluster *cluster;
    uint32_t node;
};

static const uint32_t most[FAULT_COUNT] = {
#define FAULT(name, most, holds_up, doc) most,
#include "faults.def"
#undef FAULT
};

static const char *const names[FAULT_COUNT] = {
#define FAULT(name, most, holds_up, doc) #name,
#include "faults.def"
#undef FAULT
};

/* ---- drawing */

static void draw_faults(struct cluster *cluster, struct dice *dice)
{
    bool quiet = dice_hits(dice, 1000);
    for (uint32_t i = 0; i < FAULT_peek; i++) {
        bool on = dice_hits(dice, 4000);
        uint32_t chance = (uint32_t)dice_between(dice, 1, most[i]);
        cluster->faults.chance[i] = on && !quiet ? chance : 0;
        cluster->clocks_move |= i == FAULT_clock && cluster->faults.chance[i] > 0;
    }
    cluster->misfortune_us = dice_between(dice, 300000, 5000000);
}

/* In some runs all is told at once, and that is judged. Peeking hurts nobody: it is in most. */
static void draw_more_faults(struct cluster *cluster)
{
    struct dice dice = dice_fork(&cluster->dice, 10);
    uint32_t *chance = cluster->faults.chance;
    bool prompt = dice_hits(&dice, 2000), peeks = dice_hits(&dice, 8000);
    uint32_t peek_chance = (uint32_t)dice_between(&dice, 1, most[FAULT_peek]);
    for (uint32_t i = 0; i < FAULT_COUNT; i++) {
        chance[i] = prompt && fault_holds_up((enum fault)i) ? 0 : chance[i];
    }
    chance[FAULT_peek] = peeks ? peek_chance : 0;
    for (uint32_t i = 0; cluster->options.replays && i < FAULT_COUNT; i++) {
        chance[i] = scenario_count(&cluster->scenario, (enum fault)i);
    }
}

/* In some runs clocks are all that goes wrong, and they go far: commands come too late, and even so
 * each is answered. */
static void draw_clocks(struct cluster *cluster)
{
    struct dice dice = dice_fork(&cluster->dice, 13);
    bool alone = dice_hits(&dice, 1000);
    for (uint32_t i = 0; alone && i < FAULT_COUNT; i++) {
        bool moves = i == FAULT_clock || i == FAULT_clock_far;
        cluster->faults.chance[i] = moves ? (uint32_t)dice_between(&dice, 3000, most[i]) : 0;
    }
    cluster->clocks_move |= alone;
}

static void draw_limits(struct cluster *cluster, struct dice *dice)
{
    struct settings *settings =
        settings_create((const struct settings_table *[]){&chat_settings_table,
                            &message_settings_table, &socket_settings_table},
            3);
    settings_fill(settings, &chat_settings_table, &cluster->chat);
    settings_fill(settings, &message_settings_table, &cluster->message);
    settings_fill(settings, &socket_settings_table, &cluster->socket);
    settings_destroy(settings);
    bool tiny = dice_hits(dice, 4000);
    cluster->chat.rooms_loaded_max = tiny ? dice_between(dice, 1, 4) : 1000;
    cluster->chat.rooms_known_max = tiny ? dice_between(dice, PLACES_MAX, 40) : 1000;
    cluster->chat.resend_frames = tiny ? 16 : 256;
    cluster->chat.resend_bytes_max = tiny ? 4096 : 268435456;
    cluster->chat.commands_max = 512;
    cluster->chat.blocks_ms = 2000;
    cluster->message.gather_ms = dice_below(dice, 40);
    cluster->message.rooms_cached = tiny ? 16 : 256;
    cluster->message.hot_pages_max = tiny ? 2 : 256;
    cluster->message.names_max = tiny ? 2 : 256;
    cluster->message.lists_max = cluster->message.tails_max = tiny ? 2 : 256;
    cluster->message.batch_records_max = tiny ? dice_between(dice, 1, 8) : 64;
    cluster->socket.connections_max = DOOR_SLOTS;
    cluster->socket.rooms_max = 64;
    cluster->socket.pending_max = 512;
    cluster->socket.watched_max = 64;
    cluster->socket.in_flight = tiny ? 4 : 64;
    cluster->socket.merge_connections = tiny ? 2 : 64;
    cluster->socket.messages_per_second = 0;
    cluster->socket.commands_per_second = 0;
    cluster->socket.refused_per_10s = 0;
    cluster->socket.rotation_ms = 10000;
    cluster->socket.roster_rotation_ms = 15000;
    cluster->queued_bytes_max =
        (uint32_t)(dice_hits(dice, 5000) ? dice_between(dice, 500, 8000) : 262144);
}

/* What the options ask for counts, and is drawn all the same: then the rest is as without it. */
static uint32_t asked_or(uint64_t asked, uint64_t drawn)
{
    return (uint32_t)(asked ? asked : drawn);
}

static void draw_places(struct cluster *cluster, struct dice *dice)
{
    cluster->places.count = (uint32_t)dice_between(dice, 1, 8);
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        struct place *place = &cluster->places.at[i];
        place->creator = (uint32_t)dice_below(dice, cluster->client_count);
        place->kind = i % 2 ? cht_room_kind_channel : cht_room_kind_group;
        snprintf(place->cid, sizeof(place->cid), "room-%u", i);
        struct cht_id creator = people_id(cluster->clients[place->creator]->user);
        struct cht_str cid = {place->cid, 6};
        cht_id_of_new_room(&creator, cid, &place->room);
    }
}

static bool is_place(const struct places *places, const struct cht_id *room)
{
    for (uint32_t i = 0; i < places->count; i++) {
        if (cht_id_equal(&places->at[i].room, room)) {
            return true;
        }
    }
    return false;
}

/* Two people, now and then one alone; a pair has one room. */
static void draw_directs(struct cluster *cluster)
{
    struct dice dice = dice_fork(&cluster->dice, 8);
    struct places *places = &cluster->places;
    for (uint64_t left = dice_below(&dice, 4); left > 0; left--) {
        struct place place = {.kind = cht_room_kind_direct,
            .creator = (uint32_t)dice_below(&dice, cluster->client_count),
            .late = dice_hits(&dice, 5000)};
        place.pair[0] = cluster->clients[place.creator]->user;
        place.pair[1] = (uint32_t)dice_between(&dice, 1, cluster->people.count);
        struct cht_id one = people_id(place.pair[0]), other = people_id(place.pair[1]);
        cht_id_of_direct_room(&one, &other, &place.room);
        snprintf(place.cid, sizeof(place.cid), "room-%u", places->count);
        if (!is_place(places, &place.room)) {
            places->at[places->count++] = place;
        }
    }
    places->count = asked_or(cluster->options.rooms, places->count);
}

static void draw_acts_off(struct cluster *cluster, struct dice *dice, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        cluster->acts_off |= dice_hits(dice, 3000) ? 1u << i : 0;
    }
}

/* Where clocks move, a token may be over everywhere before it is used. */
static void draw_tokens(struct cluster *cluster)
{
    struct dice dice = dice_fork(&cluster->dice, 9);
    bool ends = dice_hits(&dice, 3000) && !cluster->clocks_move;
    cluster->token_us = ends ? dice_between(&dice, 5000000, 40000000) : 0;
}

/* In some runs nodes soon forget rooms in which nobody of theirs is any more. */
static void draw_forgetting(struct cluster *cluster)
{
    struct dice dice = dice_fork(&cluster->dice, 11);
    if (dice_hits(&dice, 3000)) {
        cluster->socket.room_idle_ms = 200;
        cluster->socket.rotation_ms = 1000;
    }
}

/* In half of the worlds records gather for longer than a question waits: what is asked for is there
 * in time only if the question hurries it. */
static void draw_gathering(struct cluster *cluster)
{
    struct dice dice = dice_fork(&cluster->dice, 12);
    if (dice_hits(&dice, 5000)) {
        cluster->message.gather_ms =
            cluster->message.fresh_wait_ms + dice_between(&dice, 100, GATHER_MORE_MS_MAX);
    }
}

void swarm_draw(struct cluster *cluster)
{
    struct dice dice = dice_fork(&cluster->dice, 1);
    const struct options *options = &cluster->options;
    cluster->node_count = asked_or(options->nodes, dice_between(&dice, 1, 4));
    cluster->bus.node_count = cluster->node_count;
    cluster->bus.shard_count = asked_or(options->shards, dice_between(&dice, 1, 4));
    cluster->people.count = (uint32_t)dice_between(&dice, 2, 8);
    uint64_t clients = cluster->people.count + dice_between(&dice, 0, 4);
    cluster->client_count = asked_or(options->clients, clients);
    draw_faults(cluster, &dice);
    draw_clocks(cluster);
    draw_limits(cluster, &dice);
    for (uint32_t i = 0; i < cluster->client_count; i++) {
        cluster->clients[i] = client_create(cluster, i, 1 + i % cluster->people.count);
    }
    draw_places(cluster, &dice);
    draw_directs(cluster);
    draw_acts_off(cluster, &dice, ACT_send + 1, ACT_create);
    uint64_t chaos_us = dice_between(&dice, 20000000, 60000000);
    cluster->chaos_us = options->chaos_ms ? options->chaos_ms * 1000 : chaos_us;
    draw_acts_off(cluster, &dice, ACT_create + 1, ACT_COUNT);
    draw_tokens(cluster);
    draw_more_faults(cluster);
    draw_forgetting(cluster);
    draw_gathering(cluster);
}

void swarm_print(const struct cluster *cluster)
{
    printf("nodes %u, shards %u, people %u, clients %u, rooms %u, chaos %.1f s, faults:",
        cluster->node_count, cluster->bus.shard_count, cluster->people.count, cluster->client_count,
        cluster->places.count, (double)cluster->chaos_us / 1e6);
    for (uint32_t i = 0; i < FAULT_COUNT; i++) {
        if (cluster->faults.chance[i]) {
            printf(" %s %u", names[i], cluster->faults.chance[i]);
        }
    }
    printf("\n");
}

/* ---- misfortune */

static void run_start(struct scene *scene, struct event *event)
{
    (void)scene;
    struct round_event *start = (struct round_event *)event;
    struct node *node = &start->cluster->nodes[start->node - 1];
    if (node->scene_node.life == 0) {
        node_start(node);
    }
}

static void crash_one(struct cluster *cluster, struct node *node)
{
    cluster->crashes++;
    node_crash(node);
    struct round_event *start = scene_event(sizeof(*start), EVENT_fault, run_start);
    start->cluster = cluster;
    start->node = node->number;
    scene_add(
        &cluster->scene, &start->event, dice_between(&cluster->faults.struck, 1000, DOWN_US_MAX));
}

static void strike_node(struct cluster *cluster, struct dice *dice)
{
    struct node *node = &cluster->nodes[dice_below(dice, cluster->node_count)];
    if (node->scene_node.life == 0) {
        return;
    }
    if (faults_strike(&cluster->faults, FAULT_crash)) {
        crash_one(cluster, node);
    } else if (faults_strike(&cluster->faults, FAULT_pause)) {
        node->scene_node.paused_until_us =
            cluster->scene.now_us + dice_between(&cluster->faults.struck, 2000, PAUSE_US_MAX);
    } else if (faults_strike(&cluster->faults, FAULT_clock)) {
        bool is_far = faults_strike(&cluster->faults, FAULT_clock_far);
        uint64_t far = is_far ? SKEW_FAR_MS_MAX : SKEW_MS_MAX;
        node->skew_ms = (int64_t)dice_below(&cluster->faults.struck, 2 * far) - (int64_t)far;
    }
}

static void strike_client(struct cluster *cluster, struct dice *dice)
{
    struct client *client = cluster->clients[dice_below(dice, cluster->client_count)];
    if (!client->wire) {
        return;
    }
    if (faults_strike(&cluster->faults, FAULT_cut)) {
        struct wire *wire = client->wire;
        wire_cut(wire);
        client_on_closed(client, wire, 1006);
    } else if (faults_strike(&cluster->faults, FAULT_stall)) {
        client->wire->stalled_until_us =
            cluster->scene.now_us + dice_below(&cluster->faults.struck, STALL_US_MAX);
    }
}

/* Each round has dice of its own: it is the same whatever the rounds before it did. */
static void run_round(struct scene *scene, struct event *event)
{
    struct cluster *cluster = ((struct round_event *)event)->cluster;
    if (cluster->faults.healed) {
        return;
    }
    struct dice dice = dice_fork(&cluster->rounds, ++cluster->misfortunes);
    uint64_t next_us = 1 + dice_below(&dice, cluster->misfortune_us * 2);
    uint32_t shard = (uint32_t)dice_below(&dice, cluster->bus.shard_count);
    strike_client(cluster, &dice);
    strike_node(cluster, &dice);
    if (faults_strike(&cluster->faults, FAULT_move)) {
        bus_move(&cluster->bus, shard);
    }
    if (faults_strike(&cluster->faults, FAULT_flush)) {
        people_flush(&cluster->people);
    }
    struct round_event *next = scene_event(sizeof(*next), EVENT_fault, run_round);
    next->cluster = cluster;
    scene_add(scene, &next->event, next_us);
}

void swarm_start_misfortune(struct cluster *cluster)
{
    struct round_event *first = scene_event(sizeof(*first), EVENT_fault, run_round);
    first->cluster = cluster;
    scene_add(&cluster->scene, &first->event, 1);
}

/* Pauses and stalls that have begun run out. */
void swarm_heal(struct cluster *cluster)
{
    cluster->faults.healed = true;
    cluster->people.flushed_until_us = 0;
    cluster->healed_us = cluster->scene.now_us + PAUSE_US_MAX;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        if (cluster->nodes[i].scene_node.life == 0) {
            node_start(&cluster->nodes[i]);
        }
    }
}
