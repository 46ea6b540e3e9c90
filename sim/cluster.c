/* cluster - see the header.
 *
 * Happy path: all phases, then a quiet audit. How it fails: the first broken promise ends the run
 * and is kept with its words. */

#include "cluster.h"

#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "base/check.h"
#include "base/mem.h"
#include "heap.h"
#include "mail_check.h"
#include "node.h"
#include "swarm.h"

#define WARM_UP_US 4000000
#define CALM_US 1000000      /* between looks whether all is quiet */
#define LIVENESS_US 60000000 /* after everything is healed */
#define PROBE_US 5000000
#define HELD_UP_US 1500000
#define GOODBYE_US 15000000
#define BLOCK_SLACK_US 8000000   /* what was under way */
#define BLOCK_PAUSED_US 30000000 /* in a node that stood still */

static struct cluster *of_logger(struct logger *logger)
{
    return container_of(logger, struct cluster, logger);
}

static uint64_t wall_of_log(struct logger *logger)
{
    return UINT64_C(1700000000000) + of_logger(logger)->scene.now_us / 1000;
}

/* A line of level error asks for a person: that is a broken promise. */
static void hear_log(struct logger *logger, const char *line, uint32_t size)
{
    struct cluster *cluster = of_logger(logger);
    if (cluster->options.log) {
        printf("%.*s", (int)size, line);
    }
    if (strstr(line, "level=error") || strstr(line, " error ")) {
        scene_fail(&cluster->scene, "alarm", "%.*s", (int)(size ? size - 1 : 0), line);
    }
}

/* Somebody reads it now, before it is told. */
static void peek(struct cluster *cluster, const struct cht_id *room)
{
    struct dice *dice = &cluster->faults.struck;
    struct client *client = cluster->clients[dice_below(dice, cluster->client_count)];
    for (uint32_t i = 0; client->ready && i < cluster->places.count; i++) {
        if (cht_id_equal(&cluster->places.at[i].room, room)) {
            client_read_newest(client, i, dice_between(dice, 1, READ_NEWEST_WAYS));
        }
    }
}

static void on_landed(void *context, uint32_t shard, const struct log_item *item)
{
    struct cluster *cluster = context;
    const struct truth_room *room = truth_on_record(&cluster->truth, shard, item);
    if (room && faults_strike(&cluster->faults, FAULT_peek)) {
        peek(cluster, &room->id);
    }
}

static void init(struct cluster *cluster)
{
    struct dice root = {cluster->options.seed * 0x9e3779b97f4a7c15u + 1};
    (void)dice_next(&root);
    cluster->dice = root;
    cluster->chance = dice_fork(&cluster->dice, 2);
    cluster->rounds = dice_fork(&cluster->dice, 5);
    struct dice faults = dice_fork(&cluster->dice, 6);
    faults_init(&cluster->faults, &faults, &cluster->scene.now_us, &cluster->scenario);
    scene_init(&cluster->scene);
    cluster->scene.loud = cluster->options.loud;
    logger_init(
        &cluster->logger, "sim", cluster->options.log ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, false);
    cluster->logger.wall_ms = wall_of_log;
    cluster->logger.write = hear_log;
    bus_init(&cluster->bus, &cluster->scene, &cluster->faults, dice_fork(&cluster->dice, 3));
    cluster->bus.on_mail = mail_check;
    cluster->bus.context = cluster;
    cluster->people.now_us = &cluster->scene.now_us;
    swarm_draw(cluster);
    truth_init(&cluster->truth, &cluster->scene, &cluster->people,
        cluster->faults.chance[FAULT_clock] == 0);
    bool pauses = cluster->faults.chance[FAULT_pause] > 0;
    cluster->truth.blocks_us =
        cluster->chat.blocks_ms * 1000 + (pauses ? BLOCK_PAUSED_US : BLOCK_SLACK_US);
    journal_init(&cluster->journal, cluster->bus.shard_count, dice_fork(&cluster->dice, 4),
        &cluster->faults);
    cluster->journal.on_landed = on_landed;
    cluster->journal.context = cluster;
    cluster->faults.healed = true;
    cluster->nodes = mem_array(cluster->node_count, sizeof(*cluster->nodes));
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        node_init(&cluster->nodes[i], cluster, i + 1);
    }
}

static void pass(struct cluster *cluster, uint64_t us)
{
    scene_run(&cluster->scene, cluster->scene.now_us + us);
}

/* Everybody is there, and the rooms are made. */
static void warm_up(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        node_start(&cluster->nodes[i]);
    }
    for (uint32_t i = 0; i < cluster->client_count; i++) {
        cluster->clients[i]->idle = true;
        client_start(cluster->clients[i]);
    }
    for (uint64_t waited = 0; waited < WARM_UP_US && !cluster->scene.failed; waited += CALM_US) {
        pass(cluster, CALM_US);
    }
    for (uint32_t i = 0; i < cluster->places.count && !cluster->scene.failed; i++) {
        struct client *creator = cluster->clients[cluster->places.at[i].creator];
        if (cluster->places.at[i].late) {
            continue;
        }
        if (creator->ready) {
            act_create_room(creator, i);
        } else {
            scene_fail(&cluster->scene, "I26", "client %u is not ready after the warm-up",
                creator->number);
        }
    }
    pass(cluster, CALM_US);
}

static void set_idle(struct cluster *cluster, bool idle)
{
    for (uint32_t i = 0; i < cluster->client_count; i++) {
        cluster->clients[i]->idle = idle;
    }
}

/* Quiet, within the bound, without help. */
static void wait_for_quiet(struct cluster *cluster)
{
    uint64_t from =
        cluster->scene.now_us > cluster->healed_us ? cluster->scene.now_us : cluster->healed_us;
    uint64_t until = from + LIVENESS_US;
    while (!cluster->scene.failed && !audit_is_quiet(cluster, false)) {
        if (cluster->scene.now_us >= until) {
            (void)audit_is_quiet(cluster, true);
            return;
        }
        pass(cluster, CALM_US);
    }
}

static bool stands_still(const struct cluster *cluster)
{
    uint64_t until_us = 0;
    for (uint32_t n = 0; n < cluster->node_count; n++) {
        uint64_t paused_us = cluster->nodes[n].scene_node.paused_until_us;
        until_us = paused_us > until_us ? paused_us : until_us;
    }
    for (const struct wire *wire = cluster->wires; wire; wire = wire->next) {
        until_us = wire->stalled_until_us > until_us ? wire->stalled_until_us : until_us;
    }
    return cluster->scene.now_us < until_us;
}

/* All may be quiet while a node or a client stands still yet. */
static void wait_for_motion(struct cluster *cluster)
{
    while (!cluster->scene.failed && stands_still(cluster)) {
        pass(cluster, CALM_US);
    }
}

/* A node that stood still finds late that a client is gone, and takes its time to tell
 * (presence.offline_ms). */
static void wait_for_presence(struct cluster *cluster)
{
    const struct socket_settings *socket = &cluster->socket;
    uint64_t told_us = (socket->presence_offline_ms + socket->presence_batch_ms) * 1000 + CALM_US;
    uint64_t until = cluster->scene.now_us + LIVENESS_US;
    while (!cluster->scene.failed && cluster->scene.now_us < until &&
           cluster->scene.now_us < cluster->people.changed_us + told_us) {
        pass(cluster, CALM_US);
    }
}

/* It does not read for a while. */
static void hold_up(const struct cluster *cluster, struct wire *wire)
{
    uint64_t until_us = cluster->scene.now_us + HELD_UP_US;
    if (wire && wire->stalled_until_us < until_us) {
        wire->stalled_until_us = until_us;
    }
}

/* Somebody goes, and comes back: who watches is told that too. */
static void probe_going(struct cluster *cluster)
{
    uint32_t user = cluster->clients[0]->user;
    for (uint32_t c = 0; c < cluster->client_count; c++) {
        if (cluster->clients[c]->user == user) {
            client_leave(cluster->clients[c]);
        }
    }
    pass(cluster, PROBE_US);
    wait_for_presence(cluster);
    audit_presence(cluster);
    for (uint32_t c = 0; c < cluster->client_count; c++) {
        struct client *client = cluster->clients[c];
        bool gone = cluster->people.deleted_us[client->user] > 0;
        client->connect_us = gone || client->wire ? client->connect_us : cluster->scene.now_us;
    }
    wait_for_quiet(cluster);
}

/* Who watches is told who is there, who does not read right then too. Somebody says one more thing
 * in each room: it has to reach everybody as it happens, not because they fetch it. */
static void probe(struct cluster *cluster)
{
    for (uint32_t c = 0; c < cluster->client_count; c++) {
        client_watch(cluster->clients[c]);
        if (c % 2 == 1) {
            hold_up(cluster, cluster->clients[c]->wire);
        }
    }
    wait_for_motion(cluster);
    pass(cluster, PROBE_US);
    wait_for_presence(cluster);
    audit_presence(cluster);
    probe_going(cluster);
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        struct place *place = &cluster->places.at[i];
        for (uint32_t c = 0; c < cluster->client_count && !place->probe; c++) {
            if (cluster->clients[c]->views[i].member) {
                place->probe = act_say(cluster->clients[c], i);
            }
        }
    }
    pass(cluster, PROBE_US);
    wait_for_quiet(cluster);
    if (!cluster->scene.failed) {
        audit_live(cluster);
    }
}

static void say_goodbye(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->client_count; i++) {
        client_leave(cluster->clients[i]);
    }
    pass(cluster, GOODBYE_US);
    for (uint32_t i = 0; i < 50 && !cluster->scene.failed; i++) {
        bool idle = true;
        for (uint32_t n = 0; n < cluster->node_count; n++) {
            idle &= node_is_idle(&cluster->nodes[n]);
        }
        if (idle) {
            break;
        }
        pass(cluster, 7000);
    }
}

/* A node that is gone counts anew: its going changes the number too. */
uint64_t cluster_behind(const struct cluster *cluster)
{
    uint64_t behind = cluster->crashes << 32;
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        const struct node *node = &cluster->nodes[i];
        behind += node->scene_node.life ? message_counters(node->message).behind : 0;
    }
    return behind;
}

bool cluster_has_space(const struct cluster *cluster)
{
    return cluster->chat.rooms_loaded_max >= cluster->places.count;
}

bool cluster_run(struct cluster *cluster, const struct options *options)
{
    *cluster = (struct cluster){.options = *options, .scenario.records = options->records};
    if (options->replays && !scenario_read(&cluster->scenario, stdin)) {
        scene_fail(&cluster->scene, "scenario", "it can not be read");
        return false;
    }
    init(cluster);
    warm_up(cluster);
    set_idle(cluster, false);
    cluster->faults.healed = false;
    swarm_start_misfortune(cluster);
    pass(cluster, cluster->chaos_us);
    if (!cluster->scene.failed) {
        swarm_heal(cluster);
        set_idle(cluster, true);
        wait_for_quiet(cluster);
    }
    if (!cluster->scene.failed) {
        probe(cluster);
    }
    if (!cluster->scene.failed) {
        audit(cluster);
    }
    if (!cluster->scene.failed) {
        say_goodbye(cluster);
    }
    if (!cluster->scene.failed) {
        audit_leftovers(cluster);
    }
    if (bug_count() > 0) {
        scene_fail(&cluster->scene, "BUG", "an invariant of the product was found broken");
    }
    return !cluster->scene.failed;
}

void cluster_free(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        heap_drop(i + 1);
    }
    scene_deinit(&cluster->scene);
    wire_free_all(cluster);
    call_free_all(cluster);
    for (uint32_t i = 0; i < cluster->client_count; i++) {
        mem_free(cluster->clients[i]);
    }
    bus_deinit(&cluster->bus);
    journal_deinit(&cluster->journal);
    store_deinit(&cluster->store);
    truth_deinit(&cluster->truth);
    scenario_deinit(&cluster->scenario);
    mem_free(cluster->nodes);
}
