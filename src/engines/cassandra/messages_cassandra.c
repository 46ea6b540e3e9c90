/* messages_cassandra - pages of messages, and single ones.
 *
 * Happy path: look who asks, read rows until the page is full, add reactions, look again. Around a
 * message the page has two parts, the older one first. How it fails: NOT_FOUND; as Cassandra does.
 */

#include "cassandra/history_reads.h"
#include "cassandra/many.h"
#include "cassandra/reactions.h"
#include "cassandra/view.h"

/* ---- rows */

/* False: what changed a message is there, and no message. */
static bool message_take(
    struct cells *cells, struct arena *arena, struct history_message *ret_message)
{
    uint64_t edited_seq = cells_u64(cells, 7);
    *ret_message = (struct history_message){
        .seq = cells_u64(cells, 0),
        .n = cells_u64(cells, 1),
        .ts = cells_u64(cells, 2),
        .from = cells_id(cells, 3),
        .cid = cells_text(cells, 4, arena),
        .text = cells_text(cells, edited_seq ? 6 : 5, arena),
        .edited_seq = edited_seq,
        .reply_to = cells_u64(cells, 8),
        .deleted = cells_flag(cells, 10),
    };
    struct cht_str mentions = cells_lend_blob(cells, 9);
    ret_message->mentions.count = mentions.size / (uint32_t)sizeof(struct cht_id);
    ret_message->mentions.at = mentions.size ? arena_copy(arena, mentions.at, mentions.size) : NULL;
    return !cells_null(cells, 3);
}

/* ---- a page */

struct page {
    struct call call; /* first */
    struct history_messages_op *op;
    struct view view;
    struct pages pages;
    struct cql_ask ask;
    struct many many;
    struct reaction_counts *counts; /* by message */
    uint64_t bytes;
    uint32_t begins; /* of the part: where it is in op->messages */
    uint32_t limit;  /* of the part */
    bool asked, is_full, is_newer_part;
};

static void ask_view(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    p->view.room = &p->op->room;
    p->view.reader = p->op->as_member ? &p->op->reader : NULL;
    view_ask(&p->view, &p->call);
}

static void begin_part(struct page *p, enum history_bound bound, uint64_t seq, uint32_t limit)
{
    p->begins = p->op->count;
    p->limit = limit;
    p->bytes = 0;
    p->asked = p->is_full = false;
    p->pages = (struct pages){.room = p->op->room,
        .up = STORE_MESSAGES_UP,
        .down = STORE_MESSAGES_DOWN,
        .page_rows = history_page_rows(limit)};
    pages_begin(&p->pages, bound, seq, p->op->from_seq, p->op->head);
}

static void take_view(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    struct history_messages_op *op = p->op;
    if (!view_take(&p->view, &p->call, &op->arena, &op->from_seq)) {
        return;
    }
    op->head = p->view.row.head.seq;
    op->messages = arena_array(&op->arena, op->limit, sizeof(*op->messages));
    if (op->bound == HISTORY_AROUND) {
        begin_part(p, HISTORY_BEFORE, op->seq, op->limit / 2);
    } else {
        begin_part(p, op->bound, op->seq, op->limit);
    }
}

static enum err take_rows(struct page *p)
{
    struct history_messages_op *op = p->op;
    struct cells cells = {.ask = &p->ask};
    while (!p->is_full && cql_ask_next(&p->ask)) {
        struct history_message message;
        if (!message_take(&cells, &op->arena, &message)) {
            continue;
        }
        uint32_t count = op->count - p->begins;
        p->bytes += message.text.size;
        p->is_full = count == p->limit || (op->bytes_max && count > 0 && p->bytes > op->bytes_max);
        if (!p->is_full) {
            op->messages[op->count++] = message;
        }
    }
    return cells_err(&cells);
}

static void end_part(struct page *p)
{
    struct history_messages_op *op = p->op;
    if (p->pages.is_down) {
        history_turn_round(op->messages + p->begins, op->count - p->begins, sizeof(*op->messages));
    }
    op->more = p->is_full;
    if (op->bound == HISTORY_AROUND && !p->is_newer_part) {
        p->is_newer_part = true;
        begin_part(p, HISTORY_AFTER, op->seq ? op->seq - 1 : 0, op->limit - op->limit / 2);
        flow_again(&p->call.flow);
    }
}

static void read_part(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    if (!p->asked) {
        p->asked = true;
        pages_ask(&p->pages, &p->call, &p->ask);
        flow_again(flow);
        return;
    }
    if (!p->pages.is_over) {
        enum err err = take_rows(p);
        if (err != OK) {
            flow_fail(flow, err);
            return;
        }
        if (!p->is_full) {
            pages_go_on(&p->pages, &p->call, &p->ask);
        }
    }
    if (p->is_full || p->pages.is_over) {
        end_part(p);
    }
}

static bool ask_reactions(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct page *p = container_of(many, struct page, many);
    const struct history_messages_op *op = p->op;
    uint64_t first = op->messages[0].seq, last = op->messages[op->count - 1].seq;
    uint64_t bucket = room_bucket(first) + number;
    if (bucket > room_bucket(last)) {
        return false;
    }
    reactions_ask(many->store, ask, &op->room, bucket, first, last);
    return true;
}

static enum err take_reactions(struct many *many, struct cql_ask *ask, uint32_t number)
{
    (void)number;
    struct page *p = container_of(many, struct page, many);
    struct history_messages_op *op = p->op;
    return reactions_take(ask, &op->reader, &op->arena, op->messages, op->count, p->counts);
}

static void read_reactions(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    const struct history_messages_op *op = p->op;
    if (op->count) {
        p->counts = arena_array(&p->op->arena, op->count, sizeof(*p->counts));
        p->many.ask = ask_reactions;
        p->many.take = take_reactions;
        many_ask(&p->many, p->call.store, &flow->asker, 2);
    }
}

static void look_again(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    view_ask_again(&p->view, &p->call);
}

static void answer_page(struct flow *flow)
{
    struct page *p = (struct page *)flow;
    struct history_messages_op *op = p->op;
    enum err err = flow->err == OK ? view_take_again(&p->view) : flow->err;
    for (uint32_t i = 0; err == OK && i < op->count; i++) {
        reactions_finish(&p->counts[i], &op->arena, &op->messages[i]);
    }
    if (err != OK) {
        op->head = op->count = 0;
        op->more = false;
    }
    view_deinit(&p->view);
    many_deinit(&p->many);
    cql_ask_deinit(&p->ask);
    call_end(&p->call, err);
}

static const struct flow_step page_steps[] = {
    {"ask_view", ask_view},
    {"take_view", take_view},
    {"read_part", read_part},
    {"read_reactions", read_reactions},
    {"look_again", look_again},
    {"answer", answer_page},
};

void messages_page(struct cassandra *store, struct history_messages_op *op)
{
    struct page *p = call_create(store, sizeof(*p), &op->op);
    arena_reset(&op->arena);
    op->messages = NULL;
    op->count = 0;
    op->head = 0;
    op->more = false;
    if (p) {
        p->op = op;
        call_start(&p->call, page_steps, FLOW_STEPS(page_steps));
    }
}

/* ---- one */

struct one {
    struct call call; /* first */
    struct history_message_op *op;
    struct cql_ask message, reactions;
    struct reaction_counts counts;
};

static void ask_one(struct flow *flow)
{
    struct one *o = (struct one *)flow;
    const struct history_message_op *op = o->op;
    struct cql_writer *values = store_begin(o->call.store, &o->message, STORE_MESSAGE_GET);
    cql_put_uuid(values, op->room);
    cells_put_u64(values, room_bucket(op->seq));
    cells_put_u64(values, op->seq);
    call_ask(&o->call, &o->message);
    if (op->key.size) {
        reactions_ask(
            o->call.store, &o->reactions, &op->room, room_bucket(op->seq), op->seq, op->seq);
        call_ask(&o->call, &o->reactions);
    }
}

static void take_one(struct flow *flow)
{
    struct one *o = (struct one *)flow;
    struct history_message_op *op = o->op;
    struct cells cells = {.ask = &o->message};
    bool found = cql_ask_next(&o->message) && message_take(&cells, &op->arena, &op->message);
    if (!found || cells.bad) {
        flow_fail(flow, cells.bad ? ERR_CORRUPT : ERR_NOT_FOUND);
    }
}

static void take_its_reactions(struct flow *flow)
{
    struct one *o = (struct one *)flow;
    struct history_message_op *op = o->op;
    if (!op->key.size) {
        return;
    }
    enum err err =
        reactions_take(&o->reactions, &op->reader, &op->arena, &op->message, 1, &o->counts);
    if (err != OK) {
        flow_fail(flow, err);
        return;
    }
    call_more(&o->call, &o->reactions);
}

static void answer_one(struct flow *flow)
{
    struct one *o = (struct one *)flow;
    struct history_message_op *op = o->op;
    bool is_there = false;
    for (uint32_t i = 0; i < o->counts.count; i++) {
        if (cht_str_equal(o->counts.at[i].key, op->key)) {
            is_there = true;
            op->reacted = o->counts.at[i].me;
        }
    }
    op->other_keys = is_there ? 0 : o->counts.count;
    cql_ask_deinit(&o->message);
    cql_ask_deinit(&o->reactions);
    call_end(&o->call, flow->err);
}

static const struct flow_step one_steps[] = {{"ask_one", ask_one}, {"take_one", take_one},
    {"take_reactions", take_its_reactions}, {"answer", answer_one}};

void messages_one(struct cassandra *store, struct history_message_op *op)
{
    struct one *o = call_create(store, sizeof(*o), &op->op);
    arena_reset(&op->arena);
    op->reacted = false;
    op->other_keys = 0;
    if (o) {
        o->op = op;
        call_start(&o->call, one_steps, FLOW_STEPS(one_steps));
    }
}
