/* names_cassandra - see the header.
 *
 * Happy path: the name is free and an INSERT with a condition takes it; one that somebody has, and
 * that may be taken over, is updated from what was read. How it fails: TAKEN; where others are
 * faster, it is looked at again, some times, and then UNAVAILABLE. */

#include "cassandra/names_cassandra.h"

#include "base/fold.h"
#include "cassandra/room_rows.h"

#define CLAIM_LIFE_MS (10u * 60u * 1000u)

/* ---- holding one */

struct hold {
    struct call call; /* first */
    struct name_hold_op *op;
    struct cql_ask ask;
    uint32_t rounds;
    bool asked;
};

static uint64_t claimed_at(const struct hold *h)
{
    uint64_t now = loop_wall_ms(h->call.store->world->loop);
    return h->op->complete ? 0 : now ? now : 1;
}

static void ask_claim(struct hold *h)
{
    struct cql_writer *values = store_begin(h->call.store, &h->ask, STORE_PUBLIC_CLAIM);
    cql_put_text(values, h->op->name);
    cql_put_uuid(values, h->op->room);
    cells_put_u64(values, claimed_at(h));
    h->asked = true;
    call_try(&h->call, &h->ask);
    flow_again(&h->call.flow);
}

static void ask_take_over(struct hold *h, const struct cht_id *holder, uint64_t since)
{
    struct cql_writer *values = store_begin(h->call.store, &h->ask, STORE_PUBLIC_TAKE);
    cql_put_uuid(values, h->op->room);
    cells_put_u64(values, claimed_at(h));
    cql_put_text(values, h->op->name);
    cql_put_uuid(values, *holder);
    cells_put_u64(values, since);
    call_try(&h->call, &h->ask);
    flow_again(&h->call.flow);
}

/* Somebody has it, or had it a moment ago. */
static void look_at_holder(struct hold *h, struct cells *row)
{
    uint32_t column = cells_column(row, "room_id");
    if (++h->rounds == CALL_CAS_TRIES) {
        flow_fail(&h->call.flow, ERR_UNAVAILABLE);
    } else if (cells_null(row, column)) {
        ask_claim(h);
    } else {
        struct cht_id holder = cells_id(row, column);
        uint64_t since = cells_u64(row, cells_column(row, "claimed_at"));
        bool ours = cht_id_equal(&holder, &h->op->room);
        bool is_void = h->op->complete || claimed_at(h) >= since + CLAIM_LIFE_MS;
        h->op->holder = holder;
        if (since == 0 || (!ours && !is_void)) {
            if (!ours) {
                flow_fail(&h->call.flow, ERR_TAKEN);
            }
        } else {
            ask_take_over(h, &holder, since);
        }
    }
}

static void try_hold(struct flow *flow)
{
    struct hold *h = (struct hold *)flow;
    struct cells row;
    enum call_cas outcome = h->asked ? call_cas(&h->call, &h->ask, &row) : CALL_AGAIN;
    if (outcome == CALL_AGAIN) {
        ask_claim(h);
    } else if (outcome == CALL_NOT_APPLIED) {
        look_at_holder(h, &row);
    }
}

static void answer_hold(struct flow *flow)
{
    struct hold *h = (struct hold *)flow;
    cql_ask_deinit(&h->ask);
    call_end(&h->call, flow->err);
}

static const struct flow_step hold_steps[] = {{"try_hold", try_hold}, {"answer", answer_hold}};

void name_hold(struct cassandra *store, struct asker *asker, struct name_hold_op *op)
{
    op_ask(&op->op, asker);
    struct hold *h = call_create(store, sizeof(*h), &op->op);
    if (h) {
        h->op = op;
        call_start(&h->call, hold_steps, FLOW_STEPS(hold_steps));
    }
}

/* ---- what the log says */

struct settle {
    struct call call; /* first */
    struct name_settle_op *op;
    struct cql_ask ask, unlist, door;
    struct arena arena;
    bool had_door;
    struct name_hold_op hold;
    struct cht_str former; /* what the room has; empty: nothing, or the same */
};

static void read_room(struct flow *flow)
{
    struct settle *s = (struct settle *)flow;
    room_row_ask(s->call.store, &s->ask, &s->op->room);
    call_ask(&s->call, &s->ask);
}

static bool has_door(const struct room_meta *meta)
{
    return meta->kind == cht_room_kind_channel && meta->visibility == cht_visibility_public;
}

static struct cht_str wanted_name(struct settle *s)
{
    const struct room_meta *meta = s->op->meta;
    bool is_public = meta && meta->visibility == cht_visibility_public && !meta->deleted;
    return is_public ? name_fold(&s->op->arena, meta->name) : (struct cht_str){0};
}

static void hold_new(struct flow *flow)
{
    struct settle *s = (struct settle *)flow;
    struct stored_room room;
    enum err err = room_first(&s->ask, &s->arena, &room);
    if (err != OK) {
        flow_fail(flow, err);
        return;
    }
    if (room.meta_seq > s->op->seq || room.gone_seq > s->op->seq) {
        s->op->name = arena_str(&s->op->arena, room.public_name);
        flow_skip_to_end(flow);
        return;
    }
    s->had_door = has_door(&room.meta);
    s->op->name = wanted_name(s);
    s->former =
        cht_str_equal(room.public_name, s->op->name) ? (struct cht_str){0} : room.public_name;
    if (s->op->name.size) {
        s->hold.name = s->op->name;
        s->hold.room = s->op->room;
        s->hold.complete = true;
        name_hold(s->call.store, flow_tolerate(flow), &s->hold);
    }
}

/* A name that another room has stays with it: the log may have two, a list shows one. */
static void list_new(struct flow *flow)
{
    struct settle *s = (struct settle *)flow;
    if (s->hold.op.err == ERR_TAKEN) {
        s->op->name = (struct cht_str){0};
    } else if (s->hold.op.err != OK) {
        flow_fail(flow, s->hold.op.err);
    } else if (s->op->name.size) {
        struct cql_writer *values = store_begin(s->call.store, &s->ask, STORE_PUBLIC_LIST);
        cql_put_text(values, s->op->name);
        cql_put_uuid(values, s->op->room);
        cells_put_u64(values, s->op->seq);
        call_ask(&s->call, &s->ask);
    }
}

static void open_door(struct flow *flow)
{
    struct settle *s = (struct settle *)flow;
    const struct room_meta *meta = s->op->meta;
    if (meta && has_door(meta) && !meta->deleted) {
        struct cql_writer *values = store_begin(s->call.store, &s->door, STORE_DOOR_OPEN);
        cql_put_uuid(values, s->op->room);
        cells_put_u64(values, s->op->seq);
        cells_put_u64(values, s->op->seq);
        call_ask(&s->call, &s->door);
    } else if (s->had_door) {
        struct cql_writer *values = store_begin(s->call.store, &s->door, STORE_DOOR_CLOSE);
        cells_put_u64(values, s->op->seq);
        cql_put_uuid(values, s->op->room);
        call_ask(&s->call, &s->door);
    }
}

static void free_former(struct flow *flow)
{
    struct settle *s = (struct settle *)flow;
    if (!s->former.size) {
        return;
    }
    struct cql_writer *values = store_begin(s->call.store, &s->unlist, STORE_PUBLIC_UNLIST);
    cells_put_u64(values, s->op->seq);
    cql_put_text(values, s->former);
    cql_put_uuid(values, s->op->room);
    call_ask(&s->call, &s->unlist);
    values = store_begin(s->call.store, &s->ask, STORE_PUBLIC_FREE);
    cql_put_text(values, s->former);
    cql_put_uuid(values, s->op->room);
    call_ask(&s->call, &s->ask);
}

static void answer_settled(struct flow *flow)
{
    struct settle *s = (struct settle *)flow;
    cql_ask_deinit(&s->ask);
    cql_ask_deinit(&s->unlist);
    cql_ask_deinit(&s->door);
    arena_deinit(&s->arena);
    call_end(&s->call, flow->err);
}

static const struct flow_step settle_steps[] = {{"read_room", read_room}, {"hold_new", hold_new},
    {"list_new", list_new}, {"open_door", open_door}, {"free_former", free_former},
    {"answer", answer_settled}};

void name_settle(struct cassandra *store, struct asker *asker, struct name_settle_op *op)
{
    op_ask(&op->op, asker);
    arena_reset(&op->arena);
    op->name = (struct cht_str){0};
    struct settle *s = call_create(store, sizeof(*s), &op->op);
    if (s) {
        s->op = op;
        call_start(&s->call, settle_steps, FLOW_STEPS(settle_steps));
    }
}

/* ---- the port */

struct claim {
    struct call call; /* first */
    struct rooms_name_op *op;
    struct arena arena;
    struct name_hold_op hold;
};

static void claim(struct flow *flow)
{
    struct claim *c = (struct claim *)flow;
    c->hold.name = name_fold(&c->arena, c->op->name);
    c->hold.room = c->op->room;
    name_hold(c->call.store, &flow->asker, &c->hold);
}

static void answer_claim(struct flow *flow)
{
    struct claim *c = (struct claim *)flow;
    c->op->holder = c->hold.holder;
    arena_deinit(&c->arena);
    call_end(&c->call, flow->err);
}

static const struct flow_step claim_steps[] = {{"claim", claim}, {"answer", answer_claim}};

void names_claim(struct cassandra *store, struct rooms_name_op *op)
{
    struct claim *c = call_create(store, sizeof(*c), &op->op);
    if (c) {
        c->op = op;
        call_start(&c->call, claim_steps, FLOW_STEPS(claim_steps));
    }
}
