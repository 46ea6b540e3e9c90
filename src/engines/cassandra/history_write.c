/* history_write - the writing of a batch, from its stamps to its progress.
 *
 * Happy path: the steps of write_inner.h, one after the other; then nobody's copy counts any more
 * and the batch is answered. How it fails: the first refusal ends it. Some of the batch may be
 * written then, and some may yet come to be; so its stamps stay open until a batch of that shard is
 * begun again, which is the same one, and perhaps more. */

#include "base/mem.h"
#include "cassandra/stamps_shared.h"
#include "cassandra/write_inner.h"

/* ---- stamps */

static void open_place(struct write *write, const struct cht_id *key)
{
    struct write_places *places = &write->places;
    places->at[places->count++] = stamps_shared_open(write->call.store->shared->rooms, key);
}

static void close_places(struct cassandra *store, struct write_places *places)
{
    for (uint32_t i = 0; i < places->count; i++) {
        stamps_shared_close(store->shared->rooms, places->at[i]);
    }
    mem_free(places->at);
    *places = (struct write_places){0};
}

static struct write_places *kept_of(struct history_cassandra *history, uint32_t shard)
{
    if (shard >= history->shards) {
        history->kept = mem_resize(history->kept, (shard + 1) * sizeof(*history->kept));
        for (uint32_t i = history->shards; i <= shard; i++) {
            history->kept[i] = (struct write_places){0};
        }
        history->shards = shard + 1;
    }
    return &history->kept[shard];
}

static void open_places(struct write *write)
{
    const struct history_write_op *op = write->op;
    write->places.at = mem_array(op->count * 2 + 1, sizeof(*write->places.at));
    for (uint32_t i = 0; i < op->count; i++) {
        const struct history_change *change = &op->changes[i];
        if (i == 0 || !cht_id_equal(&change->room, &change[-1].room)) {
            open_place(write, &change->room);
        }
        if (change->kind == CHANGE_MEMBER) {
            open_place(write, &change->member->user);
        }
    }
    close_places(write->call.store, kept_of(write->history, op->progress.shard));
}

/* ---- steps */

/* One change after the other: its name, then its row. */
static void write_rooms(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    const struct history_write_op *op = write->op;
    if (write->phase == 1) {
        write->phase = 0;
        write_room(write, &op->changes[write->at++]);
        flow_again(flow);
        return;
    }
    while (write->at < op->count && op->changes[write->at].kind != CHANGE_ROOM &&
           op->changes[write->at].kind != CHANGE_ROOM_GONE) {
        write->at++;
    }
    if (write->at == op->count) {
        write->at = 0;
        return;
    }
    const struct history_change *change = &op->changes[write->at];
    write->name.room = change->room;
    write->name.seq = change->seq;
    write->name.meta = change->kind == CHANGE_ROOM ? change->meta : NULL;
    write->phase = 1;
    name_settle(write->call.store, &flow->asker, &write->name);
    flow_again(flow);
}

static void write_log(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    write->at = write->phase = 0;
    write_rows(write, WRITE_LOG);
}

static void write_ends(struct flow *flow)
{
    write_rows((struct write *)flow, WRITE_ENDS);
}

static void write_progress(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    const struct history_progress *progress = &write->op->progress;
    struct cql_writer *values = store_begin(write->call.store, &write->ask, STORE_PROGRESS_PUT);
    cells_put_u64(values, progress->shard);
    cells_put_u64(values, progress->term);
    cells_put_u64(values, progress->index);
    cells_put_bytes(values, progress->at.bytes, sizeof(progress->at.bytes));
    cells_put_u64(values, progress->index);
    call_ask(&write->call, &write->ask);
}

static void answer_write(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    if (flow->err == OK) {
        close_places(write->call.store, &write->places);
    } else {
        *kept_of(write->history, write->op->progress.shard) = write->places;
    }
    many_deinit(&write->many);
    cql_ask_deinit(&write->ask);
    map_deinit(&write->member_places);
    arena_deinit(&write->name.arena);
    arena_deinit(&write->arena);
    call_end(&write->call, flow->err);
}

static const struct flow_step write_steps[] = {
    {"write_rooms", write_rooms},
    {"read_members", write_read_members},
    {"apply_members", write_apply_members},
    {"end_rooms", write_end_rooms},
    {"write_log", write_log},
    {"forget", write_forget},
    {"write_ends", write_ends},
    {"write_progress", write_progress},
    {"answer", answer_write},
};

void history_write_batch(struct history_cassandra *history, struct history_write_op *op)
{
    struct write *write = call_create(history->store, sizeof(*write), &op->op);
    if (!write) {
        return;
    }
    write->history = history;
    write->op = op;
    open_places(write);
    write_find_members(write);
    call_start(&write->call, write_steps, FLOW_STEPS(write_steps));
}
