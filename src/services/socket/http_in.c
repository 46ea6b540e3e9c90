/* http_in - see the header. Happy path: route, fields from path, query, headers and body, run. How
 * it fails: 404 and 405 by the routes, 415 for a body of another kind, 400 for a parameter given
 * twice, 422 with the field's name for all that does not fit its row. */

#include "http_in.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "commands.h"
#include "http_members.h"
#include "http_out.h"
#include "routes.h"
#include "wire/http1.h"
#include "wire/url.h"

struct reading {
    struct socket_service *service;
    const struct upstream_call *call;
    struct sender sender;
    struct cht_command command;
    struct cht_scratch scratch;
    char cid[33];                    /* made here if the client has none */
    char texts[HTTP_LINE_BYTES_MAX]; /* decoded parameters; never more than the request line */
    uint32_t texts_used;
    char problem[64]; /* the field to blame */
    enum err err;
};

static bool blame(struct reading *reading, enum err err, const char *field)
{
    reading->err = err;
    if (field) {
        snprintf(reading->problem, sizeof(reading->problem), "%s", field);
    }
    return false;
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

static bool set(struct reading *reading, int field, struct cht_str text)
{
    if (cht_read_text_field(&reading->command, field, text, &reading->scratch)) {
        return true;
    }
    return blame(reading, ERR_BAD_FIELD, cht_row_command.fields[field].name);
}

static bool read_path(struct reading *reading, const struct route_match *match)
{
    for (uint32_t i = 0; i < match->count; i++) {
        int field = field_by_name(match->names[i]);
        CHECK(field >= 0);
        if (!set(reading, field, match->values[i])) {
            return false;
        }
    }
    return true;
}

static bool read_parameter(struct reading *reading, int field)
{
    const char *name = cht_row_command.fields[field].name;
    char *texts = reading->texts + reading->texts_used;
    size_t left = sizeof(reading->texts) - reading->texts_used;
    struct cht_str value;
    switch (url_query_get(reading->call->request->query, name, texts, left, &value)) {
    case URL_ABSENT:
        return true;
    case URL_REPEATED:
        return blame(reading, ERR_BAD_FRAME, NULL);
    case URL_BAD:
        return blame(reading, ERR_BAD_FIELD, name);
    case URL_ONE:
        break;
    }
    reading->texts_used += value.size;
    return set(reading, field, value);
}

static bool read_query(struct reading *reading)
{
    uint64_t left = cht_command_row(reading->command.type)->takes & ~reading->command.has;
    for (uint32_t i = 0; i < cht_row_command.field_count; i++) {
        if ((left >> i & 1) && !read_parameter(reading, (int)i)) {
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
        !set(reading, CHT_AT_command_after, after)) {
        return false;
    }
    if (!(takes & CHT_BIT(command, cid))) {
        return true;
    }
    struct cht_str cid = edge_request_field(request, "idempotency-key");
    if (cid.at) {
        return set(reading, CHT_AT_command_cid, cid);
    }
    make_cid(reading);
    return true;
}

static bool read_body(struct reading *reading)
{
    struct cht_str body = reading->call->request->body;
    if (body.size > reading->service->settings.body_bytes) {
        return blame(reading, ERR_TOO_LARGE, NULL);
    }
    if (body.size > 0) {
        memcpy(reading->service->in, body.at, body.size);
    }
    body.at = reading->service->in;
    struct cht_command *command = &reading->command;
    if (command->type == cht_command_type_room_role) {
        enum err err = http_members_read(command, body, &reading->scratch);
        if (err != OK) {
            return blame(reading, err, "role");
        }
        body.size = 0;
    }
    struct cht_read_error error = {0};
    enum cht_read read = cht_read_body(body, &reading->scratch, command->has, command, &error);
    switch (read) {
    case CHT_READ_OK:
        return true;
    case CHT_READ_BAD_FRAME:
        return blame(reading, ERR_BAD_FRAME, NULL);
    case CHT_READ_TOO_LARGE:
        return blame(reading, ERR_TOO_LARGE, error.field);
    case CHT_READ_BAD_FIELD:
    case CHT_READ_UNKNOWN_TYPE:
        break;
    }
    return blame(reading, ERR_BAD_FIELD, error.field);
}

static bool read_rest(struct reading *reading)
{
    enum http_method method = reading->call->request->method;
    if (method != HTTP_GET && method != HTTP_HEAD) {
        return read_body(reading);
    }
    struct cht_read_error error = {0};
    if (!read_query(reading)) {
        return false;
    }
    if (!cht_command_complete(&reading->command, &error)) {
        return blame(reading, ERR_BAD_FIELD, error.field);
    }
    return true;
}

static void prepare(struct reading *reading, const struct route_match *match)
{
    reading->command.type = match->row->command;
    if (match->row->command == cht_command_type_message_react) {
        reading->command.on = strcmp(match->row->method, "PUT") == 0;
        reading->command.has |= CHT_BIT(command, on);
    }
}

static void run(struct reading *reading, const struct route_match *match)
{
    prepare(reading, match);
    bool good = read_path(reading, match) && read_headers(reading) && read_rest(reading);
    if (good) {
        command_run(reading->service, &reading->sender, &reading->command);
        return;
    }
    struct frame_refusal refusal = {
        .err = reading->err, .field = reading->problem[0] ? reading->problem : NULL};
    command_refuse(reading->service, &reading->sender, &refusal);
}

static bool refuse_early(struct socket_service *service, const struct upstream_call *call,
    const struct route_match *match)
{
    const struct edge_request *request = call->request;
    struct http_refusal refusal = {0};
    if (!match->row && match->allow[0] == '\0') {
        refusal = (struct http_refusal){.err = ERR_UNKNOWN_TYPE, .status = 404};
    } else if (!match->row && request->method == HTTP_OPTIONS) {
        refusal = (struct http_refusal){.status = 204, .header = "Allow", .value = match->allow};
    } else if (!match->row) {
        refusal = (struct http_refusal){ERR_BAD_FRAME, 405, "Allow", match->allow};
    } else if (!call->identity) {
        refusal = (struct http_refusal){.err = ERR_UNAUTHORIZED, .status = 401};
    } else if (request->body.size > 0 && request->method != HTTP_GET &&
               request->method != HTTP_HEAD &&
               !cht_is_json_type(edge_request_field(request, "content-type"))) {
        refusal = (struct http_refusal){.err = ERR_BAD_FRAME, .status = 415};
    } else {
        return false;
    }
    http_out_refuse(service, request->conn, &refusal);
    return true;
}

void http_in_call(struct socket_service *service, const struct upstream_call *call)
{
    const struct edge_request *request = call->request;
    struct route_match match;
    routes_find(service->routes, request->method_text, request->path, &match);
    if (refuse_early(service, call, &match)) {
        return;
    }
    struct reading reading = {
        .service = service,
        .call = call,
        .sender = {.conn = request->conn,
            .user = call->identity->user,
            .device = call->identity->device,
            .http = true},
        .scratch = socket_scratch(service),
    };
    run(&reading, &match);
}
