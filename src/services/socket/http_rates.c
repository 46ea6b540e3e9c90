/* http_rates - see the header. Happy path: one bucket of commands, for messages one more. How it
 * fails: rate_limited with the wait. A sessions port that does not answer limits nobody. */

#include "http_rates.h"

#include <string.h>

#include "base/mem.h"
#include "flow/flow.h"

struct http_rates {
    struct flow flow;
    struct socket_service *service;
    struct conn_id conn;
    struct identity who;
    bool sends;
    void (*run)(struct socket_service *service, const struct upstream_call *call);
    struct sessions_limit_op commands, messages;
    char keys[2][1 + sizeof(struct cht_id)];
};

static void take(
    struct http_rates *rates, struct sessions_limit_op *op, uint64_t per_second, uint64_t burst)
{
    bool is_commands = op == &rates->commands;
    char *key = rates->keys[is_commands];
    key[0] = is_commands ? 'c' : 'm';
    memcpy(key + 1, rates->who.user.bytes, sizeof(rates->who.user.bytes));
    op->key = (struct cht_str){key, sizeof(rates->keys[0])};
    op->burst = (uint32_t)burst;
    op->refill_us = 1000000 / per_second;
    op->take = 1;
    sessions_limit(rates->service->deps.sessions, flow_tolerate(&rates->flow), op);
}

static void ask_sessions(struct flow *flow)
{
    struct http_rates *rates = (struct http_rates *)flow;
    const struct socket_settings *settings = &rates->service->settings;
    if (settings->commands_per_second > 0) {
        take(rates, &rates->commands, settings->commands_per_second, settings->commands_burst);
    }
    if (rates->sends && settings->messages_per_second > 0) {
        take(rates, &rates->messages, settings->messages_per_second, settings->messages_burst);
    }
}

static void finish(struct flow *flow)
{
    struct http_rates *rates = (struct http_rates *)flow;
    struct edge *edge = rates->service->deps.edge;
    struct upstream_call call = {.request = edge_keep(edge, rates->conn), .identity = &rates->who};
    bool limited =
        rates->commands.op.err == ERR_RATE_LIMITED || rates->messages.op.err == ERR_RATE_LIMITED;
    if (limited) {
        uint64_t wait = rates->commands.wait_ms > rates->messages.wait_ms ? rates->commands.wait_ms
                                                                          : rates->messages.wait_ms;
        rates->service->counters.refused++;
        edge_respond_error(edge, rates->conn, ERR_RATE_LIMITED, NULL, wait);
    } else if (call.request) {
        rates->run(rates->service, &call);
    }
    mem_free(rates);
}

void http_rates_ask(struct socket_service *service, const struct upstream_call *call, bool sends,
    void (*run)(struct socket_service *service, const struct upstream_call *call))
{
    static const struct flow_step steps[] = {{"ask_sessions", ask_sessions}, {"finish", finish}};
    struct http_rates *rates = mem_new(sizeof(*rates));
    rates->service = service;
    rates->conn = call->request->conn;
    rates->who = *call->identity;
    rates->sends = sends;
    rates->run = run;
    edge_keep(service->deps.edge, rates->conn);
    flow_start(&rates->flow, service->deps.world->loop, steps, FLOW_STEPS(steps));
}
