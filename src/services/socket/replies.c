/* replies - see the header. Happy path: the handle finds the pending command, its connection gets
 * `ok` ahead of the turn's pushes. How it fails: a late answer finds nothing and is counted; a
 * refusal becomes `error`; silence becomes `timeout`. */

#include "replies.h"

#include <string.h>

#include "commands.h"
#include "connections.h"
#include "fanout.h"
#include "http_out.h"
#include "subscriptions.h"

/* The pending command as the sender it came from; `ref` points into `ret_ref`. */
static struct sender sender_of(const struct pending *pending, char ret_ref[PENDING_REF_MAX])
{
    memcpy(ret_ref, pending->ref, PENDING_REF_MAX);
    return (struct sender){
        .conn = pending->conn,
        .ref = {pending->ref_size ? ret_ref : NULL, pending->ref_size},
        .http = pending->http,
    };
}

static enum err err_of(uint64_t number)
{
    bool known =
        number < (uint64_t)ERR_COUNT && err_for_client((enum err)number) == (enum err)number;
    return known ? (enum err)number : ERR_INTERNAL;
}

static void refuse(
    struct socket_service *service, const struct sender *sender, const struct cht_reply *reply)
{
    char field[65] = "";
    if (reply->field.size > 0 && reply->field.size < sizeof(field)) {
        memcpy(field, reply->field.at, reply->field.size);
    }
    struct frame_refusal refusal = {
        .err = err_of(reply->error),
        .field = field[0] ? field : NULL,
        .wait_ms = reply->retry_after_ms,
    };
    command_refuse(service, sender, &refusal);
}

void reply_on_answer(struct socket_service *service, const struct cht_reply *reply)
{
    uint32_t slot = pending_find(&service->pendings, reply->node_ref);
    if (slot == PENDING_NONE) {
        service->counters.late_answers++;
        return;
    }
    const struct pending *pending = &service->pendings.slots[slot];
    subscription_learn_clock(service, pending->shard, reply->owner_now);
    if (reply->term != 0) {
        struct cht_claimed claimed = {
            .shard = pending->shard, .term = reply->term, .node = reply->owner};
        subscription_on_claimed(service, &claimed);
    }
    char ref[PENDING_REF_MAX];
    struct sender sender = sender_of(pending, ref);
    bool writes = pending->writes;
    fanout_answered(service, pending->shard);
    connection_forget_pending(service, slot);
    if (reply->error != 0) {
        refuse(service, &sender, reply);
    } else if (sender.http) {
        http_answer(service, sender.conn, reply, writes);
    } else {
        command_accept(service, &sender, reply);
    }
}

void replies_tick(struct socket_service *service)
{
    uint32_t now = socket_now(service);
    uint32_t wait = (uint32_t)service->settings.answer_timeout_ms;
    for (;;) {
        uint32_t slot = pending_overdue(&service->pendings, now, wait);
        if (slot == PENDING_NONE) {
            return;
        }
        char ref[PENDING_REF_MAX];
        struct sender sender = sender_of(&service->pendings.slots[slot], ref);
        connection_forget_pending(service, slot);
        service->counters.timeouts++;
        struct frame_refusal refusal = {.err = ERR_TIMEOUT};
        command_refuse(service, &sender, &refusal);
    }
}
