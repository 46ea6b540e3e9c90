/* relay_instances - who may be asked.
 *
 * Happy path: chance names two, the less busy one is asked. How it fails: who can not be connected
 * to rests, twice as long each time; if all rest, the one that wakes first is asked, so a
 * service that comes back is found by the next request. */

#include <stdio.h>

#include "base/comma_list.h"
#include "relay/relay_inner.h"
#include "world/loop.h"
#include "world/random.h"

#define DOUBLINGS_MAX 4u

/* The port has to be there. */
static bool read_instance(struct cht_str text, struct instance *instance)
{
    instance->port = 0;
    return host_port_read(text, instance->host, &instance->port) && instance->port > 0;
}

enum err relay_instances_read(struct target *target, const char *list, char *ret_problem)
{
    while (*list) {
        struct cht_str text = comma_list_take(&list);
        if (target->count == RELAY_INSTANCES_MAX) {
            snprintf(
                ret_problem, RELAY_PROBLEM_BYTES, "more than %d instances", RELAY_INSTANCES_MAX);
            return ERR_BAD_CONFIG;
        }
        if (!read_instance(text, &target->instances[target->count])) {
            snprintf(ret_problem, RELAY_PROBLEM_BYTES, "not of the form host:port: %.*s",
                text.size < 64 ? (int)text.size : 64, text.at);
            return ERR_BAD_CONFIG;
        }
        target->count++;
    }
    return OK;
}

/* ---- choosing */

static struct instance *first_to_wake(struct target *target, uint32_t without)
{
    struct instance *first = NULL;
    for (uint32_t i = 0; i < target->count; i++) {
        struct instance *other = &target->instances[i];
        bool sooner = !first || other->rests_until_ms < first->rests_until_ms;
        first = !(without & 1u << i) && sooner ? other : first;
    }
    return first;
}

struct instance *relay_instance_pick(
    const struct relay *relay, struct target *target, uint32_t without)
{
    const struct world *world = relay->options.world;
    uint64_t now = loop_now_ms(world->loop);
    struct instance *awake[RELAY_INSTANCES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < target->count; i++) {
        if (!(without & 1u << i) && target->instances[i].rests_until_ms <= now) {
            awake[count++] = &target->instances[i];
        }
    }
    if (count == 0) {
        return first_to_wake(target, without);
    }
    if (count == 1) {
        return awake[0];
    }
    uint64_t one = random_below(world->random, count);
    uint64_t other = (one + 1 + random_below(world->random, count - 1)) % count;
    return awake[other]->calls < awake[one]->calls ? awake[other] : awake[one];
}

void relay_instance_refused(const struct relay *relay, struct instance *instance)
{
    uint32_t doublings = instance->refusals < DOUBLINGS_MAX ? instance->refusals : DOUBLINGS_MAX;
    instance->rests_until_ms = loop_now_ms(relay->options.world->loop) +
                               ((uint64_t)relay->options.limits.rest_ms << doublings);
    instance->refusals++;
}
