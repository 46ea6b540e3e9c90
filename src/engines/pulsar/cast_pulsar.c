/* cast_pulsar - see the header.
 *
 * Happy path: an event leaves by the outlet and comes back by the inlet, to every handler in the
 * order in which they began to listen. How it fails: what is sent while a broker is away is dropped
 * when it has waited too long, and what others send meanwhile does not come. */

#include "pulsar/cast_pulsar.h"

#include "base/mem.h"
#include "pulsar/inlet.h"
#include "pulsar/outlet.h"

struct cast_pulsar {
    struct cast port;
    struct cast_handler *handlers;
    struct inlet inlet;
    struct outlet outlet;
    struct outlet_sends sends;
    bool stopped;
};

static struct cast_pulsar *of(struct cast *cast)
{
    return container_of(cast, struct cast_pulsar, port);
}

struct cast_pulsar_options cast_pulsar_options_default(void)
{
    return (struct cast_pulsar_options){
        .sends_max = 1024, .queue_messages = 1024, .send_ms = 5000, .retry_ms = 1000};
}

static void on_event(struct inlet *inlet, struct buf *event)
{
    struct cast_pulsar *cast = container_of(inlet, struct cast_pulsar, inlet);
    for (struct cast_handler *at = cast->handlers; at && !cast->stopped; at = at->next) {
        at->on_cast(at, event);
    }
}

static void prove(struct inlet *inlet, struct buf *empty)
{
    outlet_send(&container_of(inlet, struct cast_pulsar, inlet)->outlet, empty);
}

static void cast_send_pulsar(struct cast *port, struct buf *event)
{
    struct cast_pulsar *cast = of(port);
    if (cast->stopped) {
        cast->sends.dropped++;
    } else {
        outlet_send(&cast->outlet, event);
    }
}

static void cast_listen_pulsar(struct cast *port, struct cast_handler *handler)
{
    struct cast_handler **at = &of(port)->handlers;
    while (*at) {
        at = &(*at)->next;
    }
    handler->next = NULL;
    *at = handler;
}

struct cast_pulsar *cast_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct cast_pulsar_options *options)
{
    static const struct cast_ops ops = {cast_send_pulsar, cast_listen_pulsar};
    static const struct inlet_events events = {on_event, prove};
    struct inlet_options in = {.client = client,
        .topic = options->topic,
        .queue_messages = options->queue_messages,
        .retry_ms = options->retry_ms};
    struct outlet_options out = {.client = client,
        .topic = options->topic,
        .sends_max = options->sends_max,
        .send_ms = options->send_ms,
        .retry_ms = options->retry_ms};
    struct cast_pulsar *cast = mem_new(sizeof(*cast));
    cast->port.ops = &ops;
    outlet_sends_init(&cast->sends, options->sends_max);
    outlet_open(&cast->outlet, &out, &cast->sends, world);
    inlet_open(&cast->inlet, &in, world, &events);
    return cast;
}

struct cast *cast_pulsar_port(struct cast_pulsar *cast)
{
    return &cast->port;
}

bool cast_pulsar_is_open(const struct cast_pulsar *cast)
{
    return inlet_is_open(&cast->inlet) && outlet_is_open(&cast->outlet);
}

uint64_t cast_pulsar_dropped(const struct cast_pulsar *cast)
{
    return cast->sends.dropped;
}

void cast_pulsar_stop(struct cast_pulsar *cast)
{
    cast->stopped = true;
    inlet_close(&cast->inlet);
    outlet_close(&cast->outlet);
}

void cast_pulsar_destroy(struct cast_pulsar *cast)
{
    if (cast) {
        outlet_sends_deinit(&cast->sends);
        mem_free(cast);
    }
}
