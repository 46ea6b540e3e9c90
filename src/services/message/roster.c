/* roster - tells a node in which rooms a user is, and whom blocks keep apart from the user.
 *
 * Happy path: the store is fresh, a page of rooms and who is kept apart are read; the answer goes
 * to the node's pages; the user's questions that came meanwhile are answered behind it. How it
 * fails: by silence; the node asks again. */

#include <string.h>

#include "base/event_buf.h"
#include "base/mem.h"
#include "query.h"

struct roster_flow {
    struct flow flow; /* first */
    struct message_service *service;
    struct cht_roster_query question;
    struct fresh_op fresh;
    struct rooms_of_user_op rooms;
    struct users_apart_op apart;
    struct roster_flow *next, **link; /* of those in work; what points at this one */
    struct query *held, **held_end;
};

static void wait_fresh(struct flow *flow)
{
    struct roster_flow *roster = (struct roster_flow *)flow;
    fresh_wait(roster->service->fresh, flow_tolerate(flow), &roster->fresh, FRESH_ALL);
}

static void read_rooms(struct flow *flow)
{
    struct roster_flow *roster = (struct roster_flow *)flow;
    roster->rooms.user = roster->question.user;
    roster->rooms.after = roster->question.after_room;
    roster->rooms.limit = LIST_ROOMS_MAX;
    roster->rooms.brief = true;
    rooms_of_user(roster->service->deps.rooms, &flow->asker, &roster->rooms);
    roster->apart.user = roster->question.user;
    roster->apart.limit = APART_MAX;
    users_apart(roster->service->deps.users, &flow->asker, &roster->apart);
}

static void send_roster(struct roster_flow *roster)
{
    const struct rooms_of_user_op *op = &roster->rooms;
    struct cht_room_place *places = mem_array(op->count + 1, sizeof(*places));
    for (uint32_t i = 0; i < op->count; i++) {
        const struct room_of_user *room = &op->rooms[i];
        places[i] = (struct cht_room_place){
            .room = room->meta.room,
            .seq = room->head.seq,
            .n = room->head.n,
            .hidden = room->hidden,
            .kind = room->meta.kind,
        };
    }
    struct cht_roster answer = {
        .node_ref = roster->question.node_ref,
        .user = roster->question.user,
        .rooms = {places, op->count},
        .more = op->more && op->count > 0,
        .apart = {roster->apart.apart, roster->apart.count},
        .apart_more = roster->apart.more,
    };
    if (answer.more) {
        answer.next = places[op->count - 1].room;
    }
    struct buf *buf = event_buf_encode(&cht_row_roster, &answer);
    mail_send(roster->service->deps.mail, MAIL_PAGES, roster->question.node, buf);
    buf_unref(buf);
    mem_free(places);
}

/* Ids of users are random. */
static struct roster_flow **bucket_of(struct message_service *service, const struct cht_id *user)
{
    uint16_t number;
    memcpy(&number, user->bytes, sizeof(number));
    return &service->rosters[number % ROSTER_BUCKETS];
}

static void enter(struct roster_flow *roster)
{
    struct roster_flow **bucket = bucket_of(roster->service, &roster->question.user);
    roster->next = *bucket;
    roster->link = bucket;
    if (roster->next != NULL) {
        roster->next->link = &roster->next;
    }
    *bucket = roster;
}

static void leave(struct roster_flow *roster)
{
    *roster->link = roster->next;
    if (roster->next != NULL) {
        roster->next->link = roster->link;
    }
}

static void finish(struct flow *flow)
{
    struct roster_flow *roster = (struct roster_flow *)flow;
    /* A roster that may miss a room would hide it from a user for as long as the connection lives.
     */
    if (flow->err == OK && roster->fresh.op.err == OK) {
        send_roster(roster);
    }
    leave(roster);
    query_go_on(roster->held);
    roster->service->nodes_in_work--;
    arena_deinit(&roster->rooms.arena);
    arena_deinit(&roster->apart.arena);
    mem_free(roster);
}

bool roster_holds(struct query *query)
{
    struct roster_flow *first = *bucket_of(query->service, &query->command.author);
    for (struct roster_flow *at = first; at != NULL; at = at->next) {
        if (at->question.node == query->command.node &&
            cht_id_equal(&at->question.user, &query->command.author)) {
            *at->held_end = query;
            at->held_end = &query->next_held;
            return true;
        }
    }
    return false;
}

void roster_on_mail(struct message_service *service, struct cht_str bytes)
{
    static const struct flow_step steps[] = {
        {"wait_fresh", wait_fresh}, {"read_rooms", read_rooms}, {"finish", finish}};
    struct cht_roster_query question;
    struct cht_scratch nothing = {NULL, 0, 0};
    if (service->nodes_in_work >= service->settings.node_queries_max ||
        !cht_decode(&cht_row_roster_query, bytes, &nothing, &question)) {
        return;
    }
    struct roster_flow *roster = mem_new(sizeof(*roster));
    roster->service = service;
    roster->question = question;
    roster->held_end = &roster->held;
    enter(roster);
    service->nodes_in_work++;
    flow_start(&roster->flow, service->deps.world->loop, steps, FLOW_STEPS(steps));
}
