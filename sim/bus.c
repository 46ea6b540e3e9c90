/* bus - mail and cast of the model, and joining and leaving it.
 *
 * Happy path: an event is copied, goes over its lane, and every handler of the box gets it. How it
 * fails: it is lost or late as the faults say, or the address is empty. */

#include "bus.h"

#include "base/check.h"
#include "base/mem.h"
#include "bus_inner.h"
#include "heap.h"

#define HOP_US_MAX 2000
#define LATE_US_MAX 2000000
#define CAST_LANE MAIL_BOX_COUNT

struct mail_event {
    struct event event;
    struct bus *bus;
    uint32_t box, size;
    uint8_t *bytes;
};

uint64_t bus_hop(struct bus *bus)
{
    return dice_between(&bus->dice, 20, HOP_US_MAX);
}

void bus_add_in_order(
    struct bus *bus, struct bus_lane *lane, struct event *event_take, uint64_t after_us)
{
    uint64_t at = bus->scene->now_us + after_us;
    at = at > lane->until_us ? at : lane->until_us;
    lane->until_us = at;
    scene_add_at(bus->scene, event_take, at);
}

static void drop_mail(struct event *event)
{
    mem_free(((struct mail_event *)event)->bytes);
}

static void run_mail(struct scene *scene, struct event *event)
{
    (void)scene;
    struct mail_event *mail = (struct mail_event *)event;
    struct bus_end *end = mail->bus->ends[event->node];
    struct buf *buf = buf_copy(mail->bytes, mail->size);
    if (mail->box == CAST_LANE) {
        for (struct cast_handler *at = end->casts; at; at = at->next) {
            at->on_cast(at, buf);
        }
    } else {
        for (uint32_t i = 0; i < end->box_counts[mail->box]; i++) {
            struct mail_handler *handler = end->boxes[mail->box][i];
            handler->on_mail(handler, buf);
        }
    }
    buf_unref(buf);
    drop_mail(event);
}

static void post(struct bus_end *from, uint32_t node, uint32_t box, const struct buf *event)
{
    struct bus *bus = from->bus;
    bool is_cast = box == CAST_LANE;
    if (bus->on_mail) {
        bus->on_mail(bus->context, event->bytes, event->size);
    }
    if (faults_strike(bus->faults, is_cast ? FAULT_cast_lost : FAULT_mail_lost)) {
        from->dropped++;
        return;
    }
    struct mail_event *mail =
        scene_event(sizeof(*mail), is_cast ? EVENT_cast : EVENT_mail, run_mail);
    uint32_t former = heap_use(HEAP_WORLD);
    mail->bytes = mem_copy(event->bytes, event->size);
    heap_use(former);
    mail->event.drop = drop_mail;
    mail->event.node = node;
    mail->event.whole_node = true;
    mail->event.digest = digest_bytes(event->bytes, event->size);
    mail->bus = bus;
    mail->box = box;
    mail->size = event->size;
    uint64_t after = bus_hop(bus);
    if (faults_strike(bus->faults, FAULT_mail_late)) {
        after += dice_below(&bus->faults->struck, LATE_US_MAX);
    }
    bus->mails++;
    bus_add_in_order(bus, &bus->mail_lanes[from->node][node][box], &mail->event, after);
}

static void open_here(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    (void)credit;
    struct bus_end *end = container_of(mail, struct bus_end, mail);
    CHECK(end->box_counts[box] < BUS_HANDLERS_MAX);
    end->boxes[box][end->box_counts[box]++] = handler;
}

static void send_here(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    struct bus_end *end = container_of(mail, struct bus_end, mail);
    if (node == 0 || node > end->bus->node_count) {
        end->dropped++;
        return;
    }
    post(end, (uint32_t)node, box, event);
}

static uint64_t dropped_here(const struct mail *mail)
{
    return container_of(mail, struct bus_end, mail)->dropped;
}

static void cast_here(struct cast *cast, struct buf *event)
{
    struct bus_end *end = container_of(cast, struct bus_end, cast);
    for (uint32_t node = 1; node <= end->bus->node_count; node++) {
        post(end, node, CAST_LANE, event);
    }
}

static void listen_here(struct cast *cast, struct cast_handler *handler)
{
    struct bus_end *end = container_of(cast, struct bus_end, cast);
    struct cast_handler **at = &end->casts;
    while (*at) {
        at = &(*at)->next;
    }
    handler->next = NULL;
    *at = handler;
}

void bus_init(struct bus *bus, struct scene *scene, struct faults *faults, struct dice dice)
{
    *bus = (struct bus){.scene = scene, .faults = faults, .dice = dice};
}

void bus_deinit(struct bus *bus)
{
    for (uint32_t i = 0; i < BUS_SHARDS_MAX; i++) {
        for (uint32_t c = 0; c < bus->shards[i].count; c++) {
            mem_free(bus->shards[i].commands[c].bytes);
        }
        mem_free(bus->shards[i].commands);
    }
}

void bus_join(struct bus_end *end, struct bus *bus, uint32_t node, uint64_t boot)
{
    static const struct mail_ops mail_ops = {open_here, send_here, dropped_here};
    static const struct cast_ops cast_ops = {cast_here, listen_here};
    *end = (struct bus_end){.bus = bus, .node = node};
    end->mail = (struct mail){&mail_ops, node, boot};
    end->cast.ops = &cast_ops;
    bus->ends[node] = end;
    bus_shards_join(end);
}

void bus_leave(struct bus *bus, uint32_t node)
{
    bus->ends[node] = NULL;
    for (uint32_t number = 0; number < bus->shard_count; number++) {
        struct bus_shard *shard = &bus->shards[number];
        if (shard->former.node == node) {
            shard->former.node = 0;
        }
        if (shard->owner.node == node || shard->offered == node) {
            shard->owner.node = shard->owner.node == node ? 0 : shard->owner.node;
            bus_offer_somewhere(bus, number);
        }
    }
}

uint64_t bus_waiting(const struct bus *bus)
{
    uint64_t waiting = 0;
    for (uint32_t i = 0; i < bus->shard_count; i++) {
        for (uint32_t c = 0; c < bus->shards[i].count; c++) {
            waiting += !bus->shards[i].commands[c].done;
        }
    }
    return waiting;
}
