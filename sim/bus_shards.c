/* bus_shards - the port shards of the model.
 *
 * Happy path: a command gets its place, is given to the owner under its credit, is done. How it
 * fails: by its faults; a shard whose owner is gone is offered to a node that is there. */

#include "base/check.h"
#include "base/mem.h"
#include "bus_inner.h"
#include "heap.h"

#define OFFER_US_MIN 100000
#define OFFER_US_MAX 3000000
#define OVERLAP_US_MAX 8000000
#define REDELIVER_MAX 40
#define PLACES_MAX 1000000u

struct command_event {
    struct event event;
    struct bus *bus;
    uint32_t shard, size;
    uint8_t *bytes;
};

struct owner_event {
    struct event event;
    struct bus *bus;
    uint32_t shard;
    uint64_t offer_order;
};

static void put_u32(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 24);
    at[1] = (uint8_t)(number >> 16);
    at[2] = (uint8_t)(number >> 8);
    at[3] = (uint8_t)number;
}

static struct position position_of(uint32_t place)
{
    struct position position = {{0}};
    position.bytes[7] = 1;
    put_u32(position.bytes + 12, place + 1);
    return position;
}

static uint32_t place_of(const struct position *position)
{
    const uint8_t *at = position->bytes + 12;
    return ((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) - 1;
}

static uint32_t bit_of(uint32_t node)
{
    return 1u << node;
}

static bool is_owner(const struct bus *bus, const struct bus_owner *owner)
{
    return owner->node != 0 && bus->ends[owner->node] &&
           bus->scene->nodes[owner->node]->life == owner->life;
}

/* ---- giving */

static void run_give(struct scene *scene, struct event *event);

static void want_give(struct bus *bus, uint32_t shard, const struct bus_owner *owner)
{
    struct owner_event *give = scene_event(sizeof(*give), EVENT_command, run_give);
    give->event.node = owner->node;
    give->event.life = owner->life;
    give->event.whole_node = true;
    give->event.digest = shard;
    give->bus = bus;
    give->shard = shard;
    scene_add(bus->scene, &give->event, bus_hop(bus));
}

static void give_to(struct bus *bus, uint32_t number, struct bus_owner *owner)
{
    struct bus_shard *shard = &bus->shards[number];
    struct bus_end *end = bus->ends[owner->node];
    uint32_t node = owner->node;
    while (owner->node == node && end->credit > 0 && owner->given < shard->count) {
        uint32_t place = owner->given++;
        if (shard->commands[place].done) {
            continue;
        }
        end->credit--;
        shard->commands[place].held |= bit_of(node);
        struct position position = position_of(place);
        struct buf *command = buf_copy(shard->commands[place].bytes, shard->commands[place].size);
        scene_mix(bus->scene, digest_bytes(command->bytes, command->size));
        end->owner->on_command(end->owner, number, &position, command);
        buf_unref(command);
    }
}

static void run_give(struct scene *scene, struct event *event)
{
    (void)scene;
    struct owner_event *give = (struct owner_event *)event;
    struct bus_shard *shard = &give->bus->shards[give->shard];
    if (shard->owner.node == event->node && shard->owner.life == event->life) {
        give_to(give->bus, give->shard, &shard->owner);
    } else if (shard->former.node == event->node && shard->former.life == event->life) {
        give_to(give->bus, give->shard, &shard->former);
    }
}

/* An end without credit has left commands where they are, of any of its shards. */
static void add_credit(struct bus_end *end, uint32_t credit)
{
    struct bus *bus = end->bus;
    bool had_none = end->credit == 0;
    end->credit += credit;
    for (uint32_t i = 0; had_none && credit > 0 && i < bus->shard_count; i++) {
        const struct bus_shard *shard = &bus->shards[i];
        if (shard->owner.node == end->node) {
            want_give(bus, i, &shard->owner);
        } else if (shard->former.node == end->node) {
            want_give(bus, i, &shard->former);
        }
    }
}

/* The node has forgotten what it had of the shard. */
static void take_back(struct bus_end *end, uint32_t number)
{
    struct bus_shard *shard = &end->bus->shards[number];
    uint32_t held = 0;
    for (uint32_t i = 0; i < shard->count; i++) {
        held += (shard->commands[i].held & bit_of(end->node)) != 0;
        shard->commands[i].held &= ~bit_of(end->node);
    }
    add_credit(end, held);
}

/* ---- publishing */

static void add_command(struct bus_shard *shard, const uint8_t *bytes, uint32_t size)
{
    uint32_t former = heap_use(HEAP_WORLD);
    if (shard->count == shard->capacity) {
        shard->capacity = shard->capacity ? shard->capacity * 2 : 64;
        shard->commands = mem_resize(shard->commands, shard->capacity * sizeof(*shard->commands));
    }
    CHECK(shard->count < PLACES_MAX);
    shard->commands[shard->count++] = (struct bus_command){mem_copy(bytes, size), size, 0, false};
    heap_use(former);
}

static void drop_command(struct event *event)
{
    mem_free(((struct command_event *)event)->bytes);
}

static void run_arrival(struct scene *scene, struct event *event)
{
    (void)scene;
    struct command_event *arrival = (struct command_event *)event;
    struct bus *bus = arrival->bus;
    struct bus_shard *shard = &bus->shards[arrival->shard];
    add_command(shard, arrival->bytes, arrival->size);
    bus->commands++;
    if (faults_strike(bus->faults, FAULT_again)) {
        add_command(shard, arrival->bytes, arrival->size);
    }
    if (is_owner(bus, &shard->owner)) {
        want_give(bus, arrival->shard, &shard->owner);
    }
    if (is_owner(bus, &shard->former)) {
        want_give(bus, arrival->shard, &shard->former);
    }
    drop_command(event);
}

static bool try_post_here(struct shards *shards, uint32_t shard, struct buf *command)
{
    struct bus_end *end = container_of(shards, struct bus_end, shards);
    struct bus *bus = end->bus;
    if (faults_strike(bus->faults, FAULT_not_sent)) {
        return false;
    }
    if (faults_strike(bus->faults, FAULT_command_lost)) {
        bus->lost++;
        return true;
    }
    struct command_event *arrival = scene_event(sizeof(*arrival), EVENT_command, run_arrival);
    uint32_t former = heap_use(HEAP_WORLD);
    arrival->bytes = mem_copy(command->bytes, command->size);
    heap_use(former);
    arrival->event.drop = drop_command;
    arrival->event.digest = digest_bytes(command->bytes, command->size);
    arrival->bus = bus;
    arrival->shard = shard;
    arrival->size = command->size;
    bus_add_in_order(bus, &bus->command_lanes[end->node][shard], &arrival->event, bus_hop(bus));
    return true;
}

/* ---- owning */

static void tell_lost(struct scene *scene, struct event *event)
{
    (void)scene;
    struct owner_event *lose = (struct owner_event *)event;
    struct bus_shard *shard = &lose->bus->shards[lose->shard];
    if (shard->owner.node == event->node && shard->owner.life == event->life) {
        return; /* it has become the owner again meanwhile, and was told so */
    }
    if (shard->former.node == event->node) {
        shard->former.node = 0;
    }
    struct bus_end *end = lose->bus->ends[event->node];
    take_back(end, lose->shard);
    end->owner->on_lose(end->owner, lose->shard);
}

static void send_lose(struct bus *bus, uint32_t number, const struct bus_owner *owner, uint64_t us)
{
    struct owner_event *lose = scene_event(sizeof(*lose), EVENT_lose, tell_lost);
    lose->event.node = owner->node;
    lose->event.life = owner->life;
    lose->event.whole_node = true;
    lose->event.digest = number;
    lose->bus = bus;
    lose->shard = number;
    scene_add(bus->scene, &lose->event, us);
}

static uint32_t first_waiting(const struct bus_shard *shard)
{
    uint32_t at = 0;
    while (at < shard->count && shard->commands[at].done) {
        at++;
    }
    return at;
}

/* What was done comes again: at its place, or at a new one. */
static void redeliver(struct bus *bus, struct bus_shard *shard)
{
    uint32_t first = first_waiting(shard);
    uint32_t back = (uint32_t)dice_below(&bus->faults->struck, REDELIVER_MAX);
    back = back < first ? back : first;
    bool anew = dice_hits(&bus->faults->struck, 5000);
    for (uint32_t i = first - back; i < first; i++) {
        if (anew) {
            struct bus_command copy = shard->commands[i];
            add_command(shard, copy.bytes, copy.size);
        } else {
            shard->commands[i].done = false;
        }
    }
}

static void run_gain(struct scene *scene, struct event *event)
{
    struct owner_event *gain = (struct owner_event *)event;
    struct bus *bus = gain->bus;
    struct bus_shard *shard = &bus->shards[gain->shard];
    struct bus_end *end = bus->ends[event->node];
    if (gain->offer_order != shard->offer_order || !end->owner) {
        return;
    }
    shard->offered = 0;
    if (faults_strike(bus->faults, FAULT_redeliver)) {
        redeliver(bus, shard);
    }
    if (shard->former.node == event->node) {
        shard->former.node = 0;
    }
    take_back(end, gain->shard);
    shard->owner = (struct bus_owner){event->node, scene->nodes[event->node]->life, 0};
    shard->owner.given = first_waiting(shard);
    end->owner->on_gain(end->owner, gain->shard);
    want_give(bus, gain->shard, &shard->owner);
}

void bus_offer(struct bus *bus, uint32_t number, uint32_t node, uint64_t after_us)
{
    struct owner_event *gain = scene_event(sizeof(*gain), EVENT_gain, run_gain);
    gain->event.node = node;
    gain->event.life = bus->scene->nodes[node]->life;
    gain->event.whole_node = true;
    gain->event.digest = number;
    gain->bus = bus;
    gain->shard = number;
    gain->offer_order = ++bus->shards[number].offer_order;
    bus->shards[number].offered = node;
    scene_add(bus->scene, &gain->event, after_us);
}

/* Some node that is there; 0: none. */
uint32_t bus_some_node(struct bus *bus)
{
    uint32_t there[SCENE_NODES_MAX], count = 0;
    for (uint32_t node = 1; node <= bus->node_count; node++) {
        if (bus->ends[node] && bus->ends[node]->owner) {
            there[count++] = node;
        }
    }
    return count ? there[dice_below(&bus->dice, count)] : 0;
}

void bus_offer_somewhere(struct bus *bus, uint32_t number)
{
    uint32_t node = bus_some_node(bus);
    if (node) {
        bus_offer(bus, number, node, dice_between(&bus->dice, OFFER_US_MIN, OFFER_US_MAX));
    } else {
        bus->shards[number].offer_order++;
        bus->shards[number].offered = 0;
    }
}

static void own_here(struct shards *shards, struct shards_handler *handler, uint32_t credit)
{
    struct bus_end *end = container_of(shards, struct bus_end, shards);
    struct bus *bus = end->bus;
    end->owner = handler;
    for (uint32_t number = 0; number < bus->shard_count; number++) {
        take_back(end, number); /* of its life before */
    }
    end->credit = credit;
    for (uint32_t number = 0; number < bus->shard_count; number++) {
        bool mine = number % bus->node_count == end->node - 1;
        if (!is_owner(bus, &bus->shards[number].owner) || mine) {
            bus_move_to(bus, number, end->node);
        }
    }
}

static void done_here(struct shards *shards, uint32_t number, const struct position *position)
{
    struct bus_end *end = container_of(shards, struct bus_end, shards);
    struct bus_shard *shard = &end->bus->shards[number];
    uint32_t place = place_of(position);
    CHECK(place < shard->count);
    struct bus_command *command = &shard->commands[place];
    command->done = true;
    if (command->held & bit_of(end->node)) {
        command->held &= ~bit_of(end->node);
        add_credit(end, 1);
    }
}

static void release_here(struct shards *shards, uint32_t number)
{
    struct bus_end *end = container_of(shards, struct bus_end, shards);
    struct bus_shard *shard = &end->bus->shards[number];
    take_back(end, number);
    if (shard->former.node == end->node) {
        shard->former.node = 0;
    }
    if (shard->owner.node != end->node) {
        return;
    }
    shard->owner.node = 0;
    bus_offer_somewhere(end->bus, number);
}

/* The owner of now becomes a former one: told at once, late, or by nobody but the fence. */
void bus_move_to(struct bus *bus, uint32_t number, uint32_t node)
{
    struct bus_shard *shard = &bus->shards[number];
    if (is_owner(bus, &shard->owner)) {
        bool overlaps = faults_strike(bus->faults, FAULT_overlap);
        shard->former = overlaps ? shard->owner : (struct bus_owner){0};
        uint64_t us = overlaps ? dice_below(&bus->faults->struck, OVERLAP_US_MAX) : bus_hop(bus);
        send_lose(bus, number, &shard->owner, us);
    }
    shard->owner.node = 0;
    bus_offer(bus, number, node, bus_hop(bus) * 4);
}

void bus_shards_join(struct bus_end *end)
{
    static const struct shards_ops ops = {
        .own = own_here, .done = done_here, .release = release_here, .try_post = try_post_here};
    end->shards = (struct shards){&ops, end->bus->shard_count};
}

void bus_move(struct bus *bus, uint32_t number)
{
    uint32_t node = bus_some_node(bus);
    if (node) {
        bus_move_to(bus, number, node);
    }
}
