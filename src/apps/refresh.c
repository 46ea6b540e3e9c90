/* refresh - read, compare, take over, go round.
 *
 * Happy path: file, environment and flags are read into settings of their own; the differences are
 * logged; what is reloadable goes into the settings of the house, and from there into those of each
 * worker, on its loop. How it fails: what can not be read or does not fit is one line, and nothing
 * has changed. */

#include "refresh.h"

#include "base/check.h"
#include "base/err_json.h"
#include "base/mem.h"
#include "chattifier/events.h"
#include "house.h"
#include "round.h"
#include "worker.h"

#define NAMES_BYTES_MAX (32u << 10)

struct refresh {
    struct round round; /* first */
    struct house *house;
    struct conn_id asker;
    struct buf *names; /* of what changed, JSON: the answer */
    struct cht_json json;
    bool again; /* when this one has ended */
};

static void answer(struct refresh *refresh, int status, struct buf *body_take)
{
    struct edge_response response = {
        .status = status, .content_type = "application/json", .body_buf_take = body_take};
    edge_respond(refresh->house->workers[0].edge, refresh->asker, &response);
}

static struct cht_json begin_body(struct buf **ret_body)
{
    *ret_body = buf_create(NAMES_BYTES_MAX);
    return (struct cht_json){.at = (char *)(*ret_body)->bytes, .size = NAMES_BYTES_MAX};
}

static void end_body(const struct cht_json *json, struct buf *body)
{
    CHECK(json->used <= NAMES_BYTES_MAX);
    body->size = (uint32_t)json->used;
}

/* What a person wrote into the file may be anything, and may have been cut anywhere. */
static void make_utf8(char *text)
{
    if (cht_utf8_valid(cht_str_of(text))) {
        return;
    }
    for (; *text; text++) {
        *text = (unsigned char)*text < 0x80 ? *text : '?';
    }
}

static void refuse(struct refresh *refresh, char *problem)
{
    struct buf *body;
    make_utf8(problem);
    LOG_ERROR(&refresh->house->logger, "settings.refused", "reason=\"%s\"", problem);
    struct cht_json json = begin_body(&body);
    err_json_write(&json, &(struct err_json){.err = ERR_BAD_FIELD, .message = problem});
    end_body(&json, body);
    answer(refresh, err_http_status(ERR_BAD_FIELD), body);
}

static void on_changed(
    void *context, const struct setting_row *row, const char *before, const char *after)
{
    struct refresh *refresh = context;
    struct logger *logger = &refresh->house->logger;
    if (row->reloadable) {
        LOG_INFO(logger, "settings.changed", "setting=%s before=\"%s\" after=\"%s\"", row->key,
            before, after);
        cht_json_text(&refresh->json, cht_str_of(row->key));
    } else {
        LOG_WARN(logger, "settings.need_restart", "setting=%s running=\"%s\" wanted=\"%s\"",
            row->key, before, after);
    }
}

static void take_over(struct refresh *refresh, const struct settings *newer)
{
    struct house *house = refresh->house;
    struct all_settings wanted;
    uint64_t level = house->settings.app.log_level;
    refresh->json = begin_body(&refresh->names);
    cht_json_begin(&refresh->json, '[');
    settings_reload(house->options->settings, newer, on_changed, refresh);
    cht_json_end(&refresh->json, ']');
    end_body(&refresh->json, refresh->names);
    all_settings_fill(&wanted, newer);
    all_settings_copy_reloadable(&house->settings, &wanted);
    if (house->settings.app.log_level != level) {
        atomic_store(&house->logger.level, (int)house->settings.app.log_level);
    }
}

static void start(struct refresh *refresh, struct conn_id asker)
{
    struct options newer;
    char problem[OPTIONS_PROBLEM_BYTES] = "";
    refresh->asker = asker;
    enum err err = options_read(&newer, &refresh->house->options->given, problem);
    if (err == OK) {
        take_over(refresh, newer.settings);
        round_start(&refresh->round);
    } else {
        refuse(refresh, problem);
    }
    options_deinit(&newer);
}

/* A worker reads the settings of the house here alone: they do not change while a round is under
 * way. */
static void visit(struct round *round, struct worker *worker)
{
    worker_refresh(worker, &round->house->settings);
}

static void end(struct round *round)
{
    struct refresh *refresh = (struct refresh *)round;
    LOG_INFO(&refresh->house->logger, "settings.refreshed", "changed=%.*s",
        (int)refresh->names->size, (const char *)refresh->names->bytes);
    answer(refresh, 200, refresh->names);
    refresh->names = NULL;
    if (refresh->again) {
        refresh->again = false;
        start(refresh, (struct conn_id){0});
    }
}

static const struct round_ops ops = {visit, end};

struct refresh *refresh_create(struct house *house)
{
    struct refresh *refresh = mem_new(sizeof(*refresh));
    refresh->house = house;
    round_init(&refresh->round, house, &ops);
    return refresh;
}

void refresh_destroy(struct refresh *refresh)
{
    if (refresh) {
        buf_unref(refresh->names);
        round_deinit(&refresh->round);
        mem_free(refresh);
    }
}

void refresh_for(struct refresh *refresh, struct conn_id asker)
{
    if (round_is_under_way(&refresh->round)) {
        edge_respond_error(refresh->house->workers[0].edge, asker, ERR_UNAVAILABLE, NULL, 1000);
        return;
    }
    start(refresh, asker);
}

void refresh_for_nobody(struct refresh *refresh)
{
    if (round_is_under_way(&refresh->round)) {
        refresh->again = true;
        return;
    }
    start(refresh, (struct conn_id){0});
}
