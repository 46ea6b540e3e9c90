/* limits - buckets of the sessions port, by kind, person and address.
 *
 * Happy path: take a token before the work, give all back when the work shows that it was the right
 * person. How it fails: rate_limited with the wait; a sessions port that does not answer limits
 * nobody, since hashing is bounded anyway. */

#include <stdio.h>

#include "base/check.h"
#include "user/user_inner.h"

#define CALLS_AT_ONCE 5

static void fill(struct limit_ask *ask, const struct limit_of *of, uint32_t take)
{
    int size = snprintf(ask->key, sizeof(ask->key), "%s:%s%s%s", of->kind, of->who,
        of->where ? "@" : "", of->where ? of->where : "");
    CHECK(size > 0 && size < (int)sizeof(ask->key));
    ask->op.key = (struct cht_str){ask->key, (uint32_t)size};
    ask->op.burst = (uint32_t)of->burst;
    ask->op.refill_us = of->refill_ms * 1000;
    ask->op.take = take;
}

static void ask_tolerated(
    struct user_call *call, struct limit_ask *ask, const struct limit_of *of, uint32_t take)
{
    if (of->burst > 0) {
        fill(ask, of, take);
        sessions_limit(call->service->deps.sessions, flow_tolerate(&call->flow), &ask->op);
    }
}

void user_limit_take(struct user_call *call, struct limit_ask *ask, const struct limit_of *of)
{
    ask_tolerated(call, ask, of, 1);
}

void user_limit_ask(
    struct user_call *call, struct asker *asker, struct limit_ask *ask, const struct limit_of *of)
{
    fill(ask, of, 1);
    sessions_limit(call->service->deps.sessions, asker, &ask->op);
}

struct limit_of user_limit_of_calls(
    const struct user_service *service, const char *kind, const char *who)
{
    uint64_t rate = service->deps.settings->calls_per_second;
    return (struct limit_of){
        kind, who, NULL, rate * CALLS_AT_ONCE, rate && rate < 1000 ? 1000 / rate : 1};
}

void user_limit_give_all(struct user_call *call, struct limit_ask *ask, const struct limit_of *of)
{
    ask_tolerated(call, ask, of, LIMIT_GIVE_ALL);
}

void user_limit_give_one(struct user_call *call, struct limit_ask *ask, const struct limit_of *of)
{
    ask_tolerated(call, ask, of, LIMIT_GIVE_ONE);
}

/* All places but an eighth. One that was never given back is free again a second later. */
static struct limit_of limit_of_places(const struct user_call *call)
{
    uint64_t places = call->service->deps.settings->hashes_max;
    return (struct limit_of){
        "hashes", call->address, NULL, places >= 8 ? places - places / 8 : 0, 1000};
}

void user_place_take(struct user_call *call, struct limit_ask *ask)
{
    struct limit_of places = limit_of_places(call);
    user_limit_take(call, ask, &places);
}

void user_place_give_back(struct user_call *call, struct limit_ask *ask)
{
    struct limit_of places = limit_of_places(call);
    user_limit_give_one(call, ask, &places);
}

bool user_limit_holds(struct user_call *call, const struct limit_ask *ask)
{
    if (ask->op.op.err != ERR_RATE_LIMITED) {
        return true;
    }
    if (ask->op.wait_ms > call->retry_after_ms) {
        call->retry_after_ms = ask->op.wait_ms;
    }
    flow_fail(&call->flow, ERR_RATE_LIMITED);
    return false;
}

void user_limit_address(const struct net_address *address, char ret_text[ADDRESS_SIZE])
{
    const uint8_t *ip = address->ip;
    if (net_address_is_ipv4(address)) {
        snprintf(ret_text, ADDRESS_SIZE, "%u.%u.%u.%u", ip[12], ip[13], ip[14], ip[15]);
    } else {
        snprintf(ret_text, ADDRESS_SIZE, "%02x%02x:%02x%02x:%02x%02x:%02x%02x", ip[0], ip[1], ip[2],
            ip[3], ip[4], ip[5], ip[6], ip[7]);
    }
}
