#pragma once

/* docgen - the reference, made from the tables. One writer per file; all of them print to an open
 * file or into one JSON text. */

#include <stdio.h>

#include "chattifier/events.h"

#define DOCS_BYTES_MAX (1u << 20)

/* The fields of a command that stand in its member `settings`. */
#define SETTINGS (CHT_BIT(command, posting) | CHT_BIT(command, adding) | CHT_BIT(command, history))

struct user_route {
    const char *method;
    const char *path;
    const char *name;
    const char *doc;
    bool token;
};

/* A member of the body of a user route. */
struct user_member {
    const char *route; /* its name */
    const char *name;
    const char *type; /* of JSON */
    bool required;
    const char *doc;
};

const struct user_route *user_routes(size_t *ret_count);
const struct user_member *user_members(size_t *ret_count);

struct error_row {
    const char *wire;
    int http;
    bool retry;
    const char *doc;
};

const struct error_row *error_rows(size_t *ret_count);

/* What `ok` carries for a command, for people: "room, seq, dup?". */
const char *answer_of(uint64_t type);

/* Calls `each` for the rows of the bus, or for the frames to clients. */
void each_row(
    bool frames, void (*each)(void *context, const struct cht_event_row *row), void *context);

/* The frame's type; f_room has two and answers the first. */
const char *frame_type(const struct cht_event_row *row);

/* ---- JSON Schema */
void key_text(struct cht_json *json, const char *key, const char *text);
void schema_of_field(struct cht_json *json, const struct cht_field_row *field);
void schema_of_event(struct cht_json *json, const struct cht_event_row *row);
void schema_of_command(struct cht_json *json, uint64_t type);
/* The members of an object schema for the fields in `bits`, without the braces around them. */
void schema_of_fields(struct cht_json *json, uint64_t type, uint64_t bits);

/* ---- whole documents */
void write_markdown(FILE *file);
void write_proto(FILE *file);
void write_types(FILE *file);
void write_asyncapi(struct cht_json *json);
void write_openapi(struct cht_json *json);
