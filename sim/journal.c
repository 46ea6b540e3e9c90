/* journal - see the header.
 *
 * Happy path: claim, append in order, read, follow. How it fails: as its faults say; after the
 * first append that is not OK its writer is dead. */

#include "journal.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "chattifier/events.h"
#include "heap.h"

struct journal_writer {
    struct journal_writer *next;
    struct journal *journal;
    uint32_t shard, node;
    uint64_t term;
    struct job_lane lane;
    struct append_data *first, *last; /* on their way */
    enum err dead;                    /* not OK: every further append fails with it */
    bool keeps_landing;               /* it is dead for its owner, but what is on its way lands */
};

/* The port's name for it. */
struct log_writer {
    struct journal_writer writer;
};

struct journal_follow {
    struct journal_follow *next;
    struct log_follow *follow;
    struct journal *journal;
    struct desk *desk;
    uint32_t node, at; /* the next record to look at */
    bool calling, gone;
};

struct append_data {
    struct append_data *next;
    struct journal_writer *writer;
    bool landed; /* before its time, between a fence and the claim record */
    uint32_t size;
    uint8_t bytes[];
};

void journal_init(
    struct journal *journal, uint32_t shard_count, struct dice dice, struct faults *faults)
{
    *journal = (struct journal){.shard_count = shard_count, .dice = dice, .faults = faults};
    journal->shards = mem_array(shard_count, sizeof(*journal->shards));
}

void journal_deinit(struct journal *journal)
{
    for (uint32_t i = 0; i < journal->shard_count; i++) {
        for (uint32_t r = 0; r < journal->shards[i].count; r++) {
            mem_free(journal->shards[i].records[r].bytes);
        }
        mem_free(journal->shards[i].records);
    }
    mem_free(journal->shards);
    while (journal->writers) {
        struct journal_writer *writer = journal->writers;
        journal->writers = writer->next;
        mem_free(writer);
    }
    while (journal->follows) {
        struct journal_follow *follow = journal->follows;
        journal->follows = follow->next;
        mem_free(follow);
    }
}

static bool hits(struct journal *journal, enum fault fault)
{
    return journal->faults && faults_strike(journal->faults, fault);
}

static struct journal_port *of(struct log *log)
{
    return (struct journal_port *)log;
}

static uint64_t newest_index(const struct journal_shard *shard)
{
    uint64_t newest = 0;
    for (uint32_t i = shard->count; i > 0 && i + 2 > shard->count; i--) {
        uint64_t index = shard->records[i - 1].index;
        newest = index > newest ? index : newest;
    }
    return newest;
}

/* ---- following */

static void give(void *context)
{
    struct journal_follow *follow = context;
    follow->calling = false;
    struct journal_shard *shard = &follow->journal->shards[follow->follow->shard];
    while (!follow->gone && source_ready(&follow->follow->source) && follow->at < shard->count) {
        const struct journal_record *record = &shard->records[follow->at++];
        if (record->index < follow->follow->from) {
            continue;
        }
        struct log_item item = {.shard = follow->follow->shard,
            .index = record->index,
            .term = record->term,
            .record = buf_copy(record->bytes, record->size)};
        source_give(&follow->follow->source, &item);
        buf_unref(item.record);
    }
}

static void call(struct journal_follow *follow)
{
    if (!follow->calling && !follow->gone) {
        follow->calling = true;
        follow->desk->soon(follow->desk, give, follow);
    }
}

static void call_all(struct journal *journal, uint32_t shard)
{
    for (struct journal_follow *at = journal->follows; at; at = at->next) {
        if (!at->gone && at->follow->shard == shard) {
            call(at);
        }
    }
}

static void on_credit(struct source *source)
{
    call(source->engine);
}

static void follow_here(struct log *log, struct log_follow *asked)
{
    struct journal_port *port = of(log);
    uint32_t former = heap_use(HEAP_WORLD);
    struct journal_follow *follow = mem_new(sizeof(*follow));
    heap_use(former);
    follow->follow = asked;
    follow->journal = port->journal;
    follow->desk = port->desk;
    follow->node = port->desk->node;
    follow->next = port->journal->follows;
    port->journal->follows = follow;
    asked->engine = follow;
    asked->source.engine = follow;
    asked->source.on_credit = on_credit;
    call(follow);
}

/* The struct stays until the end: a call may be on its way to it. */
static void unfollow_here(struct log *log, struct log_follow *asked)
{
    (void)log;
    ((struct journal_follow *)asked->engine)->gone = true;
}

/* ---- claims */

static enum err run_claim(struct job *job)
{
    struct journal_port *port = job->model;
    struct log_claim_op *op = container_of(job->op, struct log_claim_op, op);
    struct journal *journal = port->journal;
    uint32_t former = heap_use(HEAP_WORLD);
    struct log_writer *writer = mem_new(sizeof(*writer));
    heap_use(former);
    writer->writer = (struct journal_writer){.next = journal->writers,
        .journal = journal,
        .shard = op->shard,
        .node = port->desk->node,
        .term = ++journal->shards[op->shard].term};
    journal->writers = &writer->writer;
    op->writer = writer;
    op->term = writer->writer.term;
    return OK;
}

static void claim_here(struct log *log, struct log_claim_op *op)
{
    struct journal_port *port = of(log);
    desk_ask(port->desk,
        &(struct job){.op = &op->op, .kind = JOB_READ, .run = run_claim, .model = port});
}

/* ---- appends */

static void land(struct journal_writer *writer, const struct append_data *data, uint64_t index)
{
    struct journal_shard *shard = &writer->journal->shards[writer->shard];
    uint32_t former = heap_use(HEAP_WORLD);
    if (shard->count == shard->capacity) {
        shard->capacity = shard->capacity ? shard->capacity * 2 : 64;
        shard->records = mem_resize(shard->records, shard->capacity * sizeof(*shard->records));
    }
    shard->records[shard->count++] =
        (struct journal_record){writer->term, index, mem_copy(data->bytes, data->size), data->size};
    if (writer->journal->on_landed) {
        struct log_item item = {.shard = writer->shard,
            .index = index,
            .term = writer->term,
            .record = buf_copy(data->bytes, data->size)};
        writer->journal->on_landed(writer->journal->context, writer->shard, &item);
        buf_unref(item.record);
    }
    heap_use(former);
    writer->journal->landed++;
    call_all(writer->journal, writer->shard);
}

static uint64_t index_of(const struct append_data *data)
{
    static uint8_t memory[1 << 20];
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    struct cht_record record;
    CHECK(cht_decode(&cht_row_record, (struct cht_str){(const char *)data->bytes, data->size},
        &scratch, &record));
    return record.index;
}

static uint64_t newest_term(const struct journal_shard *shard)
{
    return shard->count > 0 ? shard->records[shard->count - 1].term : 0;
}

/* Has the newest claim written its first record? */
static bool is_closed(const struct journal_shard *shard)
{
    return newest_term(shard) == shard->term;
}

/* The place is the next one, or the one that a late record of an older term has just taken. */
static bool has_place(const struct journal_writer *writer, uint64_t index)
{
    const struct journal_shard *shard = &writer->journal->shards[writer->shard];
    uint64_t newest = newest_index(shard);
    if (index == newest + 1) {
        return true;
    }
    return index == newest && shard->records[shard->count - 1].term < writer->term;
}

/* The first record of a new term is here: what an older owner had on its way may come in before,
 * unless one of a term in between is there already: behind that nothing of an older term lands. */
static void land_leftovers(struct journal *journal, uint32_t number)
{
    struct journal_shard *shard = &journal->shards[number];
    for (struct journal_writer *at = journal->writers; at; at = at->next) {
        struct append_data *data = at->first;
        bool old = at->shard == number && at->term < shard->term && at->term >= newest_term(shard);
        bool may = old && data && !data->landed && (at->dead == OK || at->keeps_landing);
        if (may && index_of(data) == newest_index(shard) + 1 && hits(journal, FAULT_append_late)) {
            data->landed = true;
            land(at, data, index_of(data));
            journal->landed_late++;
        }
    }
}

static enum err append(struct journal_writer *writer, const struct append_data *data)
{
    struct journal *journal = writer->journal;
    struct journal_shard *shard = &journal->shards[writer->shard];
    if (writer->term < shard->term) {
        return writer->dead != OK ? writer->dead : data->landed ? ERR_UNKNOWN : ERR_FENCED;
    }
    if (!is_closed(shard)) {
        land_leftovers(journal, writer->shard);
    }
    if (writer->dead != OK && !writer->keeps_landing) {
        return writer->dead;
    }
    uint64_t index = index_of(data);
    if (!has_place(writer, index)) {
        return writer->dead != OK ? writer->dead : ERR_INTERNAL;
    }
    if (writer->dead == OK && hits(journal, FAULT_append_unknown)) {
        journal->unknown++;
        writer->dead = ERR_UNKNOWN;
        writer->keeps_landing = dice_hits(&journal->faults->struck, 5000);
    }
    if (writer->dead == OK || writer->keeps_landing) {
        land(writer, data, index);
    }
    return writer->dead;
}

static enum err run_append(struct job *job)
{
    const struct append_data *data = job->data;
    CHECK(data->writer->first == data);
    data->writer->first = data->next;
    enum err err = append(data->writer, data);
    if (err != OK && data->writer->dead == OK) {
        data->writer->dead = err == ERR_UNKNOWN ? ERR_UNKNOWN : ERR_FENCED;
    }
    return err;
}

static void append_here(struct log *log, struct log_append_op *op)
{
    struct journal_port *port = of(log);
    uint32_t former = heap_use(HEAP_WORLD);
    struct append_data *data = mem_new(sizeof(*data) + op->record->size);
    heap_use(former);
    data->writer = &op->writer->writer;
    if (data->writer->first) {
        data->writer->last->next = data;
    } else {
        data->writer->first = data;
    }
    data->writer->last = data;
    data->size = op->record->size;
    memcpy(data->bytes, op->record->bytes, data->size);
    buf_unref(op->record);
    op->record = NULL;
    desk_ask(port->desk, &(struct job){.op = &op->op,
                             .kind = JOB_APPEND,
                             .run = run_append,
                             .data = data,
                             .lane = &data->writer->lane});
}

/* ---- reads */

static enum err run_read(struct job *job)
{
    struct journal_port *port = job->model;
    struct log_read_op *op = container_of(job->op, struct log_read_op, op);
    const struct journal_shard *shard = &port->journal->shards[op->shard];
    for (uint32_t i = 0; i < shard->count && op->count < op->limit; i++) {
        const struct journal_record *record = &shard->records[i];
        if (record->index >= op->from && record->index <= op->until) {
            op->items[op->count++] = (struct log_item){.shard = op->shard,
                .index = record->index,
                .term = record->term,
                .record = buf_copy(record->bytes, record->size)};
        }
    }
    return OK;
}

static void read_here(struct log *log, struct log_read_op *op)
{
    struct journal_port *port = of(log);
    desk_ask(
        port->desk, &(struct job){.op = &op->op, .kind = JOB_READ, .run = run_read, .model = port});
}

static enum err run_tail(struct job *job)
{
    struct journal_port *port = job->model;
    struct log_tail_op *op = container_of(job->op, struct log_tail_op, op);
    op->index = newest_index(&port->journal->shards[op->shard]);
    return OK;
}

static void tail_here(struct log *log, struct log_tail_op *op)
{
    struct journal_port *port = of(log);
    desk_ask(
        port->desk, &(struct job){.op = &op->op, .kind = JOB_READ, .run = run_tail, .model = port});
}

static void mark_here(struct log *log, uint32_t shard, uint64_t index)
{
    struct journal_shard *marked = &of(log)->journal->shards[shard];
    marked->marked = index > marked->marked ? index : marked->marked;
}

/* It stays in the list until the end: an append may be on its way. */
static void release_here(struct log *log, struct log_writer *writer)
{
    (void)log;
    if (writer->writer.dead == OK) {
        writer->writer.dead = ERR_UNKNOWN;
        writer->writer.keeps_landing = true;
    }
}

void journal_join(struct journal_port *port, struct journal *journal, struct desk *desk)
{
    static const struct log_ops ops = {
        .claim = claim_here,
        .append = append_here,
        .read = read_here,
        .tail = tail_here,
        .follow = follow_here,
        .unfollow = unfollow_here,
        .mark = mark_here,
        .release = release_here,
    };
    *port = (struct journal_port){{&ops}, journal, desk};
}

void journal_leave(struct journal *journal, uint32_t node)
{
    for (struct journal_follow *at = journal->follows; at; at = at->next) {
        if (at->node == node) {
            at->gone = true;
        }
    }
    for (struct journal_writer *at = journal->writers; at; at = at->next) {
        if (at->node == node && at->dead == OK) {
            at->dead = ERR_UNKNOWN;
            at->keeps_landing = dice_hits(&journal->dice, 5000);
        }
    }
}
