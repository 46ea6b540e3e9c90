/* bus_in - see the header. Happy path: the number in front says which row decodes it. How it fails:
 * what can not be read is counted and dropped; numbers that are not for this service are none of
 * its business. */

#include "bus_in.h"

#include "apart.h"
#include "base/event_buf.h"
#include "chattifier/uncleared.h"
#include "circles.h"
#include "lifecycle.h"
#include "replica.h"
#include "replies.h"
#include "rosters.h"
#include "subscriptions.h"
#include "watches.h"

static bool decode(struct socket_service *service, const struct cht_event_row *row,
    const struct buf *event, void *ret)
{
    struct cht_scratch scratch = socket_scratch(service);
    bool good = cht_decode(row, event_buf_bytes(event), &scratch, ret);
    service->counters.bad_events += !good;
    return good;
}

union mail_event {
    struct cht_delivery delivery;
    struct cht_reply reply;
    struct cht_heads heads;
    struct cht_subscribed subscribed;
    struct cht_ephemeral ephemeral;
    struct cht_joined joined;
    struct cht_roster roster;
    struct cht_circles circles;
    struct cht_replaced replaced;
};

void bus_in_mail(struct socket_service *service, struct buf *event)
{
    union mail_event e CHT_UNCLEARED;
    uint32_t number = cht_event_number_of(event_buf_bytes(event));
    if (number == CHT_EVENT_delivery) {
        if (decode(service, &cht_row_delivery, event, &e.delivery)) {
            replica_on_delivery(service, &e.delivery);
        }
    } else if (number == CHT_EVENT_reply) {
        if (decode(service, &cht_row_reply, event, &e.reply)) {
            reply_on_answer(service, &e.reply);
        }
    } else if (number == CHT_EVENT_heads) {
        if (decode(service, &cht_row_heads, event, &e.heads)) {
            replica_on_heads(service, &e.heads);
        }
    } else if (number == CHT_EVENT_subscribed) {
        if (decode(service, &cht_row_subscribed, event, &e.subscribed)) {
            subscription_on_subscribed(service, &e.subscribed);
        }
    } else if (number == CHT_EVENT_ephemeral) {
        if (decode(service, &cht_row_ephemeral, event, &e.ephemeral)) {
            replica_on_ephemeral(service, &e.ephemeral);
        }
    } else if (number == CHT_EVENT_joined) {
        if (decode(service, &cht_row_joined, event, &e.joined)) {
            replica_on_joined(service, &e.joined);
        }
    } else if (number == CHT_EVENT_roster) {
        if (decode(service, &cht_row_roster, event, &e.roster)) {
            roster_on_answer(service, &e.roster);
        }
    } else if (number == CHT_EVENT_circles) {
        if (decode(service, &cht_row_circles, event, &e.circles)) {
            circles_on_answer(service, &e.circles);
        }
    } else if (number == CHT_EVENT_replaced) {
        if (decode(service, &cht_row_replaced, event, &e.replaced)) {
            lifecycle_on_replaced(service, &e.replaced);
        }
    }
}

static void on_revoked(struct socket_service *service, const struct cht_revoked *revoked)
{
    struct revocation revocation = {revoked->user, revoked->device, revoked->version};
    lifecycle_on_revoked(service, &revocation);
}

union cast_event {
    struct cht_claimed claimed;
    struct cht_presences presences;
    struct cht_revoked revoked;
    struct cht_joined joined;
    struct cht_blocked blocked;
};

void bus_in_cast(struct socket_service *service, struct buf *event)
{
    union cast_event e;
    uint32_t number = cht_event_number_of(event_buf_bytes(event));
    if (number == CHT_EVENT_claimed) {
        if (decode(service, &cht_row_claimed, event, &e.claimed)) {
            subscription_on_claimed(service, &e.claimed);
        }
    } else if (number == CHT_EVENT_presences) {
        if (decode(service, &cht_row_presences, event, &e.presences)) {
            watches_on_presences(service, &e.presences);
        }
    } else if (number == CHT_EVENT_revoked) {
        if (decode(service, &cht_row_revoked, event, &e.revoked)) {
            on_revoked(service, &e.revoked);
        }
    } else if (number == CHT_EVENT_joined) {
        if (decode(service, &cht_row_joined, event, &e.joined)) {
            replica_on_joined(service, &e.joined);
        }
    } else if (number == CHT_EVENT_blocked) {
        if (decode(service, &cht_row_blocked, event, &e.blocked)) {
            apart_on_blocked(service, &e.blocked);
        }
    }
}
