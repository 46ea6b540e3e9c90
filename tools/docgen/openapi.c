/* openapi - the HTTP routes as OpenAPI 3.1.
 *
 * Happy path: each path once, with all its methods. How it fails: as schema. */

#include <ctype.h>
#include <string.h>

#include "docgen.h"

struct path_field {
    const char *in_path; /* {seq} */
    int field;
};

static const struct path_field path_fields[] = {
    {"{room}", CHT_AT_command_room},
    {"{seq}", CHT_AT_command_target},
    {"{key}", CHT_AT_command_key},
    {"{user}", CHT_AT_command_user},
};

static void lower(const char *text, char *ret_text)
{
    while (*text != '\0') {
        *ret_text++ = (char)tolower((unsigned char)*text++);
    }
    *ret_text = '\0';
}

static void parameter(
    struct cht_json *json, const char *name, const char *where, const struct cht_field_row *field)
{
    cht_json_begin(json, '{');
    key_text(json, "name", name);
    key_text(json, "in", where);
    cht_json_key(json, "required");
    cht_json_flag(json, strcmp(where, "path") == 0);
    cht_json_key(json, "schema");
    schema_of_field(json, field);
    cht_json_end(json, '}');
}

/* The field's bit, if `in_path` ("{seq}") is in the path. */
static uint64_t path_parameter(
    struct cht_json *json, const char *path, const char *in_path, int field)
{
    char name[32];
    if (strstr(path, in_path) == NULL) {
        return 0;
    }
    snprintf(name, sizeof(name), "%.*s", (int)strlen(in_path) - 2, in_path + 1);
    parameter(json, name, "path", &cht_row_command.fields[field]);
    return UINT64_C(1) << field;
}

/* Bits of the fields that are in the path. */
static uint64_t path_parameters(struct cht_json *json, const char *path)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof(path_fields) / sizeof(path_fields[0]); i++) {
        bits |= path_parameter(json, path, path_fields[i].in_path, path_fields[i].field);
    }
    return bits;
}

static void query_parameters(struct cht_json *json, uint64_t bits)
{
    for (uint64_t left = bits; left != 0; left &= left - 1) {
        const struct cht_field_row *field = &cht_row_command.fields[__builtin_ctzll(left)];
        if (field->kind != CHT_KIND_list) {
            parameter(json, field->name, "query", field);
        }
    }
}

static void begin_body(struct cht_json *json)
{
    cht_json_key(json, "requestBody");
    cht_json_begin(json, '{');
    cht_json_key(json, "content");
    cht_json_begin(json, '{');
    cht_json_key(json, "application/json");
    cht_json_begin(json, '{');
    cht_json_key(json, "schema");
    cht_json_begin(json, '{');
}

static void end_body(struct cht_json *json)
{
    for (unsigned i = 0; i < 4; i++) {
        cht_json_end(json, '}');
    }
}

static void responses(struct cht_json *json, const char *answer)
{
    cht_json_key(json, "responses");
    cht_json_begin(json, '{');
    cht_json_key(json, "2XX");
    cht_json_begin(json, '{');
    key_text(json, "description", answer[0] == '\0' ? "Done." : answer);
    cht_json_end(json, '}');
    cht_json_key(json, "default");
    cht_json_begin(json, '{');
    key_text(json, "$ref", "#/components/responses/error");
    cht_json_end(json, '}');
    cht_json_end(json, '}');
}

static void operation(struct cht_json *json, const struct cht_route_row *route)
{
    const struct cht_command_row *row = cht_command_row(route->command);
    char method[16];
    bool reads = strcmp(route->method, "GET") == 0;
    lower(route->method, method);
    cht_json_key(json, method);
    cht_json_begin(json, '{');
    key_text(json, "summary", row->doc);
    key_text(json, "x-command", row->wire);
    cht_json_key(json, "parameters");
    cht_json_begin(json, '[');
    uint64_t rest = row->takes & ~path_parameters(json, route->path);
    if (row->changes) {
        parameter(json, "Idempotency-Key", "header", &cht_row_command.fields[CHT_AT_command_cid]);
        parameter(
            json, "Idempotency-After", "header", &cht_row_command.fields[CHT_AT_command_after]);
    }
    rest &= ~(CHT_BIT(command, cid) | CHT_BIT(command, after) | CHT_BIT(command, to));
    if (route->command == cht_command_type_message_react) {
        rest &= ~CHT_BIT(command, on); /* PUT and DELETE say it. */
    }
    if (reads) {
        query_parameters(json, rest);
    }
    cht_json_end(json, ']');
    if (!reads && rest != 0) {
        begin_body(json);
        schema_of_fields(json, route->command, rest);
        end_body(json);
    }
    responses(json, answer_of(route->command));
    cht_json_end(json, '}');
}

static void user_body(struct cht_json *json, const struct user_route *route)
{
    size_t count;
    const struct user_member *members = user_members(&count);
    begin_body(json);
    key_text(json, "type", "object");
    cht_json_key(json, "properties");
    cht_json_begin(json, '{');
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].route, route->name) == 0) {
            cht_json_key(json, members[i].name);
            cht_json_begin(json, '{');
            key_text(json, "type", members[i].type);
            key_text(json, "description", members[i].doc);
            cht_json_end(json, '}');
        }
    }
    cht_json_end(json, '}');
    cht_json_key(json, "required");
    cht_json_begin(json, '[');
    for (size_t i = 0; i < count; i++) {
        if (members[i].required && strcmp(members[i].route, route->name) == 0) {
            cht_json_text(json, cht_str_of(members[i].name));
        }
    }
    cht_json_end(json, ']');
    end_body(json);
}

static bool has_body(const struct user_route *route)
{
    size_t count;
    const struct user_member *members = user_members(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].route, route->name) == 0) {
            return true;
        }
    }
    return false;
}

static void user_parameters(struct cht_json *json, const struct user_route *route)
{
    cht_json_key(json, "parameters");
    cht_json_begin(json, '[');
    static const char *const ids[] = {"{id}", "{user}"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        path_parameter(json, route->path, ids[i], CHT_AT_command_user);
    }
    if (strcmp(route->name, "find") == 0) {
        parameter(json, "prefix", "query", &cht_row_command.fields[CHT_AT_command_prefix]);
        parameter(json, "limit", "query", &cht_row_command.fields[CHT_AT_command_limit]);
    }
    cht_json_end(json, ']');
}

static void user_operation(struct cht_json *json, const struct user_route *route)
{
    char method[16];
    lower(route->method, method);
    cht_json_key(json, method);
    cht_json_begin(json, '{');
    key_text(json, "summary", route->doc);
    if (!route->token) {
        cht_json_key(json, "security");
        cht_json_begin(json, '[');
        cht_json_end(json, ']');
    }
    user_parameters(json, route);
    if (has_body(route)) {
        user_body(json, route);
    }
    responses(json, "");
    cht_json_end(json, '}');
}

static const char *command_path(size_t i)
{
    size_t count;
    return cht_routes(&count)[i].path;
}

static void command_operation(struct cht_json *json, size_t i)
{
    size_t count;
    operation(json, &cht_routes(&count)[i]);
}

static const char *user_path(size_t i)
{
    size_t count;
    return user_routes(&count)[i].path;
}

static void user_operation_at(struct cht_json *json, size_t i)
{
    size_t count;
    user_operation(json, &user_routes(&count)[i]);
}

/* The first route of the table that has the path of route i. */
static size_t first_with_path(const char *(*path)(size_t i), size_t i)
{
    size_t first = 0;
    while (strcmp(path(first), path(i)) != 0) {
        first++;
    }
    return first;
}

/* Each path once, with all its methods. */
static void paths(struct cht_json *json, size_t count, const char *(*path)(size_t i),
    void (*write)(struct cht_json *json, size_t i))
{
    for (size_t i = 0; i < count; i++) {
        if (first_with_path(path, i) != i) {
            continue;
        }
        cht_json_key(json, path(i));
        cht_json_begin(json, '{');
        for (size_t k = i; k < count; k++) {
            if (first_with_path(path, k) == i) {
                write(json, k);
            }
        }
        cht_json_end(json, '}');
    }
}

/* Everything around the list of codes, which is the last thing in it. */
static const char error_schema[] =
    "\"components\":{\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"}},"
    "\"responses\":{\"error\":{\"description\":\"Refused.\",\"content\":{\"application/json\":{"
    "\"schema\":{\"type\":\"object\",\"properties\":{\"error\":{\"type\":\"object\","
    "\"required\":[\"code\",\"message\",\"retry\"],\"properties\":{\"message\":{\"type\":"
    "\"string\"},"
    "\"retry\":{\"type\":\"boolean\"},\"field\":{\"type\":\"string\"},"
    "\"retry_after_ms\":{\"type\":\"integer\"},\"code\":{\"enum\":[";

static void error_response(struct cht_json *json)
{
    size_t count;
    const struct error_row *rows = error_rows(&count);
    cht_json_raw(json, (struct cht_str){error_schema, sizeof(error_schema) - 1});
    json->comma = false;
    for (size_t i = 0; i < count; i++) {
        cht_json_text(json, cht_str_of(rows[i].wire));
    }
    cht_json_end(json, ']');
    for (unsigned i = 0; i < 10; i++) {
        cht_json_end(json, '}');
    }
}

void write_openapi(struct cht_json *json)
{
    size_t users;
    size_t commands;
    cht_json_begin(json, '{');
    key_text(json, "openapi", "3.1.0");
    cht_json_key(json, "info");
    cht_json_begin(json, '{');
    key_text(json, "title", "Chattifier over HTTP");
    key_text(json, "version", "1");
    cht_json_end(json, '}');
    cht_json_key(json, "security");
    cht_json_raw(json, (struct cht_str){"[{\"token\":[]}]", 14});
    cht_json_key(json, "paths");
    cht_json_begin(json, '{');
    user_routes(&users);
    cht_routes(&commands);
    paths(json, users, user_path, user_operation_at);
    paths(json, commands, command_path, command_operation);
    cht_json_end(json, '}');
    error_response(json);
    cht_json_end(json, '}');
}
