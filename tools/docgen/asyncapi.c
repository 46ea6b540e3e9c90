/* asyncapi - the WebSocket as AsyncAPI 3.0.
 *
 * Happy path: one channel, a message per command and per frame. How it fails: as schema. */

#include "docgen.h"

static void message(struct cht_json *json, const char *name, const char *doc)
{
    cht_json_key(json, name);
    cht_json_begin(json, '{');
    key_text(json, "name", name);
    key_text(json, "summary", doc);
    key_text(json, "contentType", "application/json");
    cht_json_key(json, "payload");
}

static void frame_message(void *context, const struct cht_event_row *row)
{
    struct cht_json *json = context;
    if (frame_type(row) != NULL) {
        message(json, row->name, row->doc);
        schema_of_event(json, row);
        cht_json_end(json, '}');
    }
}

static void reference(struct cht_json *json, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "#/channels/socket/messages/%s", name);
    cht_json_begin(json, '{');
    key_text(json, "$ref", path);
    cht_json_end(json, '}');
}

static void frame_reference(void *context, const struct cht_event_row *row)
{
    if (frame_type(row) != NULL) {
        reference(context, row->name);
    }
}

static void begin_operation(struct cht_json *json, const char *name, const char *action)
{
    cht_json_key(json, name);
    cht_json_begin(json, '{');
    key_text(json, "action", action);
    cht_json_key(json, "channel");
    cht_json_begin(json, '{');
    key_text(json, "$ref", "#/channels/socket");
    cht_json_end(json, '}');
    cht_json_key(json, "messages");
    cht_json_begin(json, '[');
}

static void end_operation(struct cht_json *json)
{
    cht_json_end(json, ']');
    cht_json_end(json, '}');
}

static void channel(struct cht_json *json)
{
    cht_json_key(json, "socket");
    cht_json_begin(json, '{');
    key_text(json, "address", "/api/socket");
    key_text(json, "description",
        "Sub-protocol chattifier.v1; text frames with one JSON object each. Credentials: a bearer "
        "token or ?ticket=.");
    cht_json_key(json, "messages");
    cht_json_begin(json, '{');
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        message(json, cht_command_row(type)->wire, cht_command_row(type)->doc);
        schema_of_command(json, type);
        cht_json_end(json, '}');
    }
    each_row(true, frame_message, json);
    cht_json_end(json, '}');
    cht_json_end(json, '}');
}

void write_asyncapi(struct cht_json *json)
{
    cht_json_begin(json, '{');
    key_text(json, "asyncapi", "3.0.0");
    cht_json_key(json, "info");
    cht_json_begin(json, '{');
    key_text(json, "title", "Chattifier, the WebSocket");
    key_text(json, "version", "1");
    cht_json_end(json, '}');
    cht_json_key(json, "channels");
    cht_json_begin(json, '{');
    channel(json);
    cht_json_end(json, '}');
    cht_json_key(json, "operations");
    cht_json_begin(json, '{');
    begin_operation(json, "commands", "receive");
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        reference(json, cht_command_row(type)->wire);
    }
    end_operation(json);
    begin_operation(json, "frames", "send");
    each_row(true, frame_reference, json);
    end_operation(json);
    cht_json_end(json, '}');
    cht_json_end(json, '}');
}
