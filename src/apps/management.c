/* management - a small HTTP handler on the management port.
 *
 * Happy path: a path of the table, answered at once; metrics are gathered over all workers first.
 * How it fails: an unknown path is 404, a wrong method 405, a second scrape while one is under way
 * 503. */

#include "management.h"

#include <stdio.h>

#include "base/err_json.h"
#include "base/mem.h"
#include "chattifier/events.h"
#include "engines.h"
#include "management_access.h"
#include "management_levels.h"
#include "metrics.h"
#include "refresh.h"
#include "round.h"
#include "worker.h"

#define TEXT_BYTES_MAX (256u << 10)
#define ERROR_BYTES 512

struct management {
    struct edge_http_handler handler; /* first */
    struct house *house;
    struct worker *worker;   /* the first */
    struct round scrape;     /* of metrics */
    struct metrics *metrics; /* one a worker */
    struct conn_id scraping;
};

struct page {
    const char *path;
    enum http_method method;
    void (*answer)(struct management *management, const struct edge_request *request);
};

static void answer_json(
    struct management *management, struct conn_id conn, int status, const char *text)
{
    struct edge_response response = {
        .status = status, .content_type = "application/json", .body = cht_str_of(text)};
    edge_respond(management->worker->edge, conn, &response);
}

/* What the log has comes into the store, on every worker. */
static bool stores_go_on(const struct house *house)
{
    for (uint32_t i = 0; i < house->worker_count; i++) {
        const struct message_service *message = house->workers[i].message;
        if (message && !message_is_ready(message)) {
            return false;
        }
    }
    return true;
}

static void health(struct management *management, const struct edge_request *request)
{
    bool draining = atomic_load(&management->house->draining);
    const char *ailing = engines_ail(management->house);
    const char *component = stores_go_on(management->house) ? ailing : "store";
    char text[128];
    if (component) {
        snprintf(text, sizeof(text),
            "{\"status\":\"DOWN\",\"components\":{\"%s\":{\"status\":\"DOWN\"}}}", component);
    } else {
        snprintf(text, sizeof(text), "%s",
            draining ? "{\"status\":\"OUT_OF_SERVICE\"}"
                     : "{\"status\":\"UP\",\"groups\":[\"liveness\",\"readiness\"]}");
    }
    answer_json(management, request->conn, component || draining ? 503 : 200, text);
}

static void liveness(struct management *management, const struct edge_request *request)
{
    answer_json(management, request->conn, 200, "{\"status\":\"UP\"}");
}

static void info(struct management *management, const struct edge_request *request)
{
    char text[256];
    snprintf(text, sizeof(text),
        "{\"build\":{\"name\":\"chattifier\",\"version\":\"%s\"},\"workers\":%u,"
        "\"sends\":\"%s\"}",
        CHATTIFIER_VERSION, management->house->worker_count,
        management->house->has_uring ? "io_uring" : "plain");
    answer_json(management, request->conn, 200, text);
}

static void add_setting(void *context, const struct settings_table *table,
    const struct setting_row *row, const char *value, const char *origin)
{
    (void)table;
    struct cht_json *json = context;
    cht_json_key(json, row->key);
    cht_json_begin(json, '{');
    cht_json_key(json, "value");
    cht_json_text(json, cht_str_of(value));
    cht_json_key(json, "origin");
    cht_json_text(json, cht_str_of(origin));
    cht_json_end(json, '}');
}

static void env(struct management *management, const struct edge_request *request)
{
    struct buf *body = buf_create(TEXT_BYTES_MAX);
    struct cht_json json = {.at = (char *)body->bytes, .size = TEXT_BYTES_MAX};
    cht_json_begin(&json, '{');
    settings_each(management->house->options->settings, add_setting, &json);
    cht_json_end(&json, '}');
    body->size = (uint32_t)(json.used <= TEXT_BYTES_MAX ? json.used : 0);
    struct edge_response response = {
        .status = 200, .content_type = "application/json", .body_buf_take = body};
    edge_respond(management->worker->edge, request->conn, &response);
}

/* A refusal that only HTTP has. */
static void refuse_with(struct management *management, const struct edge_request *request,
    int status, const char *allow)
{
    char body[ERROR_BYTES];
    struct cht_json json = {.at = body, .size = sizeof(body)};
    struct err_json error = {.err = ERR_BAD_FRAME,
        .message = allow ? "This path does not take that method; Allow lists those that it takes."
                         : "The body has to be JSON, with Content-Type: application/json."};
    err_json_write(&json, &error);
    struct http_field field = {{"Allow", 5}, cht_str_of(allow)};
    struct edge_response response = {.status = status,
        .content_type = "application/json",
        .body = {body, (uint32_t)json.used},
        .fields = &field,
        .field_count = allow ? 1 : 0};
    edge_respond(management->worker->edge, request->conn, &response);
}

static const char *level_now(const struct management *management)
{
    return management_level_name(atomic_load(&management->house->logger.level));
}

/* There is one logger; Spring calls it ROOT. */
static void loggers(struct management *management, const struct edge_request *request)
{
    const char *now = level_now(management);
    char text[256];
    snprintf(text, sizeof(text),
        "{\"levels\":[\"DEBUG\",\"INFO\",\"WARN\",\"ERROR\"],\"configuredLevel\":\"%s\","
        "\"loggers\":{\"ROOT\":{\"configuredLevel\":\"%s\",\"effectiveLevel\":\"%s\"}}}",
        now, now, now);
    answer_json(management, request->conn, 200, text);
}

static void root_logger(struct management *management, const struct edge_request *request)
{
    const char *now = level_now(management);
    char text[128];
    snprintf(
        text, sizeof(text), "{\"configuredLevel\":\"%s\",\"effectiveLevel\":\"%s\"}", now, now);
    answer_json(management, request->conn, 200, text);
}

static void set_level(struct management *management, const struct edge_request *request)
{
    struct house *house = management->house;
    if (!cht_is_json_type(edge_request_field(request, "content-type"))) {
        refuse_with(management, request, 415, NULL);
        return;
    }
    int level = management_level_asked(request->body, (int)house->settings.app.log_level);
    if (level < 0) {
        edge_respond_error(
            management->worker->edge, request->conn, ERR_BAD_FIELD, "configuredLevel", 0);
        return;
    }
    atomic_store(&house->logger.level, level);
    LOG_WARN(&house->logger, "log.level", "level=%s", management_level_name(level));
    edge_respond(management->worker->edge, request->conn, &(struct edge_response){.status = 204});
}

static void refresh(struct management *management, const struct edge_request *request)
{
    refresh_for(management->house->refresh, request->conn);
}

static struct management *of_scrape(struct round *round)
{
    return container_of(round, struct management, scrape);
}

static void scrape_here(struct round *round, struct worker *worker)
{
    metrics_read(worker, &of_scrape(round)->metrics[worker->index]);
}

static void scraped(struct round *round)
{
    struct management *management = of_scrape(round);
    struct metrics sum = {0};
    for (uint32_t i = 0; i < management->house->worker_count; i++) {
        metrics_add(&sum, &management->metrics[i]);
    }
    struct buf *body = buf_create(TEXT_BYTES_MAX);
    body->size = (uint32_t)metrics_print(&sum, (char *)body->bytes, TEXT_BYTES_MAX);
    struct edge_response response = {
        .status = 200, .content_type = "text/plain; version=0.0.4", .body_buf_take = body};
    edge_respond(management->worker->edge, management->scraping, &response);
}

static const struct round_ops scrape_ops = {scrape_here, scraped};

static void prometheus(struct management *management, const struct edge_request *request)
{
    if (round_is_under_way(&management->scrape)) {
        edge_respond_error(management->worker->edge, request->conn, ERR_UNAVAILABLE, NULL, 1000);
        return;
    }
    management->scraping = request->conn;
    round_start(&management->scrape);
}

static const struct page pages[] = {
    {"/actuator/health", HTTP_GET, health},
    {"/actuator/health/liveness", HTTP_GET, liveness},
    {"/actuator/health/readiness", HTTP_GET, health},
    {"/actuator/info", HTTP_GET, info},
    {"/actuator/prometheus", HTTP_GET, prometheus},
    {"/actuator/env", HTTP_GET, env},
    {"/actuator/loggers", HTTP_GET, loggers},
    {"/actuator/loggers", HTTP_POST, set_level},
    {"/actuator/loggers/ROOT", HTTP_GET, root_logger},
    {"/actuator/loggers/ROOT", HTTP_POST, set_level},
    {"/actuator/refresh", HTTP_POST, refresh},
};

static void refuse(
    struct management *management, const struct edge_request *request, const char *allow)
{
    if (!allow) {
        edge_respond_error(management->worker->edge, request->conn, ERR_UNKNOWN_TYPE, NULL, 0);
        return;
    }
    refuse_with(management, request, 405, allow);
}

static void on_request(struct edge_http_handler *handler, const struct edge_request *request)
{
    struct management *management = (struct management *)handler;
    struct edge *edge = management->worker->edge;
    const char *allow = NULL;
    if (!management_may_ask(request, management->house->settings.app.management_host)) {
        edge_respond_error(edge, request->conn, ERR_FORBIDDEN, NULL, 0);
        return;
    }
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!cht_str_is(request->path, pages[i].path)) {
            continue;
        }
        bool head = request->method == HTTP_HEAD && pages[i].method == HTTP_GET;
        if (pages[i].method == request->method || head) {
            pages[i].answer(management, request);
            return;
        }
        allow = allow ? "GET, HEAD, POST" : pages[i].method == HTTP_GET ? "GET, HEAD" : "POST";
    }
    refuse(management, request, allow);
}

static void on_gone(struct edge_http_handler *handler, struct conn_id conn)
{
    (void)handler;
    (void)conn; /* an answer to a connection that is gone goes nowhere */
}

struct management *management_create(struct house *house, struct worker *worker)
{
    struct management *management = mem_new(sizeof(*management));
    management->handler =
        (struct edge_http_handler){.on_request = on_request, .on_gone = on_gone, .uncounted = true};
    management->house = house;
    management->worker = worker;
    management->metrics = mem_array(house->worker_count, sizeof(*management->metrics));
    round_init(&management->scrape, house, &scrape_ops);
    return management;
}

enum err management_listen(struct management *management, const char *host, uint16_t port)
{
    uint16_t used;
    enum err err =
        edge_listen(management->worker->edge, host, port, false, &management->handler, &used);
    if (err == OK) {
        management->house->management_port = used;
    }
    return err;
}

void management_destroy(struct management *management)
{
    if (management) {
        round_deinit(&management->scrape);
        mem_free(management->metrics);
        mem_free(management);
    }
}
