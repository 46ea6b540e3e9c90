/* user_call - one HTTP request from its copy to its answer.
 *
 * Happy path: copy, read the body's members, run the flow; the last step answers and ends the call.
 * How it fails: a body that is no strict object is bad_frame before the flow begins. */

#include "base/check.h"
#include "base/mem.h"
#include "user/user_inner.h"

#define ANSWER_BYTES 8192 /* most answers; a longer one is written twice */

static struct cht_str keep_field(
    struct user_call *call, const struct edge_request *request, const char *name)
{
    struct cht_str value = edge_request_field(request, name);
    return value.at ? arena_str(&call->arena, value) : value;
}

static bool read_body(struct user_call *call)
{
    struct cht_str body = {call->body, call->body_size};
    if (body.size == 0) {
        return true;
    }
    call->members = arena_array(&call->arena, CHT_MEMBERS_MAX, sizeof(*call->members));
    return cht_read_members(body, call->members, CHT_MEMBERS_MAX, &call->member_count);
}

static void begin(struct user_call *call)
{
    flow_start(
        &call->flow, call->service->deps.world->loop, call->route->steps, call->route->step_count);
}

/* A sessions port that is not there limits nobody. */
static void on_rate(struct asker *asker, struct op *op)
{
    struct user_call *call = container_of(asker, struct user_call, rate_asker);
    if (op->err == ERR_RATE_LIMITED) {
        edge_respond_error(
            call->service->deps.edge, call->conn, op->err, NULL, call->rate.op.wait_ms);
        user_call_end(call);
        return;
    }
    begin(call);
}

static void ask_rate(struct user_call *call)
{
    char who[CHT_ID_TEXT_SIZE + 1] = {0};
    cht_id_to_text(&call->identity.user, who);
    struct limit_of of = user_limit_of_calls(call->service, "calls", who);
    call->rate_asker.on_answer = on_rate;
    user_limit_ask(call, &call->rate_asker, &call->rate, &of);
}

void user_call_start(struct user_service *service, const struct user_flow *flow,
    const struct upstream_call *upstream, const struct cht_id *id)
{
    const struct edge_request *request = upstream->request;
    struct user_call *call = mem_new(flow->size);
    service->calls++;
    call->service = service;
    call->conn = request->conn;
    call->size = flow->size;
    call->id = *id;
    if (upstream->identity) {
        call->identity = *upstream->identity;
    }
    call->query = arena_str(&call->arena, request->query);
    call->origin = keep_field(call, request, "origin");
    if (request->body.size > 0) {
        call->body = mem_copy(request->body.at, request->body.size);
        call->body_size = request->body.size;
    }
    user_limit_address(&request->peer, call->address);
    if (!read_body(call)) {
        edge_respond_error(service->deps.edge, call->conn, ERR_BAD_FRAME, NULL, 0);
        user_call_end(call);
        return;
    }
    call->route = flow;
    if (upstream->identity && service->deps.settings->calls_per_second) {
        ask_rate(call);
        return;
    }
    begin(call);
}

void user_call_bad_field(struct user_call *call, const char *field)
{
    if (!call->field) {
        call->field = field;
    }
    flow_fail(&call->flow, ERR_BAD_FIELD);
}

void user_call_answer(struct user_call *call, int status,
    void (*write)(struct user_call *call, struct cht_json *json))
{
    struct buf *body = buf_create(ANSWER_BYTES);
    struct cht_json json = {.at = (char *)body->bytes, .size = body->capacity};
    write(call, &json);
    if (json.used > body->capacity) {
        buf_unref(body);
        body = buf_create(json.used);
        json = (struct cht_json){.at = (char *)body->bytes, .size = body->capacity};
        write(call, &json);
        CHECK(json.used <= body->capacity);
    }
    body->size = (uint32_t)json.used;
    struct edge_response response = {
        .status = status, .content_type = "application/json; charset=utf-8", .body_buf_take = body};
    edge_respond(call->service->deps.edge, call->conn, &response);
}

static void write_nothing(struct user_call *call, struct cht_json *json)
{
    (void)call;
    cht_json_begin(json, '{');
    cht_json_end(json, '}');
}

void user_call_answer_nothing(struct user_call *call)
{
    user_call_answer(call, 200, write_nothing);
}

bool user_call_refused(struct user_call *call)
{
    if (call->flow.err == OK) {
        return false;
    }
    enum err err = err_for_client(call->flow.err);
    if (err == ERR_INTERNAL) {
        LOG_ERROR(call->service->deps.world->logger, "user.failed", "error=%s step=%s",
            err_name(call->flow.err), flow_step_name(&call->flow));
    }
    uint64_t wait_ms = err_wait_ms(err, call->retry_after_ms);
    edge_respond_error(call->service->deps.edge, call->conn, err, call->field, wait_ms);
    return true;
}

static const char *text_of(const struct cht_id *id, char ret_text[CHT_ID_TEXT_SIZE + 1])
{
    if (!id || cht_id_is_none(id)) {
        return "none";
    }
    cht_id_to_text(id, ret_text);
    ret_text[CHT_ID_TEXT_SIZE] = '\0';
    return ret_text;
}

void user_audit(const struct user_call *call, const struct audit *audit)
{
    char user[CHT_ID_TEXT_SIZE + 1];
    char device[CHT_ID_TEXT_SIZE + 1];
    LOG_AT(call->service->deps.world->logger, audit->alarm ? LOG_LEVEL_WARN : LOG_LEVEL_INFO,
        audit->event, "result=%s user=%s device=%s address=%s", err_name(audit->result),
        text_of(audit->user, user), text_of(audit->device, device), call->address);
}

void user_call_end(struct user_call *call)
{
    size_t size = call->size;
    if (call->body) {
        mem_wipe(call->body, call->body_size);
        mem_free(call->body);
    }
    arena_deinit(&call->arena);
    call->service->calls--;
    mem_wipe(call, size);
    mem_free(call);
}
