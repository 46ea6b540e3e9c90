/* door - see the header.
 *
 * Happy path: an upgrade, texts in, blocks out at the end of the turn. How it fails: a wire that is
 * cut, a client that does not read, a node that is gone. */

#include "door.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "client.h"
#include "cluster.h"
#include "heap.h"
#include "node.h"

#define HOP_US_MAX 3000
#define PIECES_MAX 4096
#define PUMP_AGAIN_US 2000
#define CLOSE_AGAIN_US 10000

struct piece {
    struct edge_block *block; /* or copied bytes */
    uint8_t *bytes;
    uint32_t size;
};

struct slot {
    struct wire *wire;
    uint32_t generation;
    bool open, paused, refused, closing;
    uint16_t code;
    struct piece *replies, *pushes;
    uint32_t reply_count, push_count, reply_capacity, push_capacity;
    uint32_t fresh; /* bytes of this turn */
};

struct edge {
    struct cluster *cluster;
    struct edge_ws_handler *ws;
    uint32_t node, life;
    uint32_t called; /* the slot whose callback runs, + 1 */
    struct slot slots[DOOR_SLOTS];
};

struct wire_event {
    struct event event;
    struct wire *wire;
    uint16_t code;
    uint32_t size;
    uint8_t *bytes;
};

/* ---- towards the client */

static void drop_bytes(struct event *event)
{
    mem_free(((struct wire_event *)event)->bytes);
}

static struct wire_event *wire_event(
    struct wire *wire, enum event_kind kind, void (*run)(struct scene *scene, struct event *event))
{
    struct wire_event *event = scene_event(sizeof(*event), kind, run);
    event->wire = wire;
    event->event.drop = drop_bytes;
    event->event.digest = wire->number;
    return event;
}

static void send_in_order(struct wire *wire, struct wire_event *event, uint64_t *lane)
{
    struct cluster *cluster = wire->cluster;
    uint64_t at = cluster->scene.now_us + dice_between(&cluster->chance, 50, HOP_US_MAX);
    at = at > *lane ? at : *lane;
    *lane = at;
    scene_add_at(&cluster->scene, &event->event, at);
}

static void run_drained(struct scene *scene, struct event *event)
{
    (void)scene;
    struct wire *wire = ((struct wire_event *)event)->wire;
    struct edge *edge = ((struct node *)wire->cluster->scene.nodes[wire->node])->edge;
    struct slot *slot = &edge->slots[wire->slot];
    if (slot->wire == wire && slot->refused && wire->queued == 0) {
        slot->refused = false;
        edge->ws->on_drained(edge->ws, wire->slot);
    }
}

static void tell_drained(struct wire *wire)
{
    struct wire_event *drained = wire_event(wire, EVENT_opened, run_drained);
    drained->event.node = wire->node;
    drained->event.life = wire->life;
    drained->event.whole_node = true;
    scene_add(&wire->cluster->scene, &drained->event, 50);
}

static void add_text(
    struct wire_text **first, struct wire_text **last, const void *bytes, uint32_t size)
{
    uint32_t former = heap_use(HEAP_WORLD);
    struct wire_text *text = mem_new(sizeof(*text) + size);
    heap_use(former);
    text->size = size;
    memcpy(text->bytes, bytes, size);
    if (*first) {
        (*last)->next = text;
    } else {
        *first = text;
    }
    *last = text;
}

/* Whatever event it is, what was sent first arrives first. */
static void run_frames(struct scene *scene, struct event *event)
{
    struct wire *wire = ((struct wire_event *)event)->wire;
    if (wire->open_here && wire->stalled_until_us > scene->now_us) {
        struct wire_event *again = wire_event(wire, EVENT_frames, run_frames);
        scene_add_at(scene, &again->event, wire->stalled_until_us);
        return;
    }
    struct wire_text *text = wire->out_first;
    wire->out_first = text->next;
    wire->queued -= text->size;
    if (wire->open_here) {
        client_on_frames(wire->client, wire, (const uint8_t *)text->bytes, text->size);
    }
    mem_free(text);
    if (wire->queued == 0 && wire->open_there) {
        tell_drained(wire);
    }
}

static void run_closed_here(struct scene *scene, struct event *event)
{
    struct wire_event *closed = (struct wire_event *)event;
    struct wire *wire = closed->wire;
    if (wire->open_here && wire->out_first) {
        struct wire_event *again = wire_event(wire, EVENT_closed, run_closed_here);
        again->code = closed->code;
        scene_add(scene, &again->event, CLOSE_AGAIN_US);
        return;
    }
    if (wire->open_here) {
        wire->open_here = false;
        client_on_closed(wire->client, wire, closed->code);
    }
}

static void tell_closed(struct wire *wire, uint16_t code)
{
    struct wire_event *closed = wire_event(wire, EVENT_closed, run_closed_here);
    closed->code = code;
    send_in_order(wire, closed, &wire->to_client_us);
}

/* ---- towards the node */

static void run_pump(struct scene *scene, struct event *event);

static void pump_later(struct wire *wire, uint64_t us)
{
    if (wire->pumping || !wire->open_there) {
        return;
    }
    wire->pumping = true;
    struct wire_event *pump = wire_event(wire, EVENT_text, run_pump);
    pump->event.node = wire->node;
    pump->event.life = wire->life;
    pump->event.whole_node = true;
    scene_add(&wire->cluster->scene, &pump->event, us);
}

static void free_texts(struct wire_text *text)
{
    while (text) {
        struct wire_text *next = text->next;
        mem_free(text);
        text = next;
    }
}

static void finish_close(struct edge *edge, uint32_t number)
{
    struct slot *slot = &edge->slots[number];
    slot->open = false;
    if (slot->wire) {
        slot->wire->open_there = false;
    }
    edge->ws->on_closed(edge->ws, number, slot->code);
}

static void call_text(struct edge *edge, uint32_t number, const struct wire_text *text)
{
    char *copy = mem_copy(text->bytes, text->size);
    edge->called = number + 1;
    edge->ws->on_text(edge->ws, number, copy, text->size);
    edge->called = 0;
    mem_free(copy);
    if (edge->slots[number].closing && edge->slots[number].open) {
        finish_close(edge, number);
    }
}

static void run_pump(struct scene *scene, struct event *event)
{
    (void)scene;
    struct wire *wire = ((struct wire_event *)event)->wire;
    wire->pumping = false;
    struct edge *edge = ((struct node *)wire->cluster->scene.nodes[wire->node])->edge;
    struct slot *slot = &edge->slots[wire->slot];
    if (!wire->open_there || slot->wire != wire || !slot->open || slot->paused || !wire->first) {
        return;
    }
    struct wire_text *text = wire->first;
    wire->first = text->next;
    wire->last = wire->first ? wire->last : NULL;
    scene_mix(&wire->cluster->scene, digest_bytes(text->bytes, text->size));
    call_text(edge, wire->slot, text);
    mem_free(text);
    if (wire->first) {
        pump_later(wire, 1);
    }
}

static void run_text(struct scene *scene, struct event *event)
{
    (void)scene;
    struct wire_event *said = (struct wire_event *)event;
    struct wire *wire = said->wire;
    if (wire->open_there || wire->slot == DOOR_SLOTS) {
        add_text(&wire->first, &wire->last, said->bytes, said->size);
        pump_later(wire, 1);
    }
    drop_bytes(event);
}

void wire_say(struct wire *wire, const char *bytes, uint32_t size)
{
    struct wire_event *said = wire_event(wire, EVENT_client, run_text);
    said->bytes = mem_copy(bytes, size);
    said->size = size;
    send_in_order(wire, said, &wire->to_node_us);
}

static struct upstream_server *server_of(struct wire *wire)
{
    return socket_upstream(((struct node *)wire->cluster->scene.nodes[wire->node])->socket);
}

static void call_upgrade(struct wire *wire)
{
    static const struct http_field field = {{"sec-websocket-protocol", 22}, {"chattifier.v1", 13}};
    struct edge_request request = {.conn = {wire->slot, wire->generation},
        .method = HTTP_GET,
        .path = {"/api/socket", 11},
        .fields = &field,
        .field_count = 1,
        .wants_websocket = true};
    struct identity who = client_identity(wire->client);
    struct upstream_call call = {.request = &request, .identity = &who};
    struct upstream_server *server = server_of(wire);
    server->on_call(server, &call);
}

static void run_open(struct scene *scene, struct event *event)
{
    (void)scene;
    struct wire *wire = ((struct wire_event *)event)->wire;
    struct edge *edge = ((struct node *)wire->cluster->scene.nodes[wire->node])->edge;
    if (!wire->open_here) {
        return;
    }
    for (uint32_t number = 0; number < DOOR_SLOTS; number++) {
        struct slot *slot = &edge->slots[number];
        if (!slot->open && !slot->wire) {
            slot->wire = wire;
            slot->closing = slot->paused = slot->refused = false;
            wire->life = event->life;
            wire->slot = number;
            wire->generation = ++slot->generation;
            call_upgrade(wire);
            pump_later(wire, 1);
            return;
        }
    }
    tell_closed(wire, 1013);
}

static void run_refused(struct scene *scene, struct event *event)
{
    (void)scene;
    tell_closed(((struct wire_event *)event)->wire, 1006);
}

struct wire *wire_open(struct cluster *cluster, struct client *client, uint32_t node)
{
    struct wire *wire = mem_new(sizeof(*wire));
    wire->next = cluster->wires;
    cluster->wires = wire;
    wire->cluster = cluster;
    wire->client = client;
    wire->number = ++cluster->wire_count;
    wire->node = node;
    wire->slot = DOOR_SLOTS;
    wire->open_here = true;
    bool up = cluster->scene.nodes[node]->life != 0;
    struct wire_event *open = wire_event(wire, EVENT_opened, up ? run_open : run_refused);
    if (up) {
        open->event.node = node;
        open->event.life = wire->life = cluster->scene.nodes[node]->life;
        open->event.whole_node = true;
    }
    send_in_order(wire, open, &wire->to_node_us);
    return wire;
}

static void run_closed_there(struct scene *scene, struct event *event)
{
    (void)scene;
    struct wire *wire = ((struct wire_event *)event)->wire;
    struct edge *edge = ((struct node *)wire->cluster->scene.nodes[wire->node])->edge;
    struct slot *slot = &edge->slots[wire->slot];
    if (slot->wire == wire && slot->open) {
        slot->code = 1006;
        slot->closing = true;
        finish_close(edge, wire->slot);
    }
}

void wire_cut(struct wire *wire)
{
    wire->open_here = false;
    if (wire->open_there) {
        struct wire_event *closed = wire_event(wire, EVENT_closed, run_closed_there);
        closed->event.node = wire->node;
        closed->event.life = wire->life;
        closed->event.whole_node = true;
        send_in_order(wire, closed, &wire->to_node_us);
    }
}

void wire_free_all(struct cluster *cluster)
{
    while (cluster->wires) {
        struct wire *wire = cluster->wires;
        cluster->wires = wire->next;
        free_texts(wire->first);
        free_texts(wire->out_first);
        mem_free(wire);
    }
}

/* ---- the node's side */

struct edge *door_create(struct cluster *cluster, uint32_t node, uint32_t life)
{
    struct edge *edge = mem_new(sizeof(*edge));
    edge->cluster = cluster;
    edge->node = node;
    edge->life = life;
    return edge;
}

static void drop_pieces(struct edge *edge, struct piece *pieces, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (pieces[i].block) {
            edge_block_unref(edge, pieces[i].block);
        }
        mem_free(pieces[i].bytes);
    }
    *count = 0;
}

static uint32_t gather(struct piece *pieces, uint32_t count, uint8_t *into)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct piece *piece = &pieces[i];
        uint32_t size = piece->block ? piece->block->size : piece->size;
        if (into) {
            memcpy(into + used, piece->block ? piece->block->bytes : piece->bytes, size);
        }
        used += size;
    }
    return used;
}

static void flush_slot(struct edge *edge, struct slot *slot)
{
    struct wire *wire = slot->wire;
    uint32_t replies = gather(slot->replies, slot->reply_count, NULL);
    uint32_t size = replies + gather(slot->pushes, slot->push_count, NULL);
    if (size > 0) {
        struct wire_event *frames = wire_event(wire, EVENT_frames, run_frames);
        uint8_t *bytes = mem_new(size);
        (void)gather(slot->replies, slot->reply_count, bytes);
        (void)gather(slot->pushes, slot->push_count, bytes + replies);
        frames->event.digest = digest_bytes(bytes, size);
        add_text(&wire->out_first, &wire->out_last, bytes, size);
        mem_free(bytes);
        wire->queued += size;
        send_in_order(wire, frames, &wire->to_client_us);
    }
    drop_pieces(edge, slot->replies, &slot->reply_count);
    drop_pieces(edge, slot->pushes, &slot->push_count);
    slot->fresh = 0;
}

void door_flush(struct edge *edge)
{
    if (edge->ws) {
        edge->ws->on_turn_end(edge->ws);
    }
    for (uint32_t number = 0; number < DOOR_SLOTS; number++) {
        struct slot *slot = &edge->slots[number];
        if (!slot->wire) {
            continue;
        }
        flush_slot(edge, slot);
        if (!slot->open) {
            tell_closed(slot->wire, slot->code);
            slot->wire->open_there = false;
            slot->wire = NULL;
        }
    }
}

void door_crash(struct edge *edge)
{
    for (uint32_t number = 0; number < DOOR_SLOTS; number++) {
        struct slot *slot = &edge->slots[number];
        if (slot->wire) {
            slot->wire->open_there = false;
            tell_closed(slot->wire, 1006);
        }
    }
    for (struct wire *wire = edge->cluster->wires; wire; wire = wire->next) {
        bool waits = wire->open_here && wire->slot == DOOR_SLOTS && wire->node == edge->node;
        if (waits && wire->life == edge->life) {
            tell_closed(wire, 1006);
        }
    }
}

void door_destroy(struct edge *edge)
{
    for (uint32_t number = 0; number < DOOR_SLOTS; number++) {
        struct slot *slot = &edge->slots[number];
        CHECK(!slot->open);
        drop_pieces(edge, slot->replies, &slot->reply_count);
        drop_pieces(edge, slot->pushes, &slot->push_count);
        mem_free(slot->replies);
        mem_free(slot->pushes);
    }
    mem_free(edge);
}

/* ---- link/edge.h */

/* Nothing comes over HTTP. */
const struct edge_request *edge_keep(struct edge *edge, struct conn_id conn)
{
    (void)edge;
    (void)conn;
    return NULL;
}

void edge_respond(struct edge *edge, struct conn_id conn, const struct edge_response *response)
{
    (void)response;
    edge_respond_error(edge, conn, OK, NULL, 0);
}

/* An upgrade that was not to be. */
void edge_respond_error(
    struct edge *edge, struct conn_id conn, enum err err, const char *field, uint64_t wait_ms)
{
    (void)err;
    (void)field;
    (void)wait_ms;
    edge->slots[conn.slot].code = 1013;
    edge->slots[conn.slot].open = false;
}

void edge_upgrade(
    struct edge *edge, struct conn_id conn, struct edge_ws_handler *handler, const char *protocol)
{
    CHECK(strcmp(protocol, "chattifier.v1") == 0);
    edge->ws = handler;
    struct slot *slot = &edge->slots[conn.slot];
    slot->open = true;
    slot->code = 0;
    slot->wire->open_there = true;
}

bool edge_is_open(const struct edge *edge, struct conn_id conn)
{
    const struct slot *slot = &edge->slots[conn.slot];
    return slot->open && !slot->closing && slot->generation == conn.generation;
}

static struct piece *new_piece(struct piece **pieces, uint32_t *count, uint32_t *capacity)
{
    if (*count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 8;
        CHECK(*capacity <= PIECES_MAX);
        *pieces = mem_resize(*pieces, *capacity * sizeof(**pieces));
    }
    struct piece *piece = &(*pieces)[(*count)++];
    *piece = (struct piece){0};
    return piece;
}

void edge_reply(struct edge *edge, uint32_t number, const void *bytes, size_t size)
{
    struct slot *slot = &edge->slots[number];
    CHECK(slot->open);
    struct piece *piece = new_piece(&slot->replies, &slot->reply_count, &slot->reply_capacity);
    piece->bytes = mem_copy(bytes, size);
    piece->size = (uint32_t)size;
}

/* What has been queued in earlier turns alone never closes the door on a turn's first push. */
static bool is_over(struct edge *edge, struct slot *slot, uint32_t size)
{
    bool over = slot->wire->queued > 0 &&
                slot->wire->queued + slot->fresh + size > edge->cluster->queued_bytes_max;
    slot->refused |= over;
    return over;
}

bool edge_push(struct edge *edge, uint32_t number, struct edge_block *block)
{
    struct slot *slot = &edge->slots[number];
    CHECK(slot->open);
    if (is_over(edge, slot, block->size)) {
        return false;
    }
    block->refs++;
    slot->fresh += block->size;
    new_piece(&slot->pushes, &slot->push_count, &slot->push_capacity)->block = block;
    return true;
}

bool edge_push_bytes(struct edge *edge, uint32_t number, const void *bytes, size_t size)
{
    struct slot *slot = &edge->slots[number];
    CHECK(slot->open);
    if (is_over(edge, slot, (uint32_t)size)) {
        return false;
    }
    slot->fresh += (uint32_t)size;
    struct piece *piece = new_piece(&slot->pushes, &slot->push_count, &slot->push_capacity);
    piece->bytes = mem_copy(bytes, size);
    piece->size = (uint32_t)size;
    return true;
}

uint32_t edge_queued_bytes(const struct edge *edge, uint32_t number)
{
    return edge->slots[number].wire->queued;
}

void edge_pause(struct edge *edge, uint32_t number)
{
    edge->slots[number].paused = true;
}

void edge_resume(struct edge *edge, uint32_t number)
{
    struct slot *slot = &edge->slots[number];
    slot->paused = false;
    if (slot->wire) {
        pump_later(slot->wire, PUMP_AGAIN_US);
    }
}

void edge_close(struct edge *edge, uint32_t number, uint16_t code, const char *reason)
{
    (void)reason;
    struct slot *slot = &edge->slots[number];
    if (slot->closing || !slot->open) {
        return;
    }
    slot->closing = true;
    slot->code = code;
    if (edge->called != number + 1) {
        finish_close(edge, number);
    }
}
