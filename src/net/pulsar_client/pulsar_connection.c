/* pulsar_connection - see the header. Whose frames are whose is in pulsar_dispatch.c.
 *
 * Happy path: OPENING, GREETING, READY. How it fails: as the header says; every end comes by
 * on_closed of the outbound, so there is one way to the end, never from inside a call. */

#include "pulsar_client/pulsar_connection.h"

#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"
#include "pulsar_client/pulsar_handle.h"

#define PROTOCOL_VERSION 19
#define CLIENT_VERSION "Chattifier-C-1"
#define FRAMES_A_TURN 256u
#define URGENT_BYTES_MAX 4096u
#define STEADY_MS 1000u

enum connection_state { OPENING, GREETING, READY, CLOSED, STATES };

#define TO(state) MACHINE_TO(state)
static const struct machine_row states[STATES] = {
    [OPENING] = {"opening", TO(GREETING) | TO(CLOSED)},
    [GREETING] = {"greeting", TO(READY) | TO(CLOSED)},
    [READY] = {"ready", TO(CLOSED)},
    [CLOSED] = {"closed", 0},
};

static struct pulsar_connection *of(struct outbound_handler *handler)
{
    return container_of(handler, struct pulsar_connection, handler);
}

static bool is(const struct pulsar_connection *connection, enum connection_state state)
{
    return connection->machine.state == (uint8_t)state;
}

bool pulsar_connection_is_ready(const struct pulsar_connection *connection)
{
    return is(connection, READY) && outbound_is_open(connection->outbound);
}

void pulsar_connection_drop(struct pulsar_connection *connection, const char *why)
{
    outbound_drop(connection->outbound, why);
}

bool pulsar_connection_write(
    struct pulsar_connection *connection, const struct pulsar_writer *written)
{
    return outbound_write(connection->outbound, written->at, written->used) == OK;
}

/* ---- those who wait for it */

static void answer_waiting(struct pulsar_connection *connection, enum err err)
{
    struct pulsar_place now;
    pulsar_place_take_all(&connection->waiting, &now);
    while (!pulsar_place_is_empty(&now)) {
        struct pulsar_connect_op *op = container_of(now.next, struct pulsar_connect_op, place);
        pulsar_place_leave(&op->place);
        op->connection = err ? NULL : connection;
        op_answer(&op->op, err);
    }
}

static void run_task(struct task *task)
{
    struct pulsar_connection *connection = container_of(task, struct pulsar_connection, task);
    connection->task_waits = false;
    if (is(connection, CLOSED)) {
        mem_free(connection);
    } else if (pulsar_connection_is_ready(connection)) {
        answer_waiting(connection, OK);
    }
}

static void run_task_later(struct pulsar_connection *connection)
{
    if (!connection->task_waits) {
        connection->task_waits = true;
        loop_defer(connection->client->world->loop, &connection->task);
    }
}

/* ---- requests */

struct pulsar_request *pulsar_request_find(struct pulsar_connection *connection, uint64_t id)
{
    struct pulsar_place *head = &connection->requests;
    for (struct pulsar_place *at = head->next; at != head; at = at->next) {
        struct pulsar_request *request = container_of(at, struct pulsar_request, place);
        if (request->id == id) {
            return request;
        }
    }
    return NULL;
}

void pulsar_request_answer(
    struct pulsar_connection *connection, struct pulsar_request *request, enum err err)
{
    pulsar_place_leave(&request->place);
    connection->request_count--;
    op_answer(&request->op, err);
}

static struct pulsar_request *oldest(struct pulsar_connection *connection)
{
    struct pulsar_place *head = &connection->requests;
    return pulsar_place_is_empty(head) ? NULL
                                       : container_of(head->next, struct pulsar_request, place);
}

static void on_timer(struct timer *timer);

static void wait_until(struct pulsar_connection *connection, uint64_t at_ms)
{
    uint64_t now = pulsar_client_now(connection->client);
    timer_start(connection->client->world->loop, &connection->timer, at_ms > now ? at_ms - now : 0,
        on_timer);
}

void pulsar_request_ask(struct pulsar_connection *connection, struct asker *asker,
    struct pulsar_request *request, enum pulsar_command_type wanted,
    const struct pulsar_writer *written)
{
    struct pulsar_client *client = connection->client;
    op_ask(&request->op, asker);
    request->wanted = (uint32_t)wanted;
    request->answer = (struct pulsar_answer){0};
    if (connection->request_count >= client->limits.requests_max) {
        op_answer_later(&request->op, client->world->loop, ERR_FULL);
        return;
    }
    if (!pulsar_connection_write(connection, written)) {
        op_answer_later(&request->op, client->world->loop, ERR_NOT_SENT);
        return;
    }
    connection->request_count++;
    request->until_ms = pulsar_client_now(client) + client->limits.request_ms;
    pulsar_place_join(&connection->requests, &request->place);
    if (!connection->timer.loop) {
        wait_until(connection, request->until_ms);
    }
}

static void end_late_requests(struct pulsar_connection *connection)
{
    struct pulsar_client *client = connection->client;
    uint64_t now = pulsar_client_now(client);
    struct pulsar_request *request;
    while ((request = oldest(connection)) && request->until_ms <= now) {
        client->stats.timeouts++;
        pulsar_request_answer(connection, request, ERR_TIMEOUT);
    }
    if (request && !connection->timer.loop) {
        wait_until(connection, request->until_ms);
    }
}

static void on_timer(struct timer *timer)
{
    struct pulsar_connection *connection = container_of(timer, struct pulsar_connection, timer);
    if (is(connection, READY)) {
        end_late_requests(connection);
    } else {
        pulsar_connection_drop(connection, "no welcome in time");
    }
}

/* ---- signing in */

/* The token, if there is somebody to ask. False: there is none now. */
static bool read_token(struct pulsar_client *client, char *token, struct cht_str *ret_token)
{
    *ret_token = (struct cht_str){0};
    if (!client->credentials) {
        return true;
    }
    uint32_t size = client->credentials->token(client->credentials, token, PULSAR_TOKEN_BYTES_MAX);
    CHECK(size <= PULSAR_TOKEN_BYTES_MAX);
    *ret_token = (struct cht_str){token, size};
    return size > 0;
}

static void make_connect(const struct pulsar_connection *connection, struct cht_str token,
    const char *proxied, struct pulsar_command *ret_command)
{
    bool signs_in = connection->client->credentials != NULL;
    *ret_command = (struct pulsar_command){.type = PULSAR_COMMAND_CONNECT,
        .connect = {.client_version = cht_str_of(CLIENT_VERSION),
            .has_auth_method_name = true,
            .auth_method_name = cht_str_of(signs_in ? "token" : "none"),
            .has_auth_data = signs_in,
            .auth_data = token,
            .has_protocol_version = true,
            .protocol_version = PROTOCOL_VERSION,
            .has_proxy_to_broker_url = proxied[0] != 0,
            .proxy_to_broker_url = cht_str_of(proxied),
            .has_feature_flags = true,
            .feature_flags = {.has_supports_auth_refresh = true,
                .supports_auth_refresh = true,
                .has_supports_get_partitioned_metadata_without_auto_creation = true,
                .supports_get_partitioned_metadata_without_auto_creation = true}}};
}

static void make_auth_response(struct cht_str token, struct pulsar_command *ret_command)
{
    *ret_command = (struct pulsar_command){.type = PULSAR_COMMAND_AUTH_RESPONSE,
        .auth_response = {.has_client_version = true,
            .client_version = cht_str_of(CLIENT_VERSION),
            .has_protocol_version = true,
            .protocol_version = PROTOCOL_VERSION,
            .has_response = true,
            .response = {.has_auth_method_name = true,
                .auth_method_name = cht_str_of("token"),
                .has_auth_data = true,
                .auth_data = token}}};
}

static bool write_secret(struct pulsar_connection *connection, const struct pulsar_command *command)
{
    uint8_t bytes[PULSAR_COMMAND_BYTES_MAX];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    bool wrote =
        pulsar_write_command(&writer, command) && pulsar_connection_write(connection, &writer);
    mem_wipe(bytes, sizeof(bytes));
    return wrote;
}

/* CONNECT, or the answer to a challenge: both show the token, read anew. */
static void sign_in(struct pulsar_connection *connection, bool connects)
{
    char token_bytes[PULSAR_TOKEN_BYTES_MAX], proxied[PULSAR_ADDRESS_TEXT_BYTES] = "";
    struct cht_str token;
    struct pulsar_command command;
    if (!read_token(connection->client, token_bytes, &token)) {
        connection->refusal = ERR_UNAUTHORIZED;
        pulsar_connection_drop(connection, "there is no token");
        return;
    }
    if (!pulsar_address_equal(&connection->endpoint.broker, &connection->endpoint.physical)) {
        pulsar_address_write(&connection->endpoint.broker, proxied);
    }
    if (connects) {
        make_connect(connection, token, proxied, &command);
    } else {
        make_auth_response(token, &command);
    }
    if (!write_secret(connection, &command)) {
        pulsar_connection_drop(connection, "no room to sign in");
    }
    mem_wipe(token_bytes, sizeof(token_bytes));
}

/* ---- the welcome */

static void on_connected(
    struct pulsar_connection *connection, const struct pulsar_connected *connected)
{
    struct pulsar_client *client = connection->client;
    uint32_t ours = client->limits.message_bytes_max;
    bool has_less = connected->has_max_message_size && connected->max_message_size > 0 &&
                    (uint32_t)connected->max_message_size < ours;
    connection->message_bytes_max = has_less ? (uint32_t)connected->max_message_size : ours;
    connection->makes_no_topics =
        connected->feature_flags.supports_get_partitioned_metadata_without_auto_creation;
    snprintf(connection->server_version, sizeof(connection->server_version), "%.*s",
        (int)connected->server_version.size,
        connected->server_version.size ? connected->server_version.at : "");
    timer_stop(&connection->timer);
    machine_move(&connection->machine, READY);
    client->stats.opens++;
    client->stats.ready_connections++;
    run_task_later(connection);
}

static void on_refused(struct pulsar_connection *connection, const struct pulsar_error *error)
{
    const struct pulsar_error_row *row = pulsar_error_row(error->error);
    if (row->action == PULSAR_SIGN_IN) {
        connection->refusal =
            error->error == PULSAR_ERROR_AUTHORIZATION ? ERR_FORBIDDEN : ERR_UNAUTHORIZED;
    }
    pulsar_connection_drop(connection, row->text);
}

/* False: no command that can come before the welcome. */
static bool greet(struct pulsar_connection *connection, const struct pulsar_command *command)
{
    switch (command->type) {
    case PULSAR_COMMAND_CONNECTED:
        on_connected(connection, &command->connected);
        return true;
    case PULSAR_COMMAND_AUTH_CHALLENGE:
        if (!connection->client->credentials) {
            return false;
        }
        sign_in(connection, false);
        return true;
    case PULSAR_COMMAND_ERROR:
        on_refused(connection, &command->error);
        return true;
    default:
        return false;
    }
}

static void answer_ping(struct pulsar_connection *connection)
{
    uint8_t bytes[64];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    struct pulsar_command pong = {.type = PULSAR_COMMAND_PONG};
    CHECK(pulsar_write_command(&writer, &pong));
    if (outbound_write_urgent(connection->outbound, bytes, writer.used) == ERR_FULL) {
        pulsar_connection_drop(connection, "pings are not taken");
    }
}

/* False: it breaks the protocol. */
static bool on_frame(struct pulsar_connection *connection, const struct pulsar_frame *frame)
{
    switch (frame->command.type) {
    case PULSAR_COMMAND_PING:
        answer_ping(connection);
        return true;
    case PULSAR_COMMAND_PONG:
        return true;
    default:
        break;
    }
    if (!is(connection, READY)) {
        return greet(connection, &frame->command);
    }
    if (frame->command.type == PULSAR_COMMAND_AUTH_CHALLENGE && connection->client->credentials) {
        sign_in(connection, false);
        return true;
    }
    return pulsar_dispatch(connection, frame);
}

/* ---- bytes */

static void break_off(struct pulsar_connection *connection, const char *flaw)
{
    connection->client->stats.flaws++;
    pulsar_connection_drop(connection, flaw);
}

static size_t on_input(struct outbound_handler *handler, uint8_t *bytes, size_t size)
{
    struct pulsar_connection *connection = of(handler);
    size_t taken = 0;
    for (uint32_t frames = 0; taken < size; frames++) {
        struct pulsar_frame frame;
        if (frames == FRAMES_A_TURN) {
            outbound_resume(connection->outbound);
            return taken;
        }
        enum pulsar_flaw flaw = pulsar_read_frame(
            bytes + taken, size - taken, connection->client->limits.message_bytes_max, &frame);
        if (flaw == PULSAR_MORE) {
            return taken;
        }
        if (flaw != PULSAR_FINE || !on_frame(connection, &frame)) {
            break_off(connection, flaw ? pulsar_flaw_name(flaw) : "a command that can not be here");
            return size;
        }
        if (!outbound_is_open(connection->outbound)) {
            return size;
        }
        taken += frame.size;
    }
    return taken;
}

static void on_open(struct outbound_handler *handler)
{
    struct pulsar_connection *connection = of(handler);
    machine_move(&connection->machine, GREETING);
    sign_in(connection, true);
}

static void on_quiet(struct outbound_handler *handler)
{
    uint8_t bytes[64];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    struct pulsar_command ping = {.type = PULSAR_COMMAND_PING};
    CHECK(pulsar_write_command(&writer, &ping));
    if (outbound_write_urgent(of(handler)->outbound, bytes, writer.used)) {
        pulsar_connection_drop(of(handler), "pings are not taken");
    }
}

static void on_drained(struct outbound_handler *handler)
{
    struct pulsar_connection *connection = of(handler);
    struct pulsar_place now;
    pulsar_place_take_all(&connection->handles, &now);
    while (!pulsar_place_is_empty(&now)) {
        struct pulsar_handle *handle = container_of(now.next, struct pulsar_handle, place);
        pulsar_place_leave(&handle->place);
        pulsar_place_join(&connection->handles, &handle->place);
        if (pulsar_handle_is(handle, PULSAR_HANDLE_READY)) {
            handle->kind->on_room(handle);
        }
    }
}

/* ---- the end */

static void fail_requests(struct pulsar_connection *connection)
{
    struct pulsar_request *request;
    while ((request = oldest(connection))) {
        pulsar_request_answer(connection, request, ERR_CLOSED);
    }
}

static void tell_handles(struct pulsar_connection *connection, uint64_t bytes_sent)
{
    while (!pulsar_place_is_empty(&connection->handles)) {
        struct pulsar_handle *handle =
            container_of(connection->handles.next, struct pulsar_handle, place);
        pulsar_place_leave(&handle->place);
        pulsar_handle_connection_gone(handle, bytes_sent);
    }
}

/* A task that waits frees what it is in. */
static void free_connection(struct pulsar_connection *connection)
{
    timer_stop(&connection->timer);
    outbound_destroy(connection->outbound);
    connection->outbound = NULL;
    if (!connection->task_waits) {
        mem_free(connection);
    }
}

static void leave_client(struct pulsar_connection *connection)
{
    struct pulsar_client *client = connection->client;
    pulsar_place_leave(&connection->place);
    client->stats.connections--;
    client->stats.ready_connections -= is(connection, READY) ? 1 : 0;
    client->stats.losses++;
    machine_move(&connection->machine, CLOSED);
}

static void on_closed(struct outbound_handler *handler, const struct outbound_end *end)
{
    struct pulsar_connection *connection = of(handler);
    enum err err = connection->refusal ? connection->refusal : ERR_UNAVAILABLE;
    pulsar_client_trouble(connection->client, "%s:%u: %s %s", connection->endpoint.broker.host,
        (unsigned)connection->endpoint.broker.port, outbound_reason_name(end->reason), end->detail);
    leave_client(connection);
    fail_requests(connection);
    answer_waiting(connection, err);
    tell_handles(connection, end->bytes_sent);
    free_connection(connection);
}

void pulsar_connections_free(struct pulsar_client *client)
{
    while (!pulsar_place_is_empty(&client->connections)) {
        struct pulsar_connection *connection =
            container_of(client->connections.next, struct pulsar_connection, place);
        pulsar_place_leave(&connection->place);
        connection->task_waits = false;
        free_connection(connection);
    }
}

/* ---- the client's connections */

static struct pulsar_connection *find(
    struct pulsar_client *client, const struct pulsar_endpoint *endpoint)
{
    struct pulsar_place *head = &client->connections;
    for (struct pulsar_place *at = head->next; at != head; at = at->next) {
        struct pulsar_connection *connection = container_of(at, struct pulsar_connection, place);
        const struct pulsar_endpoint *has = &connection->endpoint;
        bool dies = !is(connection, OPENING) && !outbound_is_open(connection->outbound);
        if (!dies && has->group == endpoint->group &&
            pulsar_address_equal(&has->broker, &endpoint->broker) &&
            pulsar_address_equal(&has->physical, &endpoint->physical)) {
            return connection;
        }
    }
    return NULL;
}

/* One that nobody is on, asks or waits for makes room, soon. */
static bool make_room(struct pulsar_client *client)
{
    struct pulsar_place *head = &client->connections;
    if (client->stats.connections < client->limits.connections_max) {
        return true;
    }
    for (struct pulsar_place *at = head->next; at != head; at = at->next) {
        struct pulsar_connection *connection = container_of(at, struct pulsar_connection, place);
        if (pulsar_connection_is_ready(connection) && connection->request_count == 0 &&
            pulsar_place_is_empty(&connection->handles) &&
            pulsar_place_is_empty(&connection->waiting)) {
            pulsar_connection_drop(connection, "room is needed");
            return true;
        }
    }
    return false;
}

static struct outbound_limits limits_of(const struct pulsar_client_limits *limits)
{
    return (struct outbound_limits){
        .input_bytes_max =
            limits->message_bytes_max + PULSAR_FRAME_EXTRA_BYTES + PULSAR_LENGTHS_BYTES,
        .queue_bytes_max = limits->queue_bytes_max + PULSAR_COMMAND_BYTES_MAX,
        .urgent_bytes_max = URGENT_BYTES_MAX,
        .open_ms = limits->open_ms,
        .quiet_ms = limits->keep_alive_ms,
        .silent_ms = 2 * limits->keep_alive_ms,
        .retry_first_ms = limits->retry_first_ms,
        .retry_max_ms = limits->retry_max_ms,
        .steady_ms = STEADY_MS};
}

static struct pulsar_connection *create(
    struct pulsar_client *client, const struct pulsar_endpoint *endpoint)
{
    struct pulsar_connection *connection = mem_new(sizeof(*connection));
    struct outbound_options options = {.host = endpoint->physical.host,
        .port = endpoint->physical.port,
        .tls = client->tls,
        .limits = limits_of(&client->limits),
        .handler = &connection->handler};
    connection->handler = (struct outbound_handler){.on_open = on_open,
        .on_input = on_input,
        .on_drained = on_drained,
        .on_quiet = on_quiet,
        .on_closed = on_closed};
    if (outbound_create(client->outbounds, &options, &connection->outbound)) {
        mem_free(connection);
        return NULL;
    }
    machine_init(&connection->machine, states, STATES, OPENING);
    connection->client = client;
    connection->endpoint = *endpoint;
    connection->task.run = run_task;
    pulsar_place_init(&connection->waiting);
    pulsar_place_init(&connection->requests);
    pulsar_place_init(&connection->handles);
    pulsar_place_join(&client->connections, &connection->place);
    client->stats.connections++;
    outbound_start(connection->outbound);
    wait_until(connection, pulsar_client_now(client) + client->limits.open_ms);
    return connection;
}

void pulsar_connect(struct pulsar_client *client, struct asker *asker, struct pulsar_connect_op *op)
{
    op_ask(&op->op, asker);
    op->connection = NULL;
    struct pulsar_connection *connection = find(client, &op->endpoint);
    if (!connection && !make_room(client)) {
        op_answer_later(&op->op, client->world->loop, ERR_FULL);
        return;
    }
    connection = connection ? connection : create(client, &op->endpoint);
    if (!connection) {
        op_answer_later(&op->op, client->world->loop, ERR_UNAVAILABLE);
        return;
    }
    pulsar_place_join(&connection->waiting, &op->place);
    if (is(connection, READY)) {
        run_task_later(connection);
    }
}
