/* mail_peers - see the header.
 *
 * Happy path: the box is found, moves to the end of the row and takes the event; a sweep closes
 * what lies unused at the row's beginning. How it fails: with no free slot the longest unused box
 * is closed; if that one still has something on its way, the event is dropped. */

#include "pulsar/mail_peers.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"

#define SWEEPS_IN_IDLE 4u

void mail_topic(
    const char *prefix, enum mail_box box, uint64_t node, char ret_text[MAIL_TOPIC_BYTES])
{
    static const char *const names[MAIL_BOX_COUNT] = {
        [MAIL_LIVE] = "live", [MAIL_PAGES] = "pages", [MAIL_WORK] = "work"};
    int size = snprintf(ret_text, MAIL_TOPIC_BYTES, "%s.%s.%014" PRIx64, prefix, names[box], node);
    CHECK(size > 0 && size < (int)MAIL_TOPIC_BYTES);
}

static struct map_key key_of(enum mail_box box, uint64_t node)
{
    return (struct map_key){{node, (uint64_t)box}};
}

/* ---- the row */

static void leave_row(struct mail_peers *peers, const struct mail_peer *peer)
{
    *(peer->older == MAP_NONE ? &peers->oldest : &peers->slots[peer->older].newer) = peer->newer;
    *(peer->newer == MAP_NONE ? &peers->newest : &peers->slots[peer->newer].older) = peer->older;
}

static void join_row(struct mail_peers *peers, uint32_t slot)
{
    struct mail_peer *peer = &peers->slots[slot];
    peer->older = peers->newest;
    peer->newer = MAP_NONE;
    *(peer->older == MAP_NONE ? &peers->oldest : &peers->slots[peer->older].newer) = slot;
    peers->newest = slot;
    peer->used_ms = loop_now_ms(peers->world->loop);
}

/* ---- opening and closing */

static void close_slot(struct mail_peers *peers, uint32_t slot)
{
    struct mail_peer *peer = &peers->slots[slot];
    map_remove(&peers->by_box, key_of(peer->box, peer->node));
    leave_row(peers, peer);
    outlet_close(&peer->outlet);
    peer->newer = peers->free;
    peers->free = slot;
}

static void on_sweep(struct timer *timer)
{
    struct mail_peers *peers = container_of(timer, struct mail_peers, sweep);
    uint64_t now = loop_now_ms(peers->world->loop);
    while (
        peers->oldest != MAP_NONE && now - peers->slots[peers->oldest].used_ms >= peers->idle_ms) {
        close_slot(peers, peers->oldest);
    }
    if (peers->oldest != MAP_NONE) {
        timer_start(peers->world->loop, timer, peers->idle_ms / SWEEPS_IN_IDLE, on_sweep);
    }
}

/* MAP_NONE: all are busy. */
static uint32_t free_slot(struct mail_peers *peers)
{
    if (peers->free == MAP_NONE && outlet_is_quiet(&peers->slots[peers->oldest].outlet)) {
        close_slot(peers, peers->oldest);
    }
    uint32_t slot = peers->free;
    if (slot != MAP_NONE) {
        peers->free = peers->slots[slot].newer;
    }
    return slot;
}

static uint32_t open_slot(struct mail_peers *peers, enum mail_box box, uint64_t node)
{
    char topic[MAIL_TOPIC_BYTES];
    struct outlet_options options = peers->options;
    uint32_t slot = free_slot(peers);
    if (slot == MAP_NONE) {
        return MAP_NONE;
    }
    mail_topic(peers->prefix, box, node, topic);
    options.topic = topic;
    options.group = box == MAIL_PAGES ? peers->pages_group : options.group;
    peers->slots[slot] = (struct mail_peer){.node = node, .box = box};
    CHECK(map_put(&peers->by_box, key_of(box, node), slot));
    join_row(peers, slot);
    outlet_open(&peers->slots[slot].outlet, &options, &peers->sends, peers->world);
    peers->opened++;
    if (!peers->sweep.loop) {
        timer_start(peers->world->loop, &peers->sweep, peers->idle_ms / SWEEPS_IN_IDLE, on_sweep);
    }
    return slot;
}

/* ---- for mail_pulsar.c */

void mail_peers_init(
    struct mail_peers *peers, uint32_t max, uint32_t sends_max, const uint64_t secret[2])
{
    CHECK(max > 0);
    CHECK(peers->idle_ms > peers->options.send_ms);
    peers->slots = mem_array(max, sizeof(*peers->slots));
    peers->oldest = peers->newest = peers->free = MAP_NONE;
    for (uint32_t slot = max; slot > 0; slot--) {
        peers->slots[slot - 1].newer = peers->free;
        peers->free = slot - 1;
    }
    map_init(&peers->by_box, max, secret);
    outlet_sends_init(&peers->sends, sends_max);
}

void mail_peers_stop(struct mail_peers *peers)
{
    while (peers->oldest != MAP_NONE) {
        close_slot(peers, peers->oldest);
    }
    timer_stop(&peers->sweep);
}

void mail_peers_deinit(struct mail_peers *peers)
{
    outlet_sends_deinit(&peers->sends);
    map_deinit(&peers->by_box);
    mem_free(peers->slots);
}

void mail_peers_send(struct mail_peers *peers, enum mail_box box, uint64_t node, struct buf *event)
{
    uint32_t slot = map_find(&peers->by_box, key_of(box, node));
    if (slot == MAP_NONE) {
        slot = open_slot(peers, box, node);
    } else {
        leave_row(peers, &peers->slots[slot]);
        join_row(peers, slot);
    }
    if (slot == MAP_NONE) {
        peers->sends.dropped++;
        return;
    }
    outlet_send(&peers->slots[slot].outlet, event);
}

void mail_peers_close(struct mail_peers *peers, enum mail_box box, uint64_t node)
{
    uint32_t slot = map_find(&peers->by_box, key_of(box, node));
    if (slot != MAP_NONE) {
        close_slot(peers, slot);
    }
}
