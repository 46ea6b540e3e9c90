/* cql_dispatch - the way of an ask: to a connection, or into a list until one has room, and to its
 * answer.
 *
 * Happy path: a connection is found, the statement is known there, the request is written, its
 * response comes: OK. How it fails: what a try ended with is given to cql_verdict, which says
 * whether there is another one; a deadline ends it wherever it is, and its stream is kept until the
 * node has answered after all.
 *
 * cql_send writes the requests. */

#include "cql_client/cql_inner.h"
#include "cql_client/cql_verdict.h"

#define DELAY_MS 100u
#define LATE_MAX 1024u /* a turn */

/* ---- answers */

static void count(struct cql_client *client, const struct cql_ask *ask, enum err err)
{
    struct cql_client_stats *stats = &client->stats;
    stats->ask_ms_sum += cql_now_ms(client) - ask->begun_ms;
    if (err == OK) {
        stats->answered_ok++;
    } else if (err == ERR_UNKNOWN) {
        stats->unknown++;
    } else if (err == ERR_FULL) {
        stats->full++;
    } else if (err == ERR_BAD_CONFIG || err == ERR_TAKEN || err == ERR_TOO_LARGE) {
        stats->refused++;
    } else {
        stats->not_done++;
    }
}

/* What a try before this one has failed with is no failure of the ask. */
static void fail_as(struct cql_ask *ask, enum cql_failure_kind kind)
{
    ask->failure.kind = kind;
    ask->failure.name = cql_failure_name(kind);
    ask->failure.code = 0;
    ask->failure.message = (struct cht_str){0};
}

void cql_ask_answer(struct cql_ask *ask, enum err err)
{
    struct cql_client *client = ask->client;
    CHECK(ask->step != CQL_STEP_SENT);
    CHECK(!ask->list);
    if (ask->timer.loop) {
        timers_stop(&client->deadlines, &ask->timer);
    }
    ask->step = CQL_STEP_IDLE;
    if (err == OK) {
        fail_as(ask, CQL_FAILURE_NONE);
    }
    ask->failure.tries = ask->tries;
    count(client, ask, err);
    op_answer_later(&ask->op, client->world->loop, err);
}

void cql_ask_refuse(struct cql_ask *ask, enum cql_failure_kind kind, enum err err)
{
    fail_as(ask, kind);
    cql_ask_answer(ask, err);
}

/* ---- lists */

static void leave(struct cql_ask *ask)
{
    if (ask->step == CQL_STEP_PREPARING) {
        ask->client->preparing--;
        ask->conn->node->preparing--;
        ask->conn = NULL;
    }
    cql_list_leave(ask);
    ask->step = CQL_STEP_IDLE;
}

bool cql_ask_may_wait(struct cql_ask *ask)
{
    const struct cql_client *client = ask->client;
    uint32_t waiting = client->waiting.count + client->delayed.count + client->preparing;
    ask->is_accepted |= waiting < client->limits.waiting_max;
    if (!ask->is_accepted) {
        cql_ask_refuse(ask, CQL_FAILURE_FULL, ERR_FULL);
    }
    return ask->is_accepted;
}

static void wait_for_room(struct cql_client *client, struct cql_ask *ask)
{
    if (ask->is_pinned) {
        cql_ask_refuse(ask, CQL_FAILURE_FULL, ERR_FULL);
    } else if (cql_ask_may_wait(ask)) {
        ask->step = CQL_STEP_WAITING;
        cql_list_add(&client->waiting, ask);
    }
}

void cql_dispatch(struct cql_client *client, struct cql_ask *ask)
{
    CHECK(ask->step == CQL_STEP_IDLE);
    if (client->is_closed) {
        cql_ask_refuse(ask, CQL_FAILURE_CLOSED, ask->may_be_done ? ERR_UNKNOWN : ERR_CLOSED);
        return;
    }
    bool may_pass = ask->is_pinned || !client->waiting.first;
    struct cql_conn *conn = may_pass ? cql_route(client, ask) : NULL;
    if (!conn || !cql_dispatch_send(conn, ask)) {
        wait_for_room(client, ask);
    }
}

void cql_dispatch_to(struct cql_conn *conn, struct cql_ask *ask)
{
    CHECK(ask->step == CQL_STEP_IDLE);
    if (!cql_conn_has_room(conn) || !cql_dispatch_send(conn, ask)) {
        wait_for_room(conn->client, ask);
    }
}

void cql_dispatch_waiting(struct cql_client *client)
{
    struct cql_ask *ask;
    while ((ask = client->waiting.first)) {
        struct cql_conn *conn = cql_route(client, ask);
        if (!conn) {
            return;
        }
        leave(ask);
        if (!cql_dispatch_send(conn, ask)) {
            ask->step = CQL_STEP_WAITING;
            cql_list_add_first(&client->waiting, ask);
        }
    }
}

/* ---- after a moment */

static void on_delay(struct timer *timer)
{
    struct cql_client *client = container_of(timer, struct cql_client, delay_timer);
    struct cql_ask *ask;
    uint64_t now_ms = cql_now_ms(client);
    while ((ask = client->delayed.first) && ask->due_ms <= now_ms) {
        leave(ask);
        cql_dispatch(client, ask);
    }
    if (ask) {
        timer_start(client->world->loop, &client->delay_timer, ask->due_ms - now_ms, on_delay);
    }
}

static void delay(struct cql_client *client, struct cql_ask *ask)
{
    ask->due_ms = cql_now_ms(client) + DELAY_MS;
    ask->step = CQL_STEP_DELAYED;
    cql_list_add(&client->delayed, ask);
    if (client->delayed.count == 1) {
        timer_start(client->world->loop, &client->delay_timer, DELAY_MS, on_delay);
    }
}

/* ---- the end of a try */

static struct cql_trial trial_of(const struct cql_ask *ask)
{
    const struct cql_client *client = ask->client;
    uint64_t changed_ms = client->schema_changed_ms;
    return (struct cql_trial){.is_read = ask->is_read,
        .is_repeatable = ask->is_repeatable,
        .is_conditional = ask->statement->serial != 0,
        .may_be_done = ask->may_be_done,
        .is_pinned = ask->is_pinned,
        .is_settling = changed_ms > 0 && cql_now_ms(client) - changed_ms < client->limits.settle_ms,
        .tries = ask->tries,
        .tries_max = (uint8_t)client->limits.tries_max,
        .prepares = ask->prepares};
}

/* Its stream is free, or an orphan's, or lost. */
static void detach(struct cql_ask *ask)
{
    ask->step = CQL_STEP_IDLE;
    if (!ask->is_pinned) {
        ask->conn = NULL;
    }
}

static void avoid(struct cql_ask *ask, const struct cql_conn *conn)
{
    if (conn->node && ask->avoided_count < CQL_TRIES_MAX) {
        ask->avoided[ask->avoided_count++] = conn->node->place;
    }
}

static void follow(struct cql_conn *conn, struct cql_ask *ask, const struct cql_verdict *verdict,
    enum cql_failure_kind kind)
{
    ask->may_be_done = verdict->may_be_done;
    switch (verdict->next) {
    case CQL_NEXT_ANSWER:
        if (kind == CQL_FAILURE_NODE) {
            cql_ask_answer(ask, verdict->err);
        } else {
            cql_ask_refuse(ask, kind, verdict->err);
        }
        break;
    case CQL_NEXT_PREPARE:
        ask->prepares++;
        ask->tries--;
        ask->client->stats.reprepares++;
        cql_dispatch_to(conn, ask);
        break;
    case CQL_NEXT_SAME_NODE:
        cql_dispatch_to(conn, ask);
        break;
    case CQL_NEXT_OTHER_NODE:
        avoid(ask, conn);
        cql_dispatch(ask->client, ask);
        break;
    case CQL_NEXT_LATER:
        avoid(ask, conn);
        delay(ask->client, ask);
        break;
    }
}

static void count_error(struct cql_client *client, const struct cql_error *error)
{
    uint32_t place = 0;
    while (cql_client_error_name(place) && cql_client_error_code(place) != error->code) {
        place++;
    }
    client->stats.errors[cql_client_error_name(place) ? place : place - 1]++;
}

/* The error's texts lie in the ask already. */
static void keep_error(struct cql_conn *conn, struct cql_ask *ask, const struct cql_error *error)
{
    count_error(ask->client, error);
    ask->failure.kind = CQL_FAILURE_NODE;
    ask->failure.code = error->code;
    ask->failure.name = error->row->name;
    ask->failure.message = arena_str(&ask->answer, error->message);
    ask->failure.node = outbound_address(conn->outbound);
}

static void failed(struct cql_conn *conn, struct cql_ask *ask, const struct cql_error *error)
{
    struct cql_trial trial = trial_of(ask);
    struct cql_verdict verdict = cql_verdict_error(&trial, error);
    keep_error(conn, ask, error);
    if (verdict.next == CQL_NEXT_PREPARE && !cql_prepare_forgotten(conn, ask, error->id)) {
        verdict = (struct cql_verdict){
            CQL_NEXT_ANSWER, ask->may_be_done ? ERR_UNKNOWN : ERR_UNAVAILABLE, ask->may_be_done};
        follow(conn, ask, &verdict, CQL_FAILURE_OTHER_ID);
        return;
    }
    follow(conn, ask, &verdict, CQL_FAILURE_NODE);
}

void cql_ask_unprepared(struct cql_conn *conn, struct cql_ask *ask, const struct cql_error *error)
{
    leave(ask);
    ask->tries++; /* a try of it, as good as one that was sent */
    struct cql_trial trial = trial_of(ask);
    struct cql_verdict verdict = cql_verdict_unprepared(&trial, error);
    keep_error(conn, ask, error);
    follow(conn, ask, &verdict, CQL_FAILURE_NODE);
}

void cql_ask_prepared(struct cql_conn *conn, struct cql_ask *ask)
{
    leave(ask);
    cql_dispatch_to(conn, ask);
}

void cql_ask_reroute(struct cql_ask *ask)
{
    leave(ask);
    cql_dispatch(ask->client, ask);
}

void cql_ask_lost(struct cql_ask *ask, bool has_left)
{
    struct cql_conn *conn = ask->conn;
    struct cql_trial trial = trial_of(ask);
    struct cql_verdict verdict = cql_verdict_lost(&trial, has_left);
    detach(ask);
    if (!has_left) {
        ask->tries--;
    }
    if (ask->client->is_closed) {
        verdict.next = CQL_NEXT_ANSWER;
        verdict.err = verdict.may_be_done ? ERR_UNKNOWN : ERR_CLOSED;
    }
    follow(conn, ask, &verdict, ask->client->is_closed ? CQL_FAILURE_CLOSED : CQL_FAILURE_LOST);
}

/* ---- responses */

static void done(struct cql_conn *conn, struct cql_ask *ask, const struct cql_reply *reply)
{
    struct cql_client *client = ask->client;
    if (!reply->is_schema || conn->node == NULL) {
        cql_ask_answer(ask, OK);
        return;
    }
    client->schema_changed_ms = cql_now_ms(client);
    client->schema_changes++;
    ask->step = CQL_STEP_AGREEING;
    cql_list_add(&client->agreeing, ask);
    cql_ask_limit(ask, client->limits.agreement_ms);
    cql_control_look(&client->control, 0);
}

void cql_ask_too_large(struct cql_ask *ask)
{
    detach(ask);
    cql_ask_refuse(ask, CQL_FAILURE_TOO_LARGE, ask->is_read ? ERR_TOO_LARGE : ERR_UNKNOWN);
}

bool cql_ask_heard(struct cql_conn *conn, struct cql_ask *ask, const struct cql_header *header,
    const uint8_t *body)
{
    struct cql_reply reply;
    enum cql_flaw flaw = cql_reply_read(ask->client, ask, header, body, &reply);
    if (flaw == CQL_TOO_LARGE) {
        cql_ask_too_large(ask);
        return true;
    }
    detach(ask);
    if (flaw != CQL_FINE) {
        struct cql_trial trial = trial_of(ask);
        struct cql_verdict verdict = cql_verdict_broken(&trial);
        follow(conn, ask, &verdict, CQL_FAILURE_BROKEN);
        return false;
    }
    if (reply.is_error) {
        failed(conn, ask, &reply.error);
        return !reply.error.row->closes;
    }
    done(conn, ask, &reply);
    return true;
}

/* ---- deadlines */

static void orphan(struct cql_ask *ask)
{
    struct cql_conn *conn = ask->conn;
    struct cql_streams *streams = &conn->streams;
    cql_streams_use(streams, ask->stream, CQL_USE_ORPHAN);
    streams->all[ask->stream].ask = NULL;
    streams->all[ask->stream].since_ms = cql_now_ms(ask->client);
    ask->failure.node = outbound_address(conn->outbound);
    detach(ask);
    if (streams->used[CQL_USE_ORPHAN] > ask->client->limits.orphans_max) {
        cql_conn_drop(conn, "too many answers are overdue");
    }
}

static void on_late(struct timer *timer)
{
    struct cql_ask *ask = container_of(timer, struct cql_ask, timer);
    struct cql_trial trial = trial_of(ask);
    if (ask->step == CQL_STEP_AGREEING) {
        leave(ask);
        cql_tell(ask->client, CQL_NEWS_DISAGREEMENT, NULL, "", 0);
        cql_ask_answer(ask, OK);
        return;
    }
    bool is_sent = ask->step == CQL_STEP_SENT;
    bool saw_node = is_sent || ask->tries > 0 || ask->step == CQL_STEP_PREPARING;
    if (is_sent) {
        orphan(ask);
    } else {
        leave(ask);
    }
    ask->client->stats.late++;
    cql_ask_refuse(
        ask, saw_node ? CQL_FAILURE_LATE : CQL_FAILURE_NO_NODE, cql_verdict_late(&trial, is_sent));
}

static void on_deadline(struct timer *timer);

static void watch_deadlines(struct cql_client *client)
{
    uint64_t next_ms = timers_next(&client->deadlines);
    struct timer *timer = &client->deadline_timer;
    if (next_ms != UINT64_MAX && (!timer->loop || next_ms < timer->at_ms)) {
        uint64_t now_ms = cql_now_ms(client);
        timer_start(
            client->world->loop, timer, next_ms > now_ms ? next_ms - now_ms : 0, on_deadline);
    }
}

static void on_deadline(struct timer *timer)
{
    struct cql_client *client = container_of(timer, struct cql_client, deadline_timer);
    timers_fire(&client->deadlines, cql_now_ms(client), LATE_MAX);
    watch_deadlines(client);
}

void cql_ask_limit(struct cql_ask *ask, uint32_t after_ms)
{
    struct cql_client *client = ask->client;
    ask->timer.on_fire = on_late;
    timers_start(
        &client->deadlines, client->world->loop, &ask->timer, cql_now_ms(client) + after_ms);
    watch_deadlines(client);
}

/* ---- agreement, closing */

void cql_dispatch_agreed(struct cql_client *client)
{
    struct cql_ask *ask;
    while ((ask = client->agreeing.first)) {
        leave(ask);
        cql_ask_answer(ask, OK);
    }
}

static void refuse_all(struct cql_ask_list *list)
{
    struct cql_ask *ask;
    while ((ask = list->first)) {
        leave(ask);
        cql_ask_refuse(ask, CQL_FAILURE_CLOSED, ask->may_be_done ? ERR_UNKNOWN : ERR_CLOSED);
    }
}

void cql_dispatch_close(struct cql_client *client)
{
    timer_stop(&client->delay_timer);
    refuse_all(&client->waiting);
    refuse_all(&client->delayed);
    cql_dispatch_agreed(client);
}
