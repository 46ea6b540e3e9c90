/* command_in - see the header. Happy path: read in place, a ref that nobody else has, run. How it
 * fails: what can not be read is bad_frame, and too many of those close the connection with 1002;
 * all else is refused with the ref it carried. */

#include "command_in.h"

#include "chattifier/uncleared.h"
#include "commands.h"
#include "connections.h"
#include "users.h"
#include "wire/ws_close.h"

#define BAD_FRAMES_WINDOW_MS 60000u

static void refuse_frame(struct socket_service *service, const struct sender *sender)
{
    struct connection *connection = connection_find(service, sender->conn);
    uint8_t count =
        rate_window_count(&connection->bad_frames, BAD_FRAMES_WINDOW_MS, socket_now(service));
    bool last = count >= service->settings.bad_frames_per_minute;
    struct frame_refusal refusal = {.err = ERR_BAD_FRAME};
    command_refuse(service, sender, &refusal);
    if (last && connection_find(service, sender->conn)) {
        connection_close(service, sender->conn.slot, WS_CLOSE_PROTOCOL, "too many bad frames");
    }
}

/* A ref names one command at a time. */
static bool ref_is_usable(struct socket_service *service, const struct connection *connection,
    const struct cht_client_head *head)
{
    if (head->bad_ref || head->ref.size > PENDING_REF_MAX) {
        return false;
    }
    return head->ref.size == 0 ||
           !pending_has_ref(&service->pendings, connection->first_pending, head->ref);
}

void command_in_text(struct socket_service *service, uint32_t slot, char *bytes, uint32_t size)
{
    struct connection *connection = &service->connections[slot];
    if (connection->generation == 0 || (connection->flags & CONNECTION_CLOSING)) {
        return;
    }
    struct sender sender = {
        .conn = {slot, connection->generation},
        .user = service->users[connection->user].id,
        .device = service->cold[slot].device,
    };
    struct cht_scratch scratch = socket_scratch(service);
    struct cht_command command CHT_UNCLEARED;
    struct cht_client_head head;
    struct cht_read_error error CHT_UNCLEARED;
    enum cht_read read =
        cht_read_client((struct cht_str){bytes, size}, &scratch, &command, &head, &error);
    if (read == CHT_READ_BAD_FRAME) {
        refuse_frame(service, &sender);
        return;
    }
    if (!ref_is_usable(service, connection, &head)) {
        struct frame_refusal refusal = {.err = ERR_BAD_FIELD, .field = "ref"};
        command_refuse(service, &sender, &refusal);
        return;
    }
    sender.ref = head.ref;
    if (read != CHT_READ_OK) {
        struct frame_refusal refusal = {
            .err = command_read_err(read), .field = error.field[0] ? error.field : NULL};
        command_refuse(service, &sender, &refusal);
        return;
    }
    command_run(service, &sender, &command);
}
