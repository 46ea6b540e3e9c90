/* relay - services here, or instances elsewhere.
 *
 * Happy path: a target that is served in this process is called; for another an instance is asked.
 * How it fails: a target with neither is unavailable. */

#include "relay/relay.h"

#include "base/check.h"
#include "base/mem.h"
#include "relay/relay_inner.h"
#include "world/loop.h"

static void serve(
    struct upstream *upstream, enum upstream_target target, struct upstream_server *server)
{
    struct relay *relay = (struct relay *)upstream;
    CHECK(target < UPSTREAM_TARGET_COUNT);
    relay->servers[target] = server;
    upstream->here = server ? upstream->here | 1u << target : upstream->here & ~(1u << target);
}

static void forward(
    struct upstream *upstream, enum upstream_target target, const struct upstream_call *call)
{
    struct relay *relay = (struct relay *)upstream;
    CHECK(target < UPSTREAM_TARGET_COUNT);
    if (relay->servers[target]) {
        relay->servers[target]->on_call(relay->servers[target], call);
    } else {
        relay_call_start(relay, target, call);
    }
}

enum err relay_check(const char *list, char ret_problem[RELAY_PROBLEM_BYTES])
{
    struct target *target = mem_new(sizeof(*target));
    enum err err = relay_instances_read(target, list, ret_problem);
    mem_free(target);
    return err;
}

struct upstream *relay_create(const struct relay_options *options)
{
    char problem[RELAY_PROBLEM_BYTES];
    struct relay *relay = mem_new(sizeof(*relay));
    relay->upstream = (struct upstream){.serve = serve, .forward = forward};
    relay->options = *options;
    relay_tunnels_init(relay);
    for (uint32_t i = 0; i < UPSTREAM_TARGET_COUNT; i++) {
        enum err err = relay_instances_read(&relay->targets[i], options->instances[i], problem);
        CHECK(err == OK);
    }
    return &relay->upstream;
}

void relay_destroy(struct upstream *upstream)
{
    struct relay *relay = (struct relay *)upstream;
    if (!relay) {
        return;
    }
    while (relay->first) {
        struct call *call = relay->first->call;
        relay_line_destroy(relay->first);
        if (call) {
            relay_call_end(call);
        }
    }
    mem_free(relay->tunnels);
    mem_free(relay);
}

struct relay_stats relay_stats(const struct upstream *upstream)
{
    return ((const struct relay *)upstream)->stats;
}

/* Who rests is tried again after it, also where nobody asks meanwhile because of what this says. */
static bool is_well(const struct target *target, uint64_t now_ms)
{
    bool well = target->count == 0;
    for (uint32_t i = 0; i < target->count; i++) {
        well |= target->instances[i].rests_until_ms <= now_ms;
    }
    return well;
}

bool relay_is_well(const struct upstream *upstream)
{
    const struct relay *relay = (const struct relay *)upstream;
    bool well = true;
    for (uint32_t i = 0; i < UPSTREAM_TARGET_COUNT; i++) {
        well = well && is_well(&relay->targets[i], loop_now_ms(relay->options.world->loop));
    }
    return well;
}
