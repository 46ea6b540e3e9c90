/* outbounds - the connections of a loop: their slots, and when each of them has its turn.
 *
 * Happy path: a readiness event finds its connection by slot and generation; whoever is due is
 * looked at by one task, whoever was written to is flushed by one hook. How it fails: an event of a
 * socket that is closed finds nobody; nothing else can go wrong. */

#include "base/mem.h"
#include "link/outbound_inner.h"

#define OUTBOUNDS_MAX (1u << 24)

static void run_task_later(struct outbounds *set)
{
    if (!set->task_waits) {
        set->task_waits = true;
        loop_defer(set->world->loop, &set->task);
    }
}

void outbound_is_due(struct outbound *outbound)
{
    place_join(&outbound->set->due, &outbound->due);
    run_task_later(outbound->set);
}

/* Moves all of a ring to `ret_head`. What joins from here on waits for the next time. */
static void take_ring(struct outbound_place *head, struct outbound_place *ret_head)
{
    *ret_head = (struct outbound_place){.next = ret_head, .prev = ret_head};
    if (head->next != head) {
        *ret_head = *head;
        ret_head->next->prev = ret_head;
        ret_head->prev->next = ret_head;
        *head = (struct outbound_place){.next = head, .prev = head};
    }
}

static void run_task(struct task *task)
{
    struct outbounds *set = container_of(task, struct outbounds, task);
    struct outbound_place now;
    set->task_waits = false;
    take_ring(&set->due, &now);
    while (now.next != &now) {
        struct outbound *outbound = container_of(now.next, struct outbound, due);
        place_leave(&outbound->due);
        if (outbound_is(outbound, OUTBOUND_CLOSED)) {
            outbound_tell_closed(outbound);
        } else if (outbound_is(outbound, OUTBOUND_OPEN)) {
            outbound_go_on(outbound);
        }
    }
}

static void on_turn_end(struct loop_hook *hook)
{
    struct outbounds *set = container_of(hook, struct outbounds, turn_end);
    struct outbound_place now;
    take_ring(&set->touched, &now);
    while (now.next != &now) {
        struct outbound *outbound = container_of(now.next, struct outbound, touched);
        place_leave(&outbound->touched);
        outbound_flush(outbound);
    }
}

/* Hooks that run after this set's may write too: the task makes sure that another turn follows. */
void outbound_is_touched(struct outbound *outbound)
{
    place_join(&outbound->set->touched, &outbound->touched);
    run_task_later(outbound->set);
}

static void on_net_ready(struct net_handler *handler, uint64_t token, uint32_t events)
{
    struct outbounds *set = container_of(handler, struct outbounds, net_handler);
    uint32_t slot = (uint32_t)(token >> 32);
    CHECK(slot < set->slot_count);
    struct outbound *outbound = set->slots[slot];
    if (outbound && outbound->generation == (uint32_t)token) {
        outbound_ready(outbound, events);
    }
}

struct outbounds *outbounds_create(const struct world *world)
{
    struct outbounds *set = mem_new(sizeof(*set));
    set->world = world;
    set->net_handler.on_ready = on_net_ready;
    set->turn_end.run = on_turn_end;
    set->task.run = run_task;
    set->due.next = set->due.prev = &set->due;
    set->touched.next = set->touched.prev = &set->touched;
    set->plain = mem_resize(NULL, OUTBOUND_READ_BYTES);
    set->cipher = mem_resize(NULL, OUTBOUND_READ_BYTES);
    CHECK(net_add_handler(world->net, &set->net_handler) == OK);
    loop_add_turn_end(world->loop, &set->turn_end);
    return set;
}

void outbounds_destroy(struct outbounds *set)
{
    if (!set) {
        return;
    }
    for (uint32_t slot = 0; slot < set->slot_count; slot++) {
        outbound_destroy(set->slots[slot]);
    }
    mem_free(set->slots);
    mem_free(set->plain);
    mem_free(set->cipher);
    mem_free(set);
}

void outbounds_add(struct outbound *outbound)
{
    struct outbounds *set = outbound->set;
    uint32_t slot = set->free_from;
    while (slot < set->slot_count && set->slots[slot]) {
        slot++;
    }
    set->free_from = slot + 1;
    if (slot == set->slot_count) {
        CHECK(set->slot_count < OUTBOUNDS_MAX);
        set->slot_count++;
        set->slots = mem_resize(set->slots, set->slot_count * sizeof(struct outbound *));
    }
    set->slots[slot] = outbound;
    outbound->slot = slot;
}
