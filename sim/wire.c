/* wire - see the header.
 *
 * Happy path: an upgrade, texts to the node one after the other, frames to the client. How it
 * fails: a wire that is cut, a client that does not read, a node that is gone: what was sent is
 * lost, and the other end hears of it some time later. */

#include "wire.h"

#include <string.h>

#include "base/mem.h"
#include "client.h"
#include "cluster.h"
#include "door_inner.h"
#include "heap.h"
#include "node.h"

#define HOP_US_MAX 3000
#define CLOSE_AGAIN_US 10000

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

void wire_send(struct wire *wire, const uint8_t *bytes, uint32_t size)
{
    struct wire_event *frames = wire_event(wire, EVENT_frames, run_frames);
    frames->event.digest = digest_bytes(bytes, size);
    add_text(&wire->out_first, &wire->out_last, bytes, size);
    wire->queued += size;
    send_in_order(wire, frames, &wire->to_client_us);
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

void wire_tell_closed(struct wire *wire, uint16_t code)
{
    struct wire_event *closed = wire_event(wire, EVENT_closed, run_closed_here);
    closed->code = code;
    send_in_order(wire, closed, &wire->to_client_us);
}

/* ---- towards the node */

static void run_pump(struct scene *scene, struct event *event);

void wire_pump_later(struct wire *wire, uint64_t us)
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

static void call_text(struct edge *edge, uint32_t number, const struct wire_text *text)
{
    char *copy = mem_copy(text->bytes, text->size);
    edge->called = number + 1;
    edge->ws->on_text(edge->ws, number, copy, text->size);
    edge->called = 0;
    mem_free(copy);
    if (edge->slots[number].closing && edge->slots[number].open) {
        door_finish_close(edge, number);
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
        wire_pump_later(wire, 1);
    }
}

static void run_text(struct scene *scene, struct event *event)
{
    (void)scene;
    struct wire_event *said = (struct wire_event *)event;
    struct wire *wire = said->wire;
    if (wire->open_there || wire->slot == DOOR_SLOTS) {
        add_text(&wire->first, &wire->last, said->bytes, said->size);
        wire_pump_later(wire, 1);
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
            wire_pump_later(wire, 1);
            return;
        }
    }
    wire_tell_closed(wire, 1013);
}

static void run_refused(struct scene *scene, struct event *event)
{
    (void)scene;
    wire_tell_closed(((struct wire_event *)event)->wire, 1006);
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
        door_finish_close(edge, wire->slot);
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
