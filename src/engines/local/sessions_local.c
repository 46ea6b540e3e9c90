/* sessions_local - the sessions port on tables in memory.
 *
 * Happy path: lock, a table, unlock, the answer comes later in this turn. How it fails: it does
 * not; rows that find no room are forgotten (sessions_users.c, sessions_tables.c). */

#include "local/sessions_local.h"

#include "base/check.h"
#include "base/logger.h"
#include "base/mem.h"
#include "local/sessions_local_inner.h"
#include "world/loop.h"

#define WARN_EVERY_MS 60000u

static struct sessions_port *port_of(struct sessions *sessions)
{
    return container_of(sessions, struct sessions_port, sessions);
}

static struct sessions_local *lock(struct sessions *sessions)
{
    struct sessions_local *shared = port_of(sessions)->shared;
    pthread_mutex_lock(&shared->lock);
    return shared;
}

static void unlock(struct sessions_local *shared)
{
    pthread_mutex_unlock(&shared->lock);
}

static void enter_here(struct sessions *sessions, struct sessions_enter_op *op)
{
    uint64_t now = loop_wall_ms(port_of(sessions)->loop);
    struct sessions_local *shared = lock(sessions);
    enum err err = sessions_local_enter(shared, op, now);
    unlock(shared);
    op_answer_later(&op->op, port_of(sessions)->loop, err);
}

static void remove_here(struct sessions *sessions, const struct session *session)
{
    uint64_t now = loop_wall_ms(port_of(sessions)->loop);
    struct sessions_local *shared = lock(sessions);
    sessions_local_remove(shared, session, now);
    unlock(shared);
}

static void set_state_here(
    struct sessions *sessions, const struct session *session, enum cht_presence_state state)
{
    uint64_t now = loop_wall_ms(port_of(sessions)->loop);
    struct sessions_local *shared = lock(sessions);
    sessions_local_set_state(shared, session, state, now);
    unlock(shared);
}

static void online_here(struct sessions *sessions, struct sessions_online_op *op)
{
    arena_reset(&op->arena);
    op->online = arena_array(&op->arena, op->count, sizeof(*op->online));
    struct sessions_local *shared = lock(sessions);
    for (uint32_t i = 0; i < op->count; i++) {
        op->online[i].user = op->users[i];
        sessions_local_answer(sessions_local_find(shared, &op->users[i]), &op->online[i]);
    }
    unlock(shared);
    op_answer_later(&op->op, port_of(sessions)->loop, OK);
}

static void ticket_put_here(struct sessions *sessions, struct sessions_ticket_op *op)
{
    struct sessions_local *shared = lock(sessions);
    sessions_local_put_ticket(shared, &op->ticket);
    unlock(shared);
    op_answer_later(&op->op, port_of(sessions)->loop, OK);
}

static void ticket_take_here(struct sessions *sessions, struct sessions_ticket_op *op)
{
    uint64_t now = loop_wall_ms(port_of(sessions)->loop);
    struct sessions_local *shared = lock(sessions);
    bool taken = sessions_local_take_ticket(shared, &op->ticket, now);
    unlock(shared);
    op_answer_later(&op->op, port_of(sessions)->loop, taken ? OK : ERR_NOT_FOUND);
}

static void limit_here(struct sessions *sessions, struct sessions_limit_op *op)
{
    uint64_t now = loop_now_ms(port_of(sessions)->loop);
    struct sessions_local *shared = lock(sessions);
    enum err err = sessions_local_limit(shared, op, now * 1000);
    unlock(shared);
    op_answer_later(&op->op, port_of(sessions)->loop, err);
}

/* Everybody's older tokens are refused for a while: somebody should look why. */
static void warn_of_floor(struct sessions_port *port, uint64_t now)
{
    struct sessions_local *shared = port->shared;
    if (port->logger && now >= shared->warned_at + WARN_EVERY_MS) {
        shared->warned_at = now;
        LOG_WARN(port->logger, "sessions.revocations_full",
            "kept=%u setting=limits.revocations older_tokens=refused",
            shared->options.revocations_max);
    }
}

static void revoke_here(struct sessions *sessions, const struct revocation *revocation)
{
    uint64_t now = loop_wall_ms(port_of(sessions)->loop);
    struct sessions_local *shared = lock(sessions);
    if (!revocations_add(&shared->revocations, revocation, now)) {
        warn_of_floor(port_of(sessions), now);
    }
    atomic_store(&shared->any_revoked, true);
    for (uint32_t i = 0; i < shared->options.workers; i++) {
        struct sessions_port *port = &shared->ports[i];
        if (port->loop && !port->news_asked) {
            port->news_asked = true;
            loop_post(port->loop, &port->news);
        }
    }
    unlock(shared);
}

/* Nothing was ever revoked: the usual case costs one load. */
static enum token_standing standing_here(struct sessions *sessions, const struct identity *who)
{
    if (!atomic_load_explicit(&port_of(sessions)->shared->any_revoked, memory_order_acquire)) {
        return TOKEN_GOOD;
    }
    struct sessions_local *shared = lock(sessions);
    enum token_standing standing = revocations_judge(&shared->revocations, who);
    unlock(shared);
    return standing;
}

static void listen_here(struct sessions *sessions, struct sessions_listener *listener)
{
    struct sessions_port *port = port_of(sessions);
    listener->next = port->listeners;
    port->listeners = listener;
}

/* On the worker's loop. A worker that slept through more than the ring holds hears the newest ones;
 * its sockets that missed one end with their token. */
static void tell_news(struct task *task)
{
    struct sessions_port *port = container_of(task, struct sessions_port, news);
    struct sessions_local *shared = port->shared;
    for (;;) {
        pthread_mutex_lock(&shared->lock);
        if (port->told < shared->revocations.first) {
            port->told = shared->revocations.first;
        }
        if (port->told == shared->revocations.end) {
            port->news_asked = false;
            pthread_mutex_unlock(&shared->lock);
            return;
        }
        struct revocation revocation = *revocations_row(&shared->revocations, port->told++);
        pthread_mutex_unlock(&shared->lock);
        for (struct sessions_listener *at = port->listeners; at; at = at->next) {
            at->on_revoked(at, &revocation);
        }
    }
}

struct sessions_local *sessions_local_create(const struct sessions_local_options *options)
{
    struct sessions_local *shared = mem_new(sizeof(*shared));
    shared->options = *options;
    CHECK(pthread_mutex_init(&shared->lock, NULL) == 0);
    sessions_local_users_init(shared);
    shared->ports = mem_array(options->workers, sizeof(*shared->ports));
    shared->tickets = mem_array(options->tickets_max, sizeof(*shared->tickets));
    shared->limits = mem_array(options->limits_max, sizeof(*shared->limits));
    revocations_init(&shared->revocations, options->revocations_max, options->revocations_keep_ms,
        options->secret);
    return shared;
}

void sessions_local_destroy(struct sessions_local *shared)
{
    if (!shared) {
        return;
    }
    sessions_local_users_deinit(shared);
    mem_free(shared->ports);
    mem_free(shared->tickets);
    mem_free(shared->limits);
    revocations_deinit(&shared->revocations);
    pthread_mutex_destroy(&shared->lock);
    mem_free(shared);
}

struct sessions *sessions_local_join(
    struct sessions_local *shared, uint32_t index, const struct world *world)
{
    static const struct sessions_ops ops = {
        .enter = enter_here,
        .remove = remove_here,
        .set_state = set_state_here,
        .online = online_here,
        .ticket_put = ticket_put_here,
        .ticket_take = ticket_take_here,
        .limit = limit_here,
        .revoke = revoke_here,
        .standing = standing_here,
        .listen = listen_here,
    };
    CHECK(index < shared->options.workers);
    struct sessions_port *port = &shared->ports[index];
    *port = (struct sessions_port){.sessions = {&ops},
        .shared = shared,
        .loop = world->loop,
        .news = {.run = tell_news},
        .logger = world->logger};
    return &port->sessions;
}
