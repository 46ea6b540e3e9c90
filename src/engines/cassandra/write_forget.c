/* write_forget - what goes with a deleted message: texts of its edits, keys of reactions to it, and
 * the text that lists show.
 *
 * Happy path, for one deleted message after the other: its traces tell which entries; they are
 * overwritten, later than anything can be. If it is the newest of its room, so is the text of the
 * head. How it fails: as Cassandra does. */

#include "cassandra/write_inner.h"

enum { FORGET_LOOK, FORGET_TRACES, FORGET_WRITE, FORGET_NEXT };

static const struct history_change *next_delete(struct write *write)
{
    const struct history_write_op *op = write->op;
    while (write->at < op->count && op->changes[write->at].kind != CHANGE_DELETE) {
        write->at++;
    }
    return write->at < op->count ? &op->changes[write->at] : NULL;
}

static void look_for_traces(struct write *write, const struct history_change *change)
{
    struct cql_writer *values = store_begin(write->call.store, &write->ask, STORE_TRACES_GET);
    cql_put_uuid(values, change->room);
    cells_put_u64(values, room_bucket(change->target));
    cells_put_u64(values, change->target);
    write->ask.page_rows = 0;
    write->trace_count = 0;
    call_ask(&write->call, &write->ask);
}

/* True: the last page is here, and the head is asked for. */
static bool take_traces(struct write *write, const struct history_change *change)
{
    struct cells cells = {.ask = &write->ask};
    while (cql_ask_next(&write->ask)) {
        write->traces =
            arena_grown(&write->arena, write->traces, write->trace_count, sizeof(*write->traces));
        write->traces[write->trace_count++] = cells_u64(&cells, 0);
    }
    if (cells.bad) {
        flow_fail(&write->call.flow, ERR_CORRUPT);
        return false;
    }
    if (write->ask.next_page.size) {
        cql_client_ask_page(write->call.store->client, &write->call.flow.asker, &write->ask);
        return false;
    }
    room_row_ask(write->call.store, &write->ask, &change->room);
    call_ask(&write->call, &write->ask);
    return true;
}

static bool ask_forget(struct many *many, struct cql_ask *ask, uint32_t number)
{
    const struct write *write = container_of(many, struct write, many);
    const struct history_change *change = &write->op->changes[write->at];
    if (number == write->trace_count) {
        return false;
    }
    uint64_t seq = write->traces[number];
    struct cql_writer *values = store_begin(many->store, ask, STORE_ENTRY_FORGET);
    cql_put_bigint(values, WRITE_FORGOTTEN_AT);
    cql_put_uuid(values, change->room);
    cells_put_u64(values, room_bucket(seq));
    cells_put_u64(values, seq);
    return true;
}

static void forget_traces(struct write *write, const struct history_change *change)
{
    struct stored_room room;
    enum err err = room_first(&write->ask, &write->arena, &room);
    if (err != OK) {
        flow_fail(&write->call.flow, err);
        return;
    }
    write->many.ask = ask_forget;
    write->many.take = NULL;
    many_ask(&write->many, write->call.store, &write->call.flow.asker, write->trace_count);
    if (room.is_there && room.head.last_seq == change->target) {
        struct cql_writer *values = store_begin(write->call.store, &write->ask, STORE_HEAD_FORGET);
        cells_put_u64(values, change->seq);
        cql_put_uuid(values, change->room);
        call_ask(&write->call, &write->ask);
    }
}

void write_forget(struct flow *flow)
{
    struct write *write = (struct write *)flow;
    const struct history_change *change = next_delete(write);
    if (!change) {
        return;
    }
    if (write->phase == FORGET_LOOK) {
        look_for_traces(write, change);
        write->phase = FORGET_TRACES;
    } else if (write->phase == FORGET_TRACES) {
        write->phase = take_traces(write, change) ? FORGET_WRITE : FORGET_TRACES;
    } else if (write->phase == FORGET_WRITE) {
        forget_traces(write, change);
        write->phase = FORGET_NEXT;
    } else {
        write->phase = FORGET_LOOK;
        write->at++;
    }
    flow_again(flow);
}
