/* ticket - POST /user/ticket: a secret that opens one socket within 30 s.
 *
 * Happy path: 32 random bytes; their hash goes to sessions with who it is for and the Origin it is
 * bound to. How it fails: sessions is not there, or one user wants too many. */

#include <string.h>

#include "base/mem.h"
#include "user/user_inner.h"
#include "world/random.h"

#define TICKET_MS 30000
#define TEXT_SIZE 64

struct ticket_call {
    struct user_call call;
    struct limit_ask limit;
    struct sessions_ticket_op put;
    char text[TEXT_SIZE];
};

static struct ticket_call *ticket_of(struct flow *flow)
{
    return container_of(call_of(flow), struct ticket_call, call);
}

static void take_limit(struct flow *flow)
{
    struct ticket_call *t = ticket_of(flow);
    char who[CHT_ID_TEXT_SIZE + 1] = {0};
    cht_id_to_text(&t->call.identity.user, who);
    struct limit_of of = {"ticket", who, NULL, 60, 1000};
    user_limit_take(&t->call, &t->limit, &of);
}

static void put_ticket(struct flow *flow)
{
    static const char hex[] = "0123456789abcdef";
    struct ticket_call *t = ticket_of(flow);
    struct user_service *service = t->call.service;
    struct ticket *ticket = &t->put.ticket;
    uint8_t secret[TEXT_SIZE / 2];
    if (!user_limit_holds(&t->call, &t->limit)) {
        return;
    }
    if (t->call.origin.size >= sizeof(ticket->origin)) {
        flow_fail(flow, ERR_BAD_FRAME);
        return;
    }
    random_fill(service->deps.world->random, secret, sizeof(secret));
    for (size_t i = 0; i < sizeof(secret); i++) {
        t->text[i * 2] = hex[secret[i] >> 4];
        t->text[i * 2 + 1] = hex[secret[i] & 15];
    }
    secrets_digest(
        service->deps.secrets, (struct cht_str){t->text, TEXT_SIZE}, ticket->secret_hash);
    ticket->user = t->call.identity.user;
    ticket->device = t->call.identity.device;
    ticket->token_version = t->call.identity.token_version;
    ticket->issued_at = t->call.identity.issued_at;
    ticket->expires_at = t->call.identity.expires_at;
    ticket->valid_until = user_now_ms(service) + TICKET_MS;
    if (t->call.origin.size > 0) {
        memcpy(ticket->origin, t->call.origin.at, t->call.origin.size);
    }
    mem_wipe(secret, sizeof(secret));
    sessions_ticket_put(service->deps.sessions, &flow->asker, &t->put);
}

static void write_ticket(struct user_call *call, struct cht_json *json)
{
    struct ticket_call *t = container_of(call, struct ticket_call, call);
    cht_json_begin(json, '{');
    user_json_text(json, "ticket", (struct cht_str){t->text, TEXT_SIZE});
    cht_json_key(json, "expires_in");
    cht_json_u64(json, TICKET_MS / 1000);
    cht_json_end(json, '}');
}

static void finish(struct flow *flow)
{
    struct ticket_call *t = ticket_of(flow);
    if (!user_call_refused(&t->call)) {
        user_call_answer(&t->call, 201, write_ticket);
    }
    user_call_end(&t->call);
}

static const struct flow_step steps[] = {
    {"take_limit", take_limit}, {"put_ticket", put_ticket}, {"finish", finish}};

const struct user_flow user_flow_ticket = {steps, FLOW_STEPS(steps), sizeof(struct ticket_call)};
