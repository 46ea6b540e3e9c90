/* node - see the header.
 *
 * Happy path: an event, what it put off in at most LOOP_DEFER_ROUNDS rounds, the output; then the
 * next turn is asked for when the earliest timer wants it. How it fails: by a crash. */

#include "node.h"

#include "base/check.h"
#include "cluster.h"
#include "heap.h"

#define WALL_START_MS UINT64_C(1700000000000)
#define MONOTONIC_START_MS 1000

static struct node *of_loop(struct loop *loop)
{
    return container_of(loop, struct node, loop);
}

static uint64_t now_ms(struct loop *loop)
{
    struct node *node = of_loop(loop);
    return MONOTONIC_START_MS + (node->cluster->scene.now_us - node->born_us) / 1000;
}

uint64_t node_wall_ms(uint64_t now_us)
{
    return WALL_START_MS + now_us / 1000;
}

static uint64_t wall_ms(struct loop *loop)
{
    struct node *node = of_loop(loop);
    return (uint64_t)((int64_t)node_wall_ms(node->cluster->scene.now_us) + node->skew_ms);
}

/* ---- turns */

static void run_turn(struct scene *scene, struct event *event)
{
    (void)scene;
    struct node *node = (struct node *)scene->nodes[event->node];
    node->wake_us = 0;
    timers_fire(&node->timers, now_ms(&node->loop), 1000);
}

static void wake_at(struct node *node, uint64_t at_us)
{
    struct scene *scene = &node->cluster->scene;
    at_us = at_us > scene->now_us ? at_us : scene->now_us;
    if (node->wake_us && node->wake_us <= at_us) {
        return;
    }
    struct event *event = scene_event(sizeof(*event), EVENT_turn, run_turn);
    event->node = node->number;
    event->life = node->scene_node.life;
    event->whole_node = true;
    node->wake_us = at_us ? at_us : 1;
    scene_add_at(scene, event, at_us);
}

static void wake_for_timers(struct node *node)
{
    uint64_t next_ms = timers_next(&node->timers);
    if (next_ms != UINT64_MAX) {
        uint64_t passed_ms = next_ms > MONOTONIC_START_MS ? next_ms - MONOTONIC_START_MS : 0;
        wake_at(node, node->born_us + passed_ms * 1000);
    }
}

static void turn(struct scene_node *scene_node)
{
    struct node *node = (struct node *)scene_node;
    for (int round = 0; round < LOOP_DEFER_ROUNDS && node->deferred.first; round++) {
        struct task_queue now = node->deferred;
        node->deferred = (struct task_queue){0};
        struct task *task;
        while ((task = task_queue_take(&now))) {
            task->run(task);
        }
    }
    for (struct loop_hook *hook = node->turn_end; hook; hook = hook->next) {
        hook->run(hook);
    }
    door_flush(node->edge);
    if (node->deferred.first) {
        wake_at(node, node->cluster->scene.now_us);
    }
    wake_for_timers(node);
}

/* ---- the loop */

static void defer(struct loop *loop, struct task *task)
{
    task_queue_add(&of_loop(loop)->deferred, task);
}

static void post_all(struct loop *loop, struct task_queue *tasks)
{
    task_queue_join(&of_loop(loop)->deferred, tasks);
}

static void add_turn_end(struct loop *loop, struct loop_hook *hook)
{
    struct loop_hook **at = &of_loop(loop)->turn_end;
    while (*at) {
        at = &(*at)->next;
    }
    hook->next = NULL;
    *at = hook;
}

static void start_timer(struct loop *loop, struct timer *timer, uint64_t after_ms)
{
    timers_start(&of_loop(loop)->timers, loop, timer, now_ms(loop) + after_ms);
}

static void stop_timer(struct loop *loop, struct timer *timer)
{
    timers_stop(&of_loop(loop)->timers, timer);
}

static void fill(struct random *random, void *ret_bytes, size_t size)
{
    struct node *node = container_of(random, struct node, random);
    uint8_t *at = ret_bytes;
    for (size_t i = 0; i < size; i++) {
        at[i] = (uint8_t)dice_next(&node->dice);
    }
}

/* ---- life */

void node_init(struct node *node, struct cluster *cluster, uint32_t number)
{
    static const struct loop_ops ops = {
        .defer = defer,
        .post = defer,
        .post_all = post_all,
        .add_turn_end = add_turn_end,
        .timer_start = start_timer,
        .timer_stop = stop_timer,
        .now_ms = now_ms,
        .wall_ms = wall_ms,
    };
    *node = (struct node){.cluster = cluster, .number = number};
    node->scene_node.turn = turn;
    node->scene_node.heap = number;
    node->loop.ops = &ops;
    node->random.fill = fill;
    node->dice = dice_fork(&cluster->dice, 100 + number);
    node->world =
        (struct world){.loop = &node->loop, .random = &node->random, .logger = &cluster->logger};
    cluster->scene.nodes[number] = &node->scene_node;
}

static void open_services(struct node *node)
{
    struct cluster *cluster = node->cluster;
    struct message_deps message = {.world = &node->world,
        .log = &node->journal.log,
        .mail = &node->bus.mail,
        .cast = &node->bus.cast,
        .rooms = &node->store.rooms,
        .history = &node->store.history,
        .users = &node->people.users,
        .secrets = &node->people.secrets,
        .shard_count = cluster->bus.shard_count};
    node->message = message_create(&message, &cluster->message);
    for (uint32_t shard = 0; shard < cluster->bus.shard_count; shard++) {
        if (shard % cluster->node_count == node->number - 1) {
            message_own(node->message, shard);
        }
    }
    struct chat_deps chat = {.world = &node->world,
        .shards = &node->bus.shards,
        .log = &node->journal.log,
        .mail = &node->bus.mail,
        .cast = &node->bus.cast,
        .rooms = &node->store.rooms,
        .history = &node->store.history,
        .users = &node->people.users,
        .sessions = &node->people.sessions};
    node->chat = chat_create(&chat, &cluster->chat);
    struct socket_deps socket = {&node->world, node->edge, &node->bus.shards, &node->bus.mail,
        &node->bus.cast, &node->people.sessions, &node->people.secrets};
    node->socket = socket_create(&socket, &cluster->socket);
}

void node_start(struct node *node)
{
    struct cluster *cluster = node->cluster;
    CHECK(node->scene_node.life == 0);
    node->scene_node.life = ++node->lives;
    node->scene_node.paused_until_us = 0;
    node->born_us = cluster->scene.now_us;
    node->timers = (struct timers){0};
    node->deferred = (struct task_queue){0};
    node->turn_end = NULL;
    node->wake_us = 0;
    uint32_t former = heap_use(node->scene_node.heap);
    desk_init(&node->desk, cluster, node);
    bus_join(&node->bus, &cluster->bus, node->number, node->lives);
    journal_join(&node->journal, &cluster->journal, &node->desk.desk);
    store_join(&node->store, &cluster->store, &node->desk.desk);
    people_join(&node->people, &cluster->people, &node->desk.desk, &node->loop);
    node->edge = door_create(cluster, node->number, node->scene_node.life);
    open_services(node);
    room_asks_init(&node->room_asks, &node->loop, &node->bus.mail, &node->bus.shards);
    room_lists_init(&node->room_lists, &node->loop, &node->bus.mail);
    node->goodbyes = 0;
    turn(&node->scene_node);
    heap_use(former);
}

void node_crash(struct node *node)
{
    CHECK(node->scene_node.life != 0);
    struct cluster *cluster = node->cluster;
    door_crash(node->edge);
    bus_leave(&cluster->bus, node->number);
    journal_leave(&cluster->journal, node->number);
    people_leave(&cluster->people, node->number);
    node->scene_node.life = 0;
    heap_drop(node->scene_node.heap);
}

bool node_is_idle(const struct node *node)
{
    struct socket_counters counters = socket_counters(node->socket);
    return chat_is_idle(node->chat) && message_is_idle(node->message) && counters.pending == 0 &&
           counters.connections == 0 && node->goodbyes == 0 && !node->deferred.first;
}

bool node_stop(struct node *node)
{
    uint32_t former = heap_use(node->scene_node.heap);
    chat_destroy(node->chat);
    message_destroy(node->message);
    socket_destroy(node->socket);
    door_destroy(node->edge);
    timers_deinit(&node->timers);
    heap_use(former);
    bus_leave(&node->cluster->bus, node->number);
    journal_leave(&node->cluster->journal, node->number);
    people_leave(&node->cluster->people, node->number);
    node->scene_node.life = 0;
    return heap_blocks(node->scene_node.heap) == 0;
}
