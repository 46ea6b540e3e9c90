/* circles_cassandra - what many users are in: their circles, and whether they are crowded.
 *
 * Happy path: the rows of some users at a time; what is hidden may show again, so the rooms of
 * hidden ones, which are few, are looked at as well. How it fails: as Cassandra does. */

#include "cassandra/call.h"
#include "cassandra/rooms_lists.h"

#define LIST_PAGE_ROWS 1000u

/* A room of somebody. */
struct found {
    struct cht_id room;
    uint64_t hidden_seq;
    uint32_t hidden_place; /* among those that are looked at */
};

struct somebody {
    struct found *rooms;
    uint32_t count;
};

/* Users, and the rooms of each, of which some are hidden. */
struct people {
    struct many many; /* first */
    const struct cht_id *users;
    struct somebody *each;
    uint32_t user_count;
    const struct cht_id *after; /* of the first one */
    bool circles;
    struct arena arena;
    struct cht_id *hidden;
    uint32_t hidden_count;
    struct rooms_read read;
};

static bool ask_user(struct many *many, struct cql_ask *ask, uint32_t number)
{
    static const struct cht_id first;
    const struct people *people = (struct people *)many;
    if (number == people->user_count) {
        return false;
    }
    struct cql_writer *values =
        store_begin(many->store, ask, people->circles ? STORE_MINE_LIST : STORE_MINE_SHOWN);
    cql_put_uuid(values, people->users[number]);
    if (people->circles) {
        cql_put_uuid(values, number == 0 ? *people->after : first);
    }
    ask->page_rows = LIST_PAGE_ROWS;
    return true;
}

static void add(
    struct people *people, struct somebody *somebody, struct cht_id room, uint64_t hidden_seq)
{
    struct found found = {room, hidden_seq, people->hidden_count};
    somebody->rooms =
        arena_grown(&people->arena, somebody->rooms, somebody->count, sizeof(*somebody->rooms));
    somebody->rooms[somebody->count++] = found;
    if (hidden_seq) {
        people->hidden = arena_grown(
            &people->arena, people->hidden, people->hidden_count, sizeof(*people->hidden));
        people->hidden[people->hidden_count++] = room;
    }
}

static enum err take_user(struct many *many, struct cql_ask *ask, uint32_t number)
{
    struct people *people = (struct people *)many;
    struct somebody *somebody = &people->each[number];
    struct cells cells = {.ask = ask};
    while (cql_ask_next(ask)) {
        if (!people->circles) {
            add(people, somebody, cells_id(&cells, 0), cells_u64(&cells, 1));
            continue;
        }
        struct stored_mine mine;
        if (mine_take(ask, &mine) != OK) {
            return ERR_CORRUPT;
        }
        if (mine.kind == cht_room_kind_direct || mine.kind == cht_room_kind_group) {
            add(people, somebody, mine.room, mine.hidden_seq);
        }
    }
    return cells_err(&cells);
}

static void ask_people(struct people *people, struct call *call)
{
    people->each = arena_array(&people->arena, people->user_count, sizeof(*people->each));
    people->many.ask = ask_user;
    people->many.take = take_user;
    many_ask(&people->many, call->store, &call->flow.asker, people->user_count);
}

static void ask_hidden(struct people *people, struct call *call)
{
    people->read.arena = &people->arena;
    rooms_read(&people->read, call->store, &call->flow.asker, people->hidden, people->hidden_count);
}

static bool is_shown(const struct people *people, const struct found *found)
{
    return found->hidden_seq == 0 ||
           found->hidden_seq <= people->read.rooms[found->hidden_place].sent_seq;
}

static void deinit_people(struct people *people)
{
    many_deinit(&people->many);
    many_deinit(&people->read.many);
    arena_deinit(&people->arena);
}

/* ---- circles */

struct circles {
    struct call call; /* first */
    struct rooms_circles_op *op;
    struct people people;
};

static void ask_circles(struct flow *flow)
{
    struct circles *c = (struct circles *)flow;
    ask_people(&c->people, &c->call);
}

static void ask_hidden_of_circles(struct flow *flow)
{
    struct circles *c = (struct circles *)flow;
    ask_hidden(&c->people, &c->call);
}

/* The next user's circle, of at most `left` rooms; how many it has. */
static uint32_t fill_circle(
    struct circles *c, const struct somebody *somebody, struct cht_id *rooms, uint32_t left)
{
    struct rooms_circles_op *op = c->op;
    struct cht_circle *circle = &op->circles[op->count++];
    *circle = (struct cht_circle){.user = op->users[op->at], .rooms = {rooms, 0}};
    for (uint32_t i = 0; i < somebody->count && !circle->more; i++) {
        if (is_shown(&c->people, &somebody->rooms[i])) {
            circle->more = circle->rooms.count == left;
            if (!circle->more) {
                rooms[circle->rooms.count++] = somebody->rooms[i].room;
            }
        }
    }
    return circle->rooms.count;
}

static void fill_circles(struct circles *c)
{
    struct rooms_circles_op *op = c->op;
    uint32_t left = op->limit;
    struct cht_id *rooms = arena_array(&op->arena, op->limit + 1, sizeof(*rooms));
    op->circles = arena_array(&op->arena, c->people.user_count, sizeof(*op->circles));
    for (uint32_t i = 0; i < c->people.user_count; i++) {
        uint32_t count = fill_circle(c, &c->people.each[i], rooms, left);
        if (op->circles[op->count - 1].more) {
            op->after = count > 0 ? rooms[count - 1] : op->after;
            return;
        }
        op->after = (struct cht_id){{0}};
        op->at++;
        rooms += count;
        left -= count;
    }
}

static void answer_circles(struct flow *flow)
{
    struct circles *c = (struct circles *)flow;
    if (flow->err == OK) {
        fill_circles(c);
    }
    deinit_people(&c->people);
    call_end(&c->call, flow->err);
}

static const struct flow_step circles_steps[] = {{"ask_circles", ask_circles},
    {"ask_hidden", ask_hidden_of_circles}, {"answer", answer_circles}};

void circles_get(struct cassandra *store, struct rooms_circles_op *op)
{
    struct circles *c = call_create(store, sizeof(*c), &op->op);
    arena_reset(&op->arena);
    op->circles = NULL;
    op->count = 0;
    if (!c) {
        return;
    }
    uint32_t left = op->user_count - op->at;
    c->op = op;
    c->people.circles = true;
    c->people.users = op->users + op->at;
    c->people.user_count = left < MANY_WINDOW ? left : MANY_WINDOW;
    c->people.after = &op->after;
    call_start(&c->call, circles_steps, FLOW_STEPS(circles_steps));
}

/* ---- crowded */

struct crowded {
    struct call call; /* first */
    struct rooms_crowded_op *op;
    struct people people;
};

static void ask_crowded(struct flow *flow)
{
    struct crowded *c = (struct crowded *)flow;
    ask_people(&c->people, &c->call);
}

static void ask_hidden_of_crowded(struct flow *flow)
{
    struct crowded *c = (struct crowded *)flow;
    ask_hidden(&c->people, &c->call);
}

static void answer_crowded(struct flow *flow)
{
    struct crowded *c = (struct crowded *)flow;
    for (uint32_t i = 0; flow->err == OK && i < c->op->user_count; i++) {
        const struct somebody *somebody = &c->people.each[i];
        uint32_t shown = 0;
        for (uint32_t j = 0; j < somebody->count; j++) {
            shown += is_shown(&c->people, &somebody->rooms[j]);
        }
        c->op->crowded[i] = shown >= c->op->most;
    }
    deinit_people(&c->people);
    call_end(&c->call, flow->err);
}

static const struct flow_step crowded_steps[] = {{"ask_crowded", ask_crowded},
    {"ask_hidden", ask_hidden_of_crowded}, {"answer", answer_crowded}};

void circles_crowded(struct cassandra *store, struct rooms_crowded_op *op)
{
    struct crowded *c = call_create(store, sizeof(*c), &op->op);
    if (c) {
        c->op = op;
        c->people.users = op->users;
        c->people.user_count = op->user_count;
        call_start(&c->call, crowded_steps, FLOW_STEPS(crowded_steps));
    }
}
