/* local_commands - see the header. Happy path: answered in the same call. How it fails: a token
 * that is not a newer one of the same user and device is unauthorized; the connection stays as it
 * is. */

#include "local_commands.h"

#include "base/check.h"
#include "connections.h"
#include "presence.h"
#include "watches.h"

static void run_ping(
    struct socket_service *service, const struct sender *sender, const struct cht_command *command)
{
    struct cht_f_pong pong = {
        .has = CHT_HAS(command, command, ts) ? CHT_BIT(f_pong, ts) : 0,
        .ref = sender->ref,
        .ts = command->ts,
        .server_time = socket_wall(service),
    };
    struct cht_str frame = frame_of_event(service, &cht_row_f_pong, &pong);
    edge_reply(service->deps.edge, sender->conn.slot, frame.at, frame.size);
}

static bool is_newer(
    struct socket_service *service, const struct sender *sender, const struct identity *who)
{
    const struct connection_cold *cold = &service->cold[sender->conn.slot];
    return cht_id_equal(&who->user, &sender->user) && cht_id_equal(&who->device, &cold->device) &&
           who->expires_at >= socket_expires_at(service, sender->conn.slot) &&
           who->expires_at > socket_wall(service) &&
           sessions_standing(service->deps.sessions, who) == TOKEN_GOOD;
}

static void run_auth(
    struct socket_service *service, const struct sender *sender, const struct cht_command *command)
{
    struct identity who;
    enum err err = secrets_verify_token(service->deps.secrets, command->token, &who);
    if (err != OK || !is_newer(service, sender, &who)) {
        struct frame_refusal refusal = {.err = ERR_UNAUTHORIZED};
        command_refuse(service, sender, &refusal);
        return;
    }
    struct connection_cold *cold = &service->cold[sender->conn.slot];
    cold->token_version = who.token_version;
    cold->issued_at = who.issued_at;
    service->expires_s[sender->conn.slot] = (uint32_t)(who.expires_at / 1000);
    service->connections[sender->conn.slot].flags &= (uint8_t)~CONNECTION_WARNED;
    char text[64];
    struct cht_json json = {.at = text, .size = sizeof(text)};
    cht_json_key(&json, "expires_at");
    cht_json_u64(&json, who.expires_at);
    CHECK(json.used <= json.size);
    struct cht_reply reply = {.body = {text, (uint32_t)json.used}};
    command_accept(service, sender, &reply);
}

static void run_presence_set(
    struct socket_service *service, const struct sender *sender, const struct cht_command *command)
{
    struct connection *connection = &service->connections[sender->conn.slot];
    if (connection->presence != command->state) {
        connection->presence = (uint8_t)command->state;
        struct session session = presence_session(service, sender->conn.slot, &sender->user);
        sessions_set_state(
            service->deps.sessions, &session, (enum cht_presence_state)command->state);
        presence_on_change(service, &service->users[connection->user]);
    }
    struct cht_reply reply = {0};
    command_accept(service, sender, &reply);
}

static void run_presence_watch(
    struct socket_service *service, const struct sender *sender, const struct cht_command *command)
{
    if (command->users.count > service->settings.watch) {
        struct frame_refusal refusal = {.err = ERR_BAD_FIELD, .field = "users"};
        command_refuse(service, sender, &refusal);
        return;
    }
    if (!watches_replace(service, sender->conn.slot, &command->users)) {
        struct frame_refusal refusal = {.err = ERR_OVERLOADED};
        command_refuse(service, sender, &refusal);
        return;
    }
    struct cht_reply reply = {0};
    command_accept(service, sender, &reply);
}

void local_command_run(
    struct socket_service *service, const struct sender *sender, struct cht_command *command)
{
    CHECK(!sender->http);
    if (command->type == cht_command_type_ping) {
        run_ping(service, sender, command);
    } else if (command->type == cht_command_type_auth) {
        run_auth(service, sender, command);
    } else if (command->type == cht_command_type_presence_set) {
        run_presence_set(service, sender, command);
    } else if (command->type == cht_command_type_presence_watch) {
        run_presence_watch(service, sender, command);
    } else {
        CHECK_UNREACHABLE();
    }
}
