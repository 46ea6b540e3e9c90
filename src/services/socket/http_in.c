/* http_in - see the header. Happy path: route, fields from path, query, headers and body, run. How
 * it fails: no row is unknown_type, no identity unauthorized, whoever forwarded it; 400 for a
 * parameter given twice, 422 with the field's name for all that does not fit its row, 429 over a
 * rate. */

#include "http_in.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "commands.h"
#include "http_members.h"
#include "http_rates.h"
#include "wire/path_match.h"
#include "wire/query_read.h"

struct reading {
    struct socket_service *service;
    const struct upstream_call *call;
    struct sender sender;
    struct cht_command command;
    struct cht_scratch scratch;
    char cid[33]; /* made here if no header has one; one in the body takes its place */
    struct cht_read_error error; /* its field is to blame */
    enum err err;
};

static bool blame(struct reading *reading, enum err err, const char *field)
{
    reading->err = err;
    snprintf(reading->error.field, sizeof(reading->error.field), "%s", field);
    return false;
}

/* What a reader of the library says. */
static bool judge(struct reading *reading, enum cht_read read)
{
    reading->err = command_read_err(read);
    return read == CHT_READ_OK;
}

static int field_by_name(const char *name)
{
    if (strcmp(name, "seq") == 0) {
        name = "target"; /* the word of paths */
    }
    for (uint32_t i = 0; i < cht_row_command.field_count; i++) {
        if (strcmp(cht_row_command.fields[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* `name` is how the client knows the field. */
static bool set(struct reading *reading, int field, struct cht_str text, const char *name)
{
    return cht_read_text_field(&reading->command, field, text, &reading->scratch) ||
           blame(reading, ERR_BAD_FIELD, name);
}

static bool read_path(struct reading *reading, const struct path_match *match)
{
    for (uint32_t i = 0; i < match->count; i++) {
        int field = field_by_name(match->names[i]);
        CHECK(field >= 0);
        if (!set(reading, field, match->values[i], match->names[i])) {
            return false;
        }
    }
    return true;
}

static void make_cid(struct reading *reading)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[16];
    random_fill(reading->service->deps.world->random, bytes, sizeof(bytes));
    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        reading->cid[2 * i] = digits[bytes[i] >> 4];
        reading->cid[2 * i + 1] = digits[bytes[i] & 15];
    }
    reading->command.cid = (struct cht_str){reading->cid, 2 * sizeof(bytes)};
    reading->command.has |= CHT_BIT(command, cid);
}

static bool read_headers(struct reading *reading)
{
    uint64_t takes = cht_command_row(reading->command.type)->takes;
    const struct edge_request *request = reading->call->request;
    struct cht_str after = edge_request_field(request, "idempotency-after");
    if ((takes & CHT_BIT(command, after)) && after.at &&
        !set(reading, CHT_AT_command_after, after, "after")) {
        return false;
    }
    if (!(takes & CHT_BIT(command, cid))) {
        return true;
    }
    struct cht_str cid = edge_request_field(request, "idempotency-key");
    if (cid.at) {
        return set(reading, CHT_AT_command_cid, cid, "cid");
    }
    make_cid(reading);
    return true;
}

/* To be read in place, so anew for each reader. */
static struct cht_str copy_body(const struct reading *reading)
{
    struct cht_str body = reading->call->request->body;
    if (body.size > 0) {
        memcpy(reading->service->in, body.at, body.size);
    }
    return (struct cht_str){reading->service->in, body.size};
}

static bool read_body(struct reading *reading)
{
    struct cht_command *command = &reading->command;
    struct cht_scratch *scratch = &reading->scratch;
    if (reading->call->request->body.size > reading->service->settings.body_bytes) {
        return blame(reading, ERR_TOO_LARGE, "");
    }
    if (command->type == cht_command_type_room_role &&
        !judge(reading, http_members_read(copy_body(reading), scratch, command, &reading->error))) {
        return false;
    }
    uint64_t given = command->has & ~(reading->cid[0] ? CHT_BIT(command, cid) : 0);
    return judge(
        reading, cht_read_body(copy_body(reading), scratch, given, command, &reading->error));
}

static bool read_rest(struct reading *reading)
{
    const struct edge_request *request = reading->call->request;
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        return read_body(reading);
    }
    return judge(
        reading, query_read(request->query, &reading->scratch, &reading->command, &reading->error));
}

static void prepare(struct reading *reading, const struct cht_route_row *row)
{
    reading->command.type = row->command;
    if (row->command == cht_command_type_message_react) {
        reading->command.on = strcmp(row->method, "PUT") == 0;
        reading->command.has |= CHT_BIT(command, on);
    }
}

static void run(
    struct reading *reading, const struct cht_route_row *row, const struct path_match *match)
{
    prepare(reading, row);
    if (read_path(reading, match) && read_headers(reading) && read_rest(reading)) {
        command_run(reading->service, &reading->sender, &reading->command);
        return;
    }
    const char *field = reading->error.field;
    struct frame_refusal refusal = {.err = reading->err, .field = field[0] ? field : NULL};
    command_refuse(reading->service, &reading->sender, &refusal);
}

static const struct cht_route_row *find_row(
    const struct edge_request *request, struct path_match *ret_match)
{
    size_t count = 0;
    const struct cht_route_row *rows = cht_routes(&count);
    for (size_t i = 0; i < count; i++) {
        if (http1_method_fits(rows[i].method, request->method) &&
            path_match(rows[i].path, request->path, ret_match)) {
            return &rows[i];
        }
    }
    return NULL;
}

static void answer(struct socket_service *service, const struct upstream_call *call)
{
    const struct edge_request *request = call->request;
    struct path_match match;
    const struct cht_route_row *row = find_row(request, &match);
    CHECK(row);
    struct reading reading = {
        .service = service,
        .call = call,
        .sender = {.conn = request->conn,
            .user = call->identity->user,
            .device = call->identity->device,
            .http = true},
        .scratch = socket_scratch(service),
    };
    run(&reading, row, &match);
}

void http_in_call(struct socket_service *service, const struct upstream_call *call)
{
    struct path_match match;
    const struct cht_route_row *row = find_row(call->request, &match);
    if (row && call->identity) {
        http_rates_ask(service, call, row->command == cht_command_type_message_send, answer);
        return;
    }
    struct sender sender = {.conn = call->request->conn, .http = true};
    struct frame_refusal refusal = {.err = row ? ERR_UNAUTHORIZED : ERR_UNKNOWN_TYPE};
    command_refuse(service, &sender, &refusal);
}
