/* outbound - the states of a connection; bytes are in outbound_io.c, turns in outbounds.c.
 *
 * Happy path: started, a name is looked up, the first of its addresses is connected, perhaps TLS,
 * open. How it fails: an address that will not do is followed by the next, until the deadline of
 * the try; a try or connection that ends is detached from everything, its user is told from the
 * set's task, and it waits for the next try. One timer has the one deadline of each state. */

#include "link/outbound.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "link/outbound_inner.h"
#include "link/retry_wait.h"

static void enter_resolving(struct machine *machine);
static void enter_connecting(struct machine *machine);
static void enter_open(struct machine *machine);
static void enter_closed(struct machine *machine);

#define TO(state) MACHINE_TO(OUTBOUND_##state)
static const struct machine_row states[OUTBOUND_STATES] = {
    [OUTBOUND_IDLE] = {"idle", TO(RESOLVING)},
    [OUTBOUND_RESOLVING] = {"resolving", TO(CONNECTING) | TO(CLOSED) | TO(IDLE), enter_resolving},
    [OUTBOUND_CONNECTING] = {"connecting",
        TO(CONNECTING) | TO(SHAKING) | TO(OPEN) | TO(CLOSED) | TO(IDLE), enter_connecting},
    [OUTBOUND_SHAKING] = {"shaking", TO(CONNECTING) | TO(OPEN) | TO(CLOSED) | TO(IDLE)},
    [OUTBOUND_OPEN] = {"open", TO(CLOSED) | TO(IDLE), enter_open},
    [OUTBOUND_CLOSED] = {"closed", TO(WAITING) | TO(RESOLVING) | TO(IDLE), enter_closed},
    [OUTBOUND_WAITING] = {"waiting", TO(RESOLVING) | TO(IDLE)},
};

static const struct reason_row {
    const char *name, *text;
} reasons[OUTBOUND_REASONS] = {
#define REASON(name, wire, text) [OUTBOUND_##name] = {wire, text},
#include "link/outbound_reasons.def"
#undef REASON
};

static struct outbound *of(struct machine *machine)
{
    return container_of(machine, struct outbound, machine);
}

const char *outbound_reason_name(enum outbound_reason reason)
{
    CHECK(reason < OUTBOUND_REASONS);
    return reasons[reason].name;
}

const char *outbound_reason_text(enum outbound_reason reason)
{
    CHECK(reason < OUTBOUND_REASONS);
    return reasons[reason].text;
}

/* ---- calling the user */

uint32_t outbound_call_begin(struct outbound *outbound)
{
    CHECK(!outbound->set->calling);
    outbound->set->calling = outbound;
    return outbound->generation;
}

static void outbound_free(struct outbound *outbound)
{
    outbound_input_free(outbound);
    outbound_queue_deinit(&outbound->queue);
    mem_free(outbound->tls_name);
    mem_free(outbound);
}

bool outbound_call_end(struct outbound *outbound, uint32_t generation)
{
    CHECK(outbound->set->calling == outbound);
    outbound->set->calling = NULL;
    if (outbound->doomed) {
        outbound_free(outbound);
        return false;
    }
    if (outbound->generation != generation) {
        outbound_input_free(outbound); /* it was left to the handler */
        return false;
    }
    return true;
}

/* ---- the end of a try */

static void detach(struct outbound *outbound)
{
    outbound->generation = ++outbound->set->generation;
    timer_stop(&outbound->timer);
    if (outbound->lookup) {
        outbound->lookup->outbound = NULL;
        outbound->lookup = NULL;
    }
    outbound_socket_close(outbound);
    outbound_queue_clear(&outbound->queue);
    if (outbound->set->calling != outbound) {
        outbound_input_free(outbound);
    }
    place_leave(&outbound->due);
    place_leave(&outbound->touched);
    outbound->refused_bytes = 0;
    outbound->blocked = outbound->broken = outbound->held = false;
    outbound->again = outbound->quiet = outbound->at_once = false;
}

static void end_is(struct outbound *outbound, enum outbound_reason reason, const char *detail)
{
    snprintf(outbound->detail, sizeof(outbound->detail), "%s", detail);
    outbound->end.reason = reason;
    outbound->end.to = outbound->address_count ? outbound->addresses[outbound->address_at]
                                               : (struct net_address){0};
}

static void finish_try(struct outbound *outbound)
{
    outbound->end.was_open = outbound_is(outbound, OUTBOUND_OPEN);
    outbound->end.bytes_sent = outbound->queue.left;
    if (outbound->end.was_open) {
        bool steady = outbound_now(outbound) - outbound->opened_ms >= outbound->limits.steady_ms;
        outbound->failures = steady ? 0 : outbound->failures;
        outbound->turned += steady ? 0 : 1;
    }
    detach(outbound);
    machine_move(&outbound->machine, OUTBOUND_CLOSED);
}

void outbound_close(struct outbound *outbound, enum outbound_reason reason, const char *detail)
{
    end_is(outbound, reason, detail);
    finish_try(outbound);
}

/* The last address of a name tells why none would do, unless one of them had come further. */
static void next_address(struct outbound *outbound, enum outbound_reason reason, const char *detail)
{
    bool shook = outbound_is(outbound, OUTBOUND_SHAKING);
    if (shook || !outbound->shook) {
        outbound->shook = shook;
        end_is(outbound, reason, detail);
    }
    outbound_socket_close(outbound);
    outbound->address_at++;
}

void outbound_address_failed(
    struct outbound *outbound, enum outbound_reason reason, const char *detail)
{
    next_address(outbound, reason, detail);
    machine_move(&outbound->machine, OUTBOUND_CONNECTING);
}

/* ---- waiting */

static void on_timer(struct timer *timer);

static void wait_until(struct outbound *outbound, uint64_t at_ms)
{
    uint64_t now = outbound_now(outbound);
    timer_start(
        outbound->set->world->loop, &outbound->timer, at_ms > now ? at_ms - now : 0, on_timer);
}

static uint64_t next_wait(struct outbound *outbound)
{
    const struct outbound_limits *limits = &outbound->limits;
    return retry_wait_ms(outbound->set->world->random, outbound->failures++, limits->retry_first_ms,
        limits->retry_max_ms);
}

static void enter_closed(struct machine *machine)
{
    outbound_is_due(of(machine));
}

void outbound_tell_closed(struct outbound *outbound)
{
    struct outbound_end end = outbound->end;
    end.detail = outbound->detail;
    end.retry_ms = next_wait(outbound);
    uint32_t generation = outbound_call_begin(outbound);
    outbound->handler->on_closed(outbound->handler, &end);
    if (!outbound_call_end(outbound, generation) || !outbound_is(outbound, OUTBOUND_CLOSED)) {
        return;
    }
    if (outbound->at_once) {
        outbound->at_once = false;
        outbound->failures = 0;
        machine_move(&outbound->machine, OUTBOUND_RESOLVING);
        return;
    }
    machine_move(&outbound->machine, OUTBOUND_WAITING);
    wait_until(outbound, outbound_now(outbound) + end.retry_ms);
}

/* ---- a try */

/* Those whose connections did not last come later. */
static void take_addresses(struct outbound *outbound, const struct resolver_op *op, enum err err)
{
    outbound->lookup = NULL;
    outbound->address_count = err ? 0 : op->count;
    for (uint32_t i = 0; i < outbound->address_count; i++) {
        outbound->addresses[i] = op->addresses[(i + outbound->turned) % op->count];
    }
}

static void on_addresses(struct asker *asker, struct op *op)
{
    struct outbound_lookup *lookup = container_of(asker, struct outbound_lookup, asker);
    struct outbound *outbound = lookup->outbound;
    enum err err = op->err;
    if (outbound) {
        take_addresses(outbound, &lookup->op, err);
    }
    mem_free(lookup);
    if (outbound && err) {
        outbound_close(outbound, OUTBOUND_NO_ADDRESS, err_name(err));
    } else if (outbound) {
        machine_move(&outbound->machine, OUTBOUND_CONNECTING);
    }
}

static void enter_resolving(struct machine *machine)
{
    struct outbound *outbound = of(machine);
    struct outbound_lookup *lookup = mem_new(sizeof(*lookup));
    outbound->end = (struct outbound_end){.reason = OUTBOUND_LATE};
    outbound->detail[0] = 0;
    outbound->shook = false;
    outbound->address_count = outbound->address_at = 0;
    outbound->deadline_ms = outbound_now(outbound) + outbound->limits.open_ms;
    memcpy(outbound->host, outbound->endpoint.host, sizeof(outbound->host));
    *lookup = (struct outbound_lookup){
        .asker = {on_addresses}, .outbound = outbound, .op.port = outbound->endpoint.port};
    memcpy(lookup->host, outbound->host, sizeof(lookup->host));
    lookup->op.host = lookup->host;
    outbound->lookup = lookup;
    wait_until(outbound, outbound->deadline_ms);
    resolver_find(outbound->set->world->resolver, &lookup->asker, &lookup->op);
}

enum outbound_reason outbound_reason_of(enum err err)
{
    switch ((int)err) {
    case ERR_REFUSED:
        return OUTBOUND_REFUSED;
    case ERR_FULL:
        return OUTBOUND_NO_ROOM;
    case ERR_TIMEOUT:
    case ERR_UNREACHABLE:
        return OUTBOUND_UNREACHABLE;
    default:
        return OUTBOUND_LOST;
    }
}

static enum err begin_to_connect(struct outbound *outbound)
{
    struct outbounds *set = outbound->set;
    outbound->generation = ++set->generation;
    outbound->stats.tries++;
    enum err err = net_connect(set->world->net, &outbound->addresses[outbound->address_at],
        &set->net_handler, outbound_token(outbound), &outbound->sock);
    if (err) {
        outbound->sock = -1;
        return err;
    }
    outbound->watched = NET_WRITABLE;
    return OK;
}

/* Each address has an equal share of the time that is left. */
static void enter_connecting(struct machine *machine)
{
    struct outbound *outbound = of(machine);
    uint64_t now = outbound_now(outbound);
    while (outbound->address_at < outbound->address_count && now < outbound->deadline_ms) {
        uint64_t share =
            (outbound->deadline_ms - now) / (outbound->address_count - outbound->address_at);
        enum err err = begin_to_connect(outbound);
        if (err == OK) {
            wait_until(outbound, now + (share ? share : 1));
            return;
        }
        next_address(outbound, outbound_reason_of(err), err_name(err));
    }
    finish_try(outbound);
}

/* ---- open */

static void listen_for_silence(struct outbound *outbound)
{
    const struct outbound_limits *limits = &outbound->limits;
    uint32_t ms = limits->quiet_ms && !outbound->quiet ? limits->quiet_ms : limits->silent_ms;
    timer_stop(&outbound->timer);
    if (ms) {
        wait_until(outbound, outbound->last_in_ms + ms);
    }
}

void outbound_heard(struct outbound *outbound)
{
    outbound->last_in_ms = outbound_now(outbound);
    if (outbound->quiet) {
        outbound->quiet = false;
        listen_for_silence(outbound);
    }
}

static void enter_open(struct machine *machine)
{
    struct outbound *outbound = of(machine);
    outbound->stats.opens++;
    outbound->opened_ms = outbound->last_in_ms = outbound_now(outbound);
    outbound_update_watch(outbound);
    listen_for_silence(outbound);
    uint32_t generation = outbound_call_begin(outbound);
    outbound->handler->on_open(outbound->handler);
    if (outbound_call_end(outbound, generation) && outbound->tls) {
        outbound->again = true; /* bytes may have come behind those of the handshake */
        outbound_is_due(outbound);
    }
}

static void on_silence(struct outbound *outbound)
{
    const struct outbound_limits *limits = &outbound->limits;
    uint64_t now = outbound_now(outbound);
    outbound->last_in_ms = outbound->held ? now : outbound->last_in_ms;
    uint64_t silence = now - outbound->last_in_ms;
    if (limits->silent_ms && silence >= limits->silent_ms) {
        outbound_close(outbound, OUTBOUND_SILENT, "");
        return;
    }
    bool tells = limits->quiet_ms && !outbound->quiet && silence >= limits->quiet_ms;
    outbound->quiet |= tells;
    listen_for_silence(outbound);
    if (tells && outbound->handler->on_quiet) {
        uint32_t generation = outbound_call_begin(outbound);
        outbound->handler->on_quiet(outbound->handler);
        (void)outbound_call_end(outbound, generation);
    }
}

/* ---- the one deadline */

static void on_timer(struct timer *timer)
{
    struct outbound *outbound = container_of(timer, struct outbound, timer);
    switch ((enum outbound_state)outbound->machine.state) {
    case OUTBOUND_RESOLVING:
        outbound_close(outbound, OUTBOUND_LATE, "");
        break;
    case OUTBOUND_CONNECTING:
    case OUTBOUND_SHAKING:
        outbound_address_failed(outbound, OUTBOUND_LATE, "");
        break;
    case OUTBOUND_OPEN:
        on_silence(outbound);
        break;
    case OUTBOUND_WAITING:
        machine_move(&outbound->machine, OUTBOUND_RESOLVING);
        break;
    case OUTBOUND_IDLE:
    case OUTBOUND_CLOSED:
    case OUTBOUND_STATES:
        CHECK_UNREACHABLE();
    }
}

/* ---- a connection */

/* What is not empty, without the dot of the root: no name would be no check of the name. */
static bool is_name(const char *host)
{
    size_t size = strlen(host);
    return size > 0 && size <= RESOLVER_HOST_BYTES_MAX && strcmp(host, ".") != 0;
}

enum err outbound_create(struct outbounds *outbounds, const struct outbound_options *options,
    struct outbound **ret_outbound)
{
    CHECK(options->limits.input_bytes_max > 0);
    CHECK(options->limits.queue_bytes_max > 0);
    CHECK(options->limits.open_ms > 0);
    CHECK(options->limits.retry_first_ms > 0);
    CHECK(options->limits.retry_first_ms <= options->limits.retry_max_ms);
    struct outbound *outbound = mem_new(sizeof(*outbound));
    enum err err = outbound_set_endpoint(outbound, options->host, options->port);
    if (err || (options->tls_name && !is_name(options->tls_name))) {
        mem_free(outbound);
        return ERR_BAD_CONFIG;
    }
    machine_init(&outbound->machine, states, OUTBOUND_STATES, OUTBOUND_IDLE);
    outbound->set = outbounds;
    outbound->handler = options->handler;
    outbound->limits = options->limits;
    outbound->tls_client = options->tls;
    outbound->tls_name = options->tls_name ? mem_string(options->tls_name) : NULL;
    outbound->sock = -1;
    outbounds_add(outbound);
    *ret_outbound = outbound;
    return OK;
}

void outbound_destroy(struct outbound *outbound)
{
    if (!outbound) {
        return;
    }
    outbound_stop(outbound);
    outbound->set->slots[outbound->slot] = NULL;
    if (outbound->slot < outbound->set->free_from) {
        outbound->set->free_from = outbound->slot;
    }
    if (outbound->set->calling == outbound) {
        outbound->doomed = true;
    } else {
        outbound_free(outbound);
    }
}

void outbound_start(struct outbound *outbound)
{
    if (outbound_is(outbound, OUTBOUND_IDLE)) {
        outbound->failures = 0;
        machine_move(&outbound->machine, OUTBOUND_RESOLVING);
    }
}

void outbound_stop(struct outbound *outbound)
{
    if (!outbound_is(outbound, OUTBOUND_IDLE)) {
        detach(outbound);
        machine_move(&outbound->machine, OUTBOUND_IDLE);
    }
}

void outbound_drop(struct outbound *outbound, const char *detail)
{
    bool idles = outbound_is(outbound, OUTBOUND_IDLE) || outbound_is(outbound, OUTBOUND_WAITING);
    if (!idles && !outbound_is(outbound, OUTBOUND_CLOSED)) {
        outbound_close(outbound, OUTBOUND_DROPPED, detail);
    }
}

void outbound_retry(struct outbound *outbound)
{
    if (outbound_is(outbound, OUTBOUND_CLOSED)) {
        outbound->at_once = true;
    } else if (outbound_is(outbound, OUTBOUND_WAITING)) {
        outbound->failures = 0;
        timer_stop(&outbound->timer);
        machine_move(&outbound->machine, OUTBOUND_RESOLVING);
    }
}

enum err outbound_set_endpoint(struct outbound *outbound, const char *host, uint16_t port)
{
    if (!is_name(host) || port == 0) {
        return ERR_BAD_CONFIG;
    }
    memcpy(outbound->endpoint.host, host, strlen(host) + 1);
    outbound->endpoint.port = port;
    return OK;
}

bool outbound_is_open(const struct outbound *outbound)
{
    return outbound_is(outbound, OUTBOUND_OPEN);
}

const char *outbound_state_name(const struct outbound *outbound)
{
    return machine_state_name(&outbound->machine);
}

struct net_address outbound_address(const struct outbound *outbound)
{
    return outbound_is_open(outbound) ? outbound->addresses[outbound->address_at]
                                      : (struct net_address){0};
}

void outbound_protocol(const struct outbound *outbound, char *ret_name, size_t size)
{
    ret_name[0] = 0;
    if (outbound->tls) {
        tls_session_protocol(outbound->tls, ret_name, size);
    }
}

struct outbound_stats outbound_stats(const struct outbound *outbound)
{
    return outbound->stats;
}
