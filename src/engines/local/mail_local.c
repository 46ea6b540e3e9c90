/* mail_local - mail and cast between workers of one process.
 *
 * Happy path: a reference of the event goes onto the ring of the node's worker and box; there every
 * handler of the box gets it. How it fails: a full ring, an unknown node or the chaos switch drop
 * the event and count it; the protocols above repair that. */

#include "base/check.h"
#include "local/bus_local_inner.h"

static enum lane lane_of(enum mail_box box)
{
    static const enum lane lanes[MAIL_BOX_COUNT] = {
        [MAIL_LIVE] = LANE_LIVE, [MAIL_PAGES] = LANE_PAGES, [MAIL_WORK] = LANE_WORK};
    return lanes[box];
}

static void mail_open_here(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    (void)credit; /* the ring's capacity is the bound */
    struct endpoint *endpoint = container_of(mail, struct endpoint, mail);
    struct mail_slot *slot = &endpoint->boxes[box];
    CHECK(slot->count < MAIL_HANDLERS_MAX);
    slot->handlers[slot->count++] = handler;
}

static void put_or_drop(struct endpoint *from, uint32_t to, enum lane lane, struct buf *event)
{
    struct ring_item item = {.buf = buf_ref(event)};
    if (bus_local_chaos(from) || !bus_local_put(from, to, lane, item)) {
        from->dropped++;
        buf_unref(event);
    }
}

static void mail_send_here(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    struct endpoint *endpoint = container_of(mail, struct endpoint, mail);
    if (node == 0 || node > endpoint->bus->options.workers) {
        endpoint->dropped++;
        return;
    }
    put_or_drop(endpoint, (uint32_t)(node - 1), lane_of(box), event);
}

static uint64_t mail_dropped_here(const struct mail *mail)
{
    const struct endpoint *endpoint = container_of(mail, struct endpoint, mail);
    return endpoint->dropped;
}

static void cast_send_here(struct cast *cast, struct buf *event)
{
    struct endpoint *endpoint = container_of(cast, struct endpoint, cast);
    for (uint32_t to = 0; to < endpoint->bus->options.workers; to++) {
        put_or_drop(endpoint, to, LANE_CAST, event);
    }
}

/* At the end, so that handlers hear in the order in which they began to listen. */
static void cast_listen_here(struct cast *cast, struct cast_handler *handler)
{
    struct endpoint *endpoint = container_of(cast, struct endpoint, cast);
    struct cast_handler **at = &endpoint->cast_handlers;
    while (*at) {
        at = &(*at)->next;
    }
    handler->next = NULL;
    *at = handler;
}

void mail_local_init(struct endpoint *endpoint)
{
    static const struct mail_ops mail_ops = {mail_open_here, mail_send_here, mail_dropped_here};
    static const struct cast_ops cast_ops = {cast_send_here, cast_listen_here};
    endpoint->mail = (struct mail){
        .ops = &mail_ops, .node = endpoint->index + 1, .boot = endpoint->bus->options.boot};
    endpoint->cast = (struct cast){.ops = &cast_ops};
}

static void give(struct endpoint *endpoint, enum lane lane, struct buf *event)
{
    if (lane == LANE_CAST) {
        for (struct cast_handler *at = endpoint->cast_handlers; at; at = at->next) {
            at->on_cast(at, event);
        }
        return;
    }
    enum mail_box box = lane == LANE_LIVE ? MAIL_LIVE : lane == LANE_PAGES ? MAIL_PAGES : MAIL_WORK;
    const struct mail_slot *slot = &endpoint->boxes[box];
    for (uint32_t i = 0; i < slot->count; i++) {
        slot->handlers[i]->on_mail(slot->handlers[i], event);
    }
}

void mail_local_drain(struct endpoint *endpoint, enum lane lane)
{
    for (uint32_t from = 0; from < endpoint->bus->options.workers; from++) {
        struct ring_item item;
        while (ring_take(&endpoint->in[lane][from], &item)) {
            give(endpoint, lane, item.buf);
            buf_unref(item.buf);
        }
    }
}
