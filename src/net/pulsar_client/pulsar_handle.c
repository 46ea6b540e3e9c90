/* pulsar_handle - see the header.
 *
 * Happy path: LOOKING, CONNECTING, OPENING, READY, each entered when the op before has answered.
 * How it fails: go_wrong decides between a wait and the end; a lost place is a wait, or, if the
 * broker has closed it after a while, another lookup at once. */

#include "pulsar_client/pulsar_handle.h"

#include "base/check.h"
#include "base/mem.h"
#include "link/retry_wait.h"

#define STEADY_MS 1000u /* a place that was held for so long was no failure */

static void enter_looking(struct machine *machine);
static void enter_connecting(struct machine *machine);
static void enter_ended(struct machine *machine);

#define TO(state) MACHINE_TO(PULSAR_HANDLE_##state)
static const struct machine_row states[PULSAR_HANDLE_STATES] = {
    [PULSAR_HANDLE_IDLE] = {"idle", TO(LOOKING) | TO(ENDED)},
    [PULSAR_HANDLE_LOOKING] = {"looking", TO(CONNECTING) | TO(WAITING) | TO(ENDED), enter_looking},
    [PULSAR_HANDLE_CONNECTING] = {"connecting", TO(OPENING) | TO(WAITING) | TO(ENDED),
        enter_connecting},
    [PULSAR_HANDLE_OPENING] = {"opening", TO(READY) | TO(WAITING) | TO(ENDED)},
    [PULSAR_HANDLE_READY] = {"ready",
        TO(LOOKING) | TO(CONNECTING) | TO(WAITING) | TO(HELD) | TO(ENDED)},
    [PULSAR_HANDLE_WAITING] = {"waiting", TO(LOOKING) | TO(ENDED)},
    [PULSAR_HANDLE_HELD] = {"held", TO(LOOKING) | TO(ENDED)},
    [PULSAR_HANDLE_ENDED] = {"ended", 0, enter_ended},
};

static struct pulsar_handle *of(struct machine *machine)
{
    return container_of(machine, struct pulsar_handle, machine);
}

static void move(struct pulsar_handle *handle, enum pulsar_handle_state state)
{
    machine_move(&handle->machine, (uint8_t)state);
}

/* ---- the task: what is told or freed, it is outside of every call */

static void free_handle(struct pulsar_handle *handle)
{
    char *topic = handle->topic;
    timer_stop(&handle->timer);
    timer_stop(&handle->deadline);
    pulsar_place_leave(&handle->place);
    handle->kind->free(handle);
    mem_free(topic);
}

static bool is_asking(const struct pulsar_handle *handle)
{
    return handle->asking || (handle->kind->is_asking && handle->kind->is_asking(handle));
}

static void run_task(struct task *task)
{
    struct pulsar_handle *handle = container_of(task, struct pulsar_handle, task);
    handle->task_waits = false;
    if (handle->doomed) {
        if (!is_asking(handle)) {
            free_handle(handle);
        }
    } else if (handle->tells) {
        handle->tells = false;
        handle->kind->on_ended(handle, handle->end);
    }
}

static void run_task_later(struct pulsar_handle *handle)
{
    if (!handle->task_waits) {
        handle->task_waits = true;
        loop_defer(handle->client->world->loop, &handle->task);
    }
}

/* ---- its place on a connection */

static bool write_close(struct pulsar_handle *handle, struct pulsar_connection *connection)
{
    uint8_t bytes[PULSAR_COMMAND_BYTES_MAX];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    uint64_t request = pulsar_client_next_request(handle->client); /* nobody waits for it */
    return handle->kind->write_close(handle, request, &writer) &&
           pulsar_connection_write(connection, &writer);
}

static void join(struct pulsar_handle *handle, struct pulsar_connection *connection)
{
    handle->connection = connection;
    handle->left = NULL;
    pulsar_place_join(&connection->handles, &handle->place);
}

/* Nothing of the connection is its any more. */
static void part(struct pulsar_handle *handle)
{
    bool was_ready = pulsar_handle_is(handle, PULSAR_HANDLE_READY);
    handle->client->stats.ready_handles -= was_ready && handle->connection ? 1 : 0;
    handle->left = handle->connection;
    handle->connection = NULL;
    pulsar_place_leave(&handle->place);
}

/* The broker is told; a connection that can not even take that is of no use. */
static void close_place(struct pulsar_handle *handle)
{
    if (handle->connection && !write_close(handle, handle->connection)) {
        pulsar_connection_drop(handle->connection, "no room to close a producer or consumer");
    }
}

/* ---- waits */

static void look_again(struct pulsar_handle *handle)
{
    if (handle->kind->may_open && !handle->kind->may_open(handle)) {
        pulsar_handle_end(handle, ERR_CANCELLED);
        return;
    }
    move(handle, PULSAR_HANDLE_LOOKING);
}

static void on_waited(struct timer *timer)
{
    look_again(container_of(timer, struct pulsar_handle, timer));
}

static uint64_t next_wait(struct pulsar_handle *handle, bool slowly)
{
    const struct pulsar_client_limits *limits = &handle->client->limits;
    struct random *random = handle->client->world->random;
    uint32_t failures = handle->failures++;
    if (slowly) {
        return retry_chance_ms(random, limits->retry_max_ms);
    }
    return retry_wait_ms(random, failures, limits->retry_first_ms, limits->retry_max_ms);
}

static void wait(struct pulsar_handle *handle, bool slowly)
{
    move(handle, PULSAR_HANDLE_WAITING);
    timer_start(handle->client->world->loop, &handle->timer, next_wait(handle, slowly), on_waited);
}

/* ---- what went wrong on the way to READY */

/* What a code of the broker is, for whoever is told the end. */
static enum err err_of(uint32_t code)
{
    switch (code) {
    case PULSAR_ERROR_AUTHENTICATION:
        return ERR_UNAUTHORIZED;
    case PULSAR_ERROR_AUTHORIZATION:
        return ERR_FORBIDDEN;
    case PULSAR_ERROR_CONSUMER_BUSY:
    case PULSAR_ERROR_PRODUCER_BUSY:
        return ERR_IN_USE;
    case PULSAR_ERROR_TOPIC_NOT_FOUND:
    case PULSAR_ERROR_SUBSCRIPTION_NOT_FOUND:
        return ERR_NOT_FOUND;
    case PULSAR_ERROR_PRODUCER_FENCED:
        return ERR_FENCED;
    case PULSAR_ERROR_TOPIC_TERMINATED:
        return ERR_CLOSED;
    default:
        return ERR_REFUSED;
    }
}

/* How long it has found the topic busy. */
static uint64_t busy_ms(struct pulsar_handle *handle, uint32_t code)
{
    uint64_t now = pulsar_client_now(handle->client);
    if (pulsar_error_row(code)->action != PULSAR_BUSY) {
        handle->busy_since_ms = 0;
        return 0;
    }
    if (!handle->busy_since_ms) {
        handle->busy_since_ms = now;
    }
    return now - handle->busy_since_ms;
}

static void broker_refused(struct pulsar_handle *handle, uint32_t code)
{
    uint64_t busy = busy_ms(handle, code);
    bool is_busy = pulsar_error_row(code)->action == PULSAR_BUSY;
    if (is_busy && (handle->was_ready || busy < handle->client->limits.busy_ms)) {
        wait(handle, false);
        return;
    }
    switch (pulsar_error_row(code)->action) {
    case PULSAR_RETRY:
    case PULSAR_DROP:
        wait(handle, false);
        break;
    case PULSAR_RETRY_SLOWLY:
        wait(handle, true);
        break;
    case PULSAR_SIGN_IN:
    case PULSAR_BUSY:
    case PULSAR_FATAL:
    case PULSAR_TERMINAL:
        pulsar_handle_end(handle, err_of(code));
        break;
    }
}

/* A token may be renewed: who was let in before tries again, but slowly. */
static void go_wrong(struct pulsar_handle *handle, enum err err, uint32_t code)
{
    bool not_let_in = err == ERR_UNAUTHORIZED || err == ERR_FORBIDDEN;
    if (err == ERR_REFUSED) {
        broker_refused(handle, code);
    } else if (err == ERR_BAD_FIELD || (not_let_in && !handle->was_ready)) {
        pulsar_handle_end(handle, err);
    } else {
        wait(handle, not_let_in);
    }
}

/* ---- the way to READY */

static void enter_looking(struct machine *machine)
{
    struct pulsar_handle *handle = of(machine);
    handle->asking = true;
    handle->lookup.topic = handle->topic;
    pulsar_lookup(handle->client, &handle->asker, &handle->lookup);
}

static void looked(struct pulsar_handle *handle)
{
    if (handle->lookup.op.err) {
        go_wrong(handle, handle->lookup.op.err, handle->lookup.error);
        return;
    }
    handle->endpoint = handle->lookup.endpoint;
    handle->endpoint.group = handle->group;
    move(handle, PULSAR_HANDLE_CONNECTING);
}

static void enter_connecting(struct machine *machine)
{
    struct pulsar_handle *handle = of(machine);
    handle->asking = true;
    handle->connect.endpoint = handle->endpoint;
    pulsar_connect(handle->client, &handle->asker, &handle->connect);
}

/* It is among the connection's before the broker hears of it: what follows the answer is right
 * behind it. */
static void connected(struct pulsar_handle *handle)
{
    uint8_t bytes[PULSAR_COMMAND_BYTES_MAX];
    struct pulsar_writer writer;
    if (handle->connect.op.err) {
        go_wrong(handle, handle->connect.op.err, 0);
        return;
    }
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    handle->request.id = pulsar_client_next_request(handle->client);
    if (!handle->kind->write_open(handle, handle->request.id, &writer)) {
        pulsar_handle_end(handle, ERR_BAD_FIELD);
        return;
    }
    join(handle, handle->connect.connection);
    move(handle, PULSAR_HANDLE_OPENING);
    handle->asking = true;
    pulsar_request_ask(
        handle->connection, &handle->asker, &handle->request, handle->kind->opened, &writer);
}

static void became_ready(struct pulsar_handle *handle)
{
    handle->client->stats.ready_handles++;
    handle->client->stats.reopens += handle->was_ready ? 1 : 0;
    handle->was_ready = true;
    handle->busy_since_ms = 0;
    handle->ready_ms = pulsar_client_now(handle->client);
    timer_stop(&handle->deadline);
    move(handle, PULSAR_HANDLE_READY);
    handle->kind->on_ready(handle, &handle->request.answer);
}

/* Without an answer the broker may have opened it all the same. */
static void opened(struct pulsar_handle *handle)
{
    const struct pulsar_answer *answer = &handle->request.answer;
    enum err err = handle->request.op.err;
    if (!err && !answer->refused) {
        became_ready(handle);
        return;
    }
    if (err == ERR_TIMEOUT) {
        close_place(handle);
    }
    if (!err) {
        pulsar_client_trouble(handle->client, "%s: %s: %s", handle->topic,
            pulsar_error_row(answer->error)->name, answer->text);
    }
    part(handle);
    go_wrong(handle, err ? err : ERR_REFUSED, answer->error);
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct pulsar_handle *handle = container_of(asker, struct pulsar_handle, asker);
    handle->asking = false;
    if (handle->doomed) {
        run_task_later(handle);
    } else if (pulsar_handle_is(handle, PULSAR_HANDLE_ENDED)) {
        return; /* it ended while it waited for this */
    } else if (op == &handle->lookup.op) {
        looked(handle);
    } else if (op == &handle->connect.op) {
        connected(handle);
    } else {
        opened(handle);
    }
}

/* ---- losing the place */

static bool was_steady(const struct pulsar_handle *handle)
{
    return pulsar_client_now(handle->client) - handle->ready_ms >= STEADY_MS;
}

/* READY -> somewhere else; `next` is where, if it was steady. */
static void lose(struct pulsar_handle *handle, enum pulsar_loss loss, uint64_t bytes_sent,
    enum pulsar_handle_state next)
{
    bool steady = was_steady(handle);
    part(handle);
    handle->failures = steady ? 0 : handle->failures;
    handle->kind->on_lost(handle, loss, bytes_sent);
    if (handle->doomed || pulsar_handle_is(handle, PULSAR_HANDLE_ENDED)) {
        return;
    }
    if (handle->holds) {
        move(handle, PULSAR_HANDLE_HELD);
    } else if (next == PULSAR_HANDLE_WAITING || !steady) {
        wait(handle, false);
    } else if (handle->kind->may_open && !handle->kind->may_open(handle)) {
        pulsar_handle_end(handle, ERR_CANCELLED);
    } else {
        move(handle, next);
    }
}

void pulsar_handle_connection_gone(struct pulsar_handle *handle, uint64_t bytes_sent)
{
    if (pulsar_handle_is(handle, PULSAR_HANDLE_READY)) {
        lose(handle, PULSAR_LOSS_CONNECTION, bytes_sent, PULSAR_HANDLE_WAITING);
    } else {
        part(handle); /* its request has said so */
    }
}

void pulsar_handle_suspect(struct pulsar_handle *handle)
{
    CHECK(pulsar_handle_is(handle, PULSAR_HANDLE_READY));
    close_place(handle);
    lose(handle, PULSAR_LOSS_SUSPECT, UINT64_MAX, PULSAR_HANDLE_WAITING);
}

void pulsar_handle_reopen(struct pulsar_handle *handle)
{
    CHECK(pulsar_handle_is(handle, PULSAR_HANDLE_READY));
    close_place(handle);
    lose(handle, PULSAR_LOSS_CLOSED, UINT64_MAX, PULSAR_HANDLE_LOOKING);
}

void pulsar_handle_release(struct pulsar_handle *handle)
{
    CHECK(pulsar_handle_is(handle, PULSAR_HANDLE_HELD));
    look_again(handle);
}

/* Where the broker says the topic is now; false: it does not say, or nothing that is an address. */
static bool take_assigned(struct pulsar_handle *handle, const struct pulsar_command *command)
{
    bool tls = handle->client->tls != NULL;
    struct pulsar_address broker;
    struct cht_str url;
    if (command->type == PULSAR_COMMAND_CLOSE_PRODUCER) {
        url = tls ? command->close_producer.assigned_broker_service_url_tls
                  : command->close_producer.assigned_broker_service_url;
    } else {
        url = tls ? command->close_consumer.assigned_broker_service_url_tls
                  : command->close_consumer.assigned_broker_service_url;
    }
    if (!pulsar_address_read(url, tls, &broker)) {
        return false;
    }
    bool behind_proxy = !pulsar_address_equal(&handle->endpoint.broker, &handle->endpoint.physical);
    handle->endpoint.broker = broker;
    handle->endpoint.physical = behind_proxy ? handle->endpoint.physical : broker;
    return true;
}

/* The broker has closed its place; the connection stays. */
static void closed_by_broker(struct pulsar_handle *handle, const struct pulsar_command *command)
{
    enum pulsar_handle_state next =
        take_assigned(handle, command) ? PULSAR_HANDLE_CONNECTING : PULSAR_HANDLE_LOOKING;
    lose(handle, PULSAR_LOSS_CLOSED, UINT64_MAX, next);
}

/* A suspicion was right, and the broker has said so: no need to wait any longer. */
static void closed_after_suspicion(struct pulsar_handle *handle)
{
    handle->left = NULL;
    timer_stop(&handle->timer);
    look_again(handle);
}

void pulsar_handle_command(struct pulsar_handle *handle, struct pulsar_connection *connection,
    const struct pulsar_frame *frame)
{
    bool is_current = handle->connection == connection;
    if (frame->command.type != handle->kind->closed) {
        handle->kind->on_command(handle, frame, is_current);
    } else if (is_current && pulsar_handle_is(handle, PULSAR_HANDLE_READY)) {
        closed_by_broker(handle, &frame->command);
    } else if (pulsar_handle_is(handle, PULSAR_HANDLE_WAITING) && handle->left == connection &&
               handle->failures <= 1) {
        closed_after_suspicion(handle);
    }
}

/* ---- its life */

static void enter_ended(struct machine *machine)
{
    struct pulsar_handle *handle = of(machine);
    timer_stop(&handle->timer);
    timer_stop(&handle->deadline);
    handle->tells = true;
    run_task_later(handle);
}

void pulsar_handle_end(struct pulsar_handle *handle, enum err err)
{
    if (pulsar_handle_is(handle, PULSAR_HANDLE_ENDED)) {
        return;
    }
    close_place(handle);
    part(handle);
    handle->end = err;
    move(handle, PULSAR_HANDLE_ENDED);
}

static void on_deadline(struct timer *timer)
{
    pulsar_handle_end(container_of(timer, struct pulsar_handle, deadline), ERR_TIMEOUT);
}

bool pulsar_handle_init(struct pulsar_handle *handle, struct pulsar_client *client,
    const struct pulsar_handle_kind *kind, const char *topic, uint32_t group, uint32_t open_ms)
{
    machine_init(&handle->machine, states, PULSAR_HANDLE_STATES, PULSAR_HANDLE_IDLE);
    handle->kind = kind;
    handle->client = client;
    handle->group = group;
    handle->asker.on_answer = on_answer;
    handle->task.run = run_task;
    if (!pulsar_client_add_handle(client, handle)) {
        return false;
    }
    handle->topic = mem_string(topic);
    if (open_ms) {
        timer_start(client->world->loop, &handle->deadline, open_ms, on_deadline);
    }
    move(handle, PULSAR_HANDLE_LOOKING);
    return true;
}

void pulsar_handle_destroy(struct pulsar_handle *handle)
{
    CHECK(!handle->doomed);
    pulsar_handle_end(handle, ERR_CANCELLED);
    handle->doomed = true;
    pulsar_client_remove_handle(handle->client, handle);
    pulsar_place_join(&handle->client->ending, &handle->place);
    run_task_later(handle);
}

void pulsar_handle_answered(struct pulsar_handle *handle)
{
    run_task_later(handle);
}

void pulsar_handle_free(struct pulsar_handle *handle)
{
    free_handle(handle);
}
