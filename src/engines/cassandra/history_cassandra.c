/* history_cassandra - the port history on Cassandra: its table, and progress.
 *
 * Happy path: each question is a file of its own. How it fails: search is UNSUPPORTED, which
 * clients hear as unknown_type; else as Cassandra does. */

#include "base/mem.h"
#include "cassandra/history_reads.h"
#include "cassandra/stamps_shared.h"
#include "cassandra/write_inner.h"

static struct history_cassandra *of(struct history *history)
{
    return (struct history_cassandra *)history;
}

/* ---- progress */

struct progress {
    struct call call; /* first */
    struct history_progress_op *op;
    struct cql_ask ask;
};

static void ask_progress(struct flow *flow)
{
    struct progress *p = (struct progress *)flow;
    struct cql_writer *values = store_begin(p->call.store, &p->ask, STORE_PROGRESS_GET);
    cells_put_u64(values, p->op->shard);
    call_ask(&p->call, &p->ask);
}

static void answer_progress(struct flow *flow)
{
    struct progress *p = (struct progress *)flow;
    struct history_progress *progress = &p->op->progress;
    struct cells cells = {.ask = &p->ask};
    *progress = (struct history_progress){.shard = p->op->shard};
    if (flow->err == OK && cql_ask_next(&p->ask)) {
        progress->term = cells_u64(&cells, 0);
        progress->index = cells_u64(&cells, 1);
        cells_bytes(&cells, 2, progress->at.bytes, sizeof(progress->at.bytes));
    }
    enum err err = flow->err == OK ? cells_err(&cells) : flow->err;
    cql_ask_deinit(&p->ask);
    call_end(&p->call, err);
}

static const struct flow_step progress_steps[] = {
    {"ask_progress", ask_progress}, {"answer", answer_progress}};

static void progress(struct history *history, struct history_progress_op *op)
{
    struct progress *p = call_create(of(history)->store, sizeof(*p), &op->op);
    if (p) {
        p->op = op;
        call_start(&p->call, progress_steps, FLOW_STEPS(progress_steps));
    }
}

/* ---- the port */

static void write_changes(struct history *history, struct history_write_op *op)
{
    history_write_batch(of(history), op);
}

static void search(struct history *history, struct history_search_op *op)
{
    arena_reset(&op->arena);
    op->count = 0;
    op->more = false;
    op_answer_later(&op->op, of(history)->store->world->loop, ERR_UNSUPPORTED);
}

#define PORT(name, op_type, run)                                                                   \
    static void name(struct history *history, struct op_type *op)                                  \
    {                                                                                              \
        run(of(history)->store, op);                                                               \
    }

PORT(messages, history_messages_op, messages_page)
PORT(entries, history_entries_op, entries_page)
PORT(message, history_message_op, messages_one)
PORT(find_cid, history_find_cid_op, entries_find_cid)

static uint64_t now(struct history *history)
{
    return stamps_shared_now(of(history)->store->shared->rooms);
}

static uint64_t stamp(struct history *history, const struct cht_id *room)
{
    return stamps_shared_get(of(history)->store->shared->rooms, room);
}

static const struct history_ops ops = {
    .write = write_changes,
    .progress = progress,
    .messages = messages,
    .entries = entries,
    .message = message,
    .find_cid = find_cid,
    .search = search,
    .now = now,
    .stamp = stamp,
};

struct history *history_cassandra_create(struct cassandra *store)
{
    struct history_cassandra *history = mem_new(sizeof(*history));
    *history = (struct history_cassandra){.history = {&ops}, .store = store};
    return &history->history;
}

void history_cassandra_destroy(struct history *history)
{
    if (!history) {
        return;
    }
    for (uint32_t i = 0; i < of(history)->shards; i++) {
        mem_free(of(history)->kept[i].at);
    }
    mem_free(of(history)->kept);
    mem_free(history);
}
