/* ready - see the header. Happy path: one reply right after the upgrade, so both leave in one send.
 * How it fails: it does not. */

#include "ready.h"

#include "base/check.h"
#include "frames.h"

#define HISTORY_PAGE 100u /* as the message service cuts a page */

static void limit(struct cht_json *json, const char *name, uint64_t value)
{
    cht_json_key(json, name);
    cht_json_u64(json, value);
}

static struct cht_str limits(const struct socket_settings *settings, char *into, size_t size)
{
    struct cht_json json = {.at = into, .size = size};
    cht_json_begin(&json, '{');
    limit(&json, "frame_bytes", settings->frame_bytes);
    limit(&json, "text_bytes", cht_row_command.fields[CHT_AT_command_text].max);
    limit(&json, "in_flight", settings->in_flight);
    limit(&json, "history", HISTORY_PAGE);
    limit(&json, "watch", settings->watch);
    limit(&json, "messages_per_second", settings->messages_per_second);
    limit(&json, "messages_burst", settings->messages_burst);
    limit(&json, "commands_per_second", settings->commands_per_second);
    limit(&json, "typing_interval_ms", settings->typing_interval_ms);
    limit(&json, "connections_per_user", settings->connections_per_user);
    cht_json_end(&json, '}');
    CHECK(json.used <= json.size);
    return (struct cht_str){into, (uint32_t)json.used};
}

void ready_send(struct socket_service *service, uint32_t slot, const struct cht_id *user)
{
    char text[512];
    const struct connection_cold *cold = &service->cold[slot];
    struct cht_f_ready ready = {
        .user = *user,
        .device = cold->device,
        .session = cold->session,
        .protocol = 1,
        .features = {"[]", 2},
        .heartbeat_ms = service->settings.heartbeat_ms,
        .expires_at = socket_expires_at(service, slot),
        .server_time = socket_wall(service),
        .limits = limits(&service->settings, text, sizeof(text)),
    };
    struct cht_str frame = frame_of_event(service, &cht_row_f_ready, &ready);
    /* Not a push: answers to commands that came with the upgrade leave ahead of pushes. */
    edge_reply(service->deps.edge, slot, frame.at, frame.size);
}
