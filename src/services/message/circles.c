/* circles - tells a node in which direct and group rooms users are, but for direct ones that they
 * hide, so that it knows who may see whose presence.
 *
 * Happy path: the store is fresh, the rooms are read a part at a time, and each part goes to the
 * node's pages. How it fails: by silence; the node asks again. */

#include "base/event_buf.h"
#include "base/mem.h"
#include "query.h"

#define ROOMS_OF_PART 1000u /* as many as the event takes */
#define SCRATCH_BYTES 4096u

struct circles_flow {
    struct flow flow; /* first */
    struct message_service *service;
    struct cht_circles_query question;
    struct fresh_op fresh;
    struct rooms_circles_op rooms;
    uint8_t scratch[SCRATCH_BYTES]; /* the ids of the question */
};

static void wait_fresh(struct flow *flow)
{
    struct circles_flow *circles = (struct circles_flow *)flow;
    fresh_wait(circles->service->fresh, &flow->asker, &circles->fresh, FRESH_ALL);
}

static void read_rooms(struct flow *flow)
{
    struct circles_flow *circles = (struct circles_flow *)flow;
    circles->rooms.users = circles->question.users.at;
    circles->rooms.user_count = circles->question.users.count;
    circles->rooms.limit = ROOMS_OF_PART;
    rooms_circles(circles->service->deps.rooms, &flow->asker, &circles->rooms);
}

static void send_part(const struct circles_flow *circles)
{
    struct cht_circles answer = {
        .node_ref = circles->question.node_ref,
        .circles = {circles->rooms.circles, circles->rooms.count},
    };
    struct buf *buf = event_buf_encode(&cht_row_circles, &answer);
    mail_send(circles->service->deps.mail, MAIL_PAGES, circles->question.node, buf);
    buf_unref(buf);
}

static void send_parts(struct flow *flow)
{
    struct circles_flow *circles = (struct circles_flow *)flow;
    send_part(circles);
    if (circles->rooms.at < circles->rooms.user_count) {
        rooms_circles(circles->service->deps.rooms, &flow->asker, &circles->rooms);
        flow_again(flow);
    }
}

static void finish(struct flow *flow)
{
    struct circles_flow *circles = (struct circles_flow *)flow;
    circles->service->nodes_in_work--;
    arena_deinit(&circles->rooms.arena);
    mem_free(circles);
}

void circles_on_mail(struct message_service *service, struct cht_str bytes)
{
    static const struct flow_step steps[] = {{"wait_fresh", wait_fresh}, {"read_rooms", read_rooms},
        {"send_parts", send_parts}, {"finish", finish}};
    if (service->nodes_in_work >= service->settings.node_queries_max) {
        return;
    }
    struct circles_flow *circles = mem_new(sizeof(*circles));
    struct cht_scratch scratch = {circles->scratch, sizeof(circles->scratch), 0};
    if (!cht_decode(&cht_row_circles_query, bytes, &scratch, &circles->question)) {
        mem_free(circles);
        return;
    }
    circles->service = service;
    service->nodes_in_work++;
    flow_start(&circles->flow, service->deps.world->loop, steps, FLOW_STEPS(steps));
}
