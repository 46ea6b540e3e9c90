/* engine_relay - gateways and the services behind them in different processes.
 *
 * Happy path: a relay on each worker of the gateway's process; in those of the services it has only
 * these. How it fails: a list of instances that can not be read, or is missing, is one line. */

#include "engines.h"
#include "house.h"
#include "metrics.h"
#include "relay/relay.h"
#include "services.h"
#include "worker.h"

static enum err check(struct house *house, uint32_t service, const char *setting, const char *list)
{
    char problem[RELAY_PROBLEM_BYTES] =
        "it is empty, and the gateway's process has not that service";
    bool needed = (house->services & SERVICE_BIT(GATEWAY)) && !(house->services & service);
    if ((*list || !needed) && relay_check(list, problem) == OK) {
        return OK;
    }
    LOG_ERROR(&house->logger, "setting.refused", "setting=%s value=\"%s\" reason=\"%s\"", setting,
        list, problem);
    return ERR_BAD_CONFIG;
}

static enum err open_relay(struct house *house)
{
    const struct app_settings *app = &house->settings.app;
    enum err err = check(house, SERVICE_BIT(USER), "upstream.user", app->upstream_user);
    return err == OK ? check(house, SERVICE_BIT(SOCKET), "upstream.socket", app->upstream_socket)
                     : err;
}

static void join(struct worker *worker)
{
    const struct app_settings *app = &worker->settings.app;
    struct relay_options options = {
        .world = &worker->world,
        .edge = worker->edge,
        .outbounds = worker_outbounds(worker),
        .instances =
            {[UPSTREAM_USER] = app->upstream_user, [UPSTREAM_SOCKET] = app->upstream_socket},
        .limits = {.connections_max = (uint32_t)app->upstream_connections,
            .body_bytes_max = (uint32_t)app->body_bytes,
            .reply_bytes_max = (uint32_t)app->upstream_reply_bytes,
            .timeout_ms = (uint32_t)app->upstream_timeout_ms,
            .idle_ms = (uint32_t)app->upstream_idle_ms,
            .rest_ms = (uint32_t)app->upstream_rest_ms},
    };
    worker->upstream = relay_create(&options);
}

static void leave(struct worker *worker)
{
    relay_destroy(worker->upstream);
}

static void measure(const struct worker *worker, struct metrics *metrics)
{
    struct relay_stats stats = relay_stats(worker->upstream);
    metrics->upstream_connections = stats.connections;
    metrics->upstream_requests_total = stats.requests;
    metrics->upstream_retries_total = stats.retries;
    metrics->upstream_failures_total = stats.failures;
}

/* The first worker speaks for all: health is asked on its loop. */
static const char *ails(struct house *house)
{
    return relay_is_well(house->workers[0].upstream) ? NULL : "upstream";
}

const struct engine upstream_relay_engine = {
    .name = "relay",
    .reaches = true,
    .open = open_relay,
    .join = join,
    .leave = leave,
    .ails = ails,
    .measure = measure,
};
