/* log_read_pulsar - some records of a shard.
 *
 * Happy path: a place shortly before the first is found, a reader begins there, what is wanted is
 * kept until there is enough or the topic ends where it ended when it was asked. How it fails: what
 * takes longer than ask_ms, and what ends a reader, is the answer, without records. */

#include "base/mem.h"
#include "pulsar/log_pulsar_inner.h"

struct read {
    struct log_job job; /* first */
    struct task end;    /* frees it, outside of every call */
    struct log_topic *topic;
    struct log_read_op *op; /* NULL: it is answered */
    struct asker find_asker, last_asker;
    struct log_find_op find;
    struct pulsar_reader *reader;
    struct source source;
    struct pulsar_consumer_events events;
    struct pulsar_last_op question;
    struct timer deadline;
    uint64_t first;            /* index of the first record at or behind `from`; 0: none came */
    struct pulsar_position at; /* of what came last */
    bool knows_last, has_at;
    bool ends; /* `end` was deferred and has not run */
};

/* What it asked is answered in its memory. */
static void free_if_unused(struct read *read)
{
    if (!read->op && !read->ends && !read->find.op.asked && !read->question.op.asked) {
        log_job_leave(&read->job);
        mem_free(read);
    }
}

static void run_end(struct task *task)
{
    struct read *read = container_of(task, struct read, end);
    read->ends = false;
    free_if_unused(read);
}

static void drop_items(struct log_read_op *op)
{
    while (op->count > 0) {
        buf_unref(op->items[--op->count].record);
    }
}

static void answer(struct read *read, enum err err)
{
    struct log_read_op *op = read->op;
    struct loop *loop = log_pulsar_loop(read->topic->log);
    read->op = NULL;
    if (err) {
        drop_items(op);
    }
    timer_stop(&read->deadline);
    pulsar_reader_destroy(read->reader);
    read->reader = NULL;
    op_answer_later(&op->op, loop, err);
    read->ends = true;
    read->end.run = run_end;
    loop_defer(loop, &read->end);
}

/* All that there is was read: what is behind the first wanted one, and not that, was trimmed. */
static void answer_read(struct read *read)
{
    answer(read, read->first > 0 && read->first != read->op->from ? ERR_NOT_FOUND : OK);
}

/* ---- the end of the topic */

static bool is_at_last(const struct read *read)
{
    const struct pulsar_position *last = &read->question.position;
    if (!read->knows_last) {
        return false;
    }
    if (read->question.is_empty) {
        return true;
    }
    return read->has_at ? pulsar_position_compare(&read->at, last) >= 0
                        : pulsar_position_compare(&read->find.start, last) > 0;
}

static void on_last(struct asker *asker, struct op *asked)
{
    struct read *read = container_of(asker, struct read, last_asker);
    if (!read->op) {
        free_if_unused(read);
        return;
    }
    read->knows_last = asked->err == OK;
    if (asked->err == ERR_REFUSED) {
        answer(read, ERR_REFUSED);
    } else if (is_at_last(read)) {
        answer_read(read);
    } /* it is asked again where its place was lost */
}

static void on_open(struct pulsar_consumer_events *events)
{
    struct read *read = container_of(events, struct read, events);
    if (!read->knows_last && !read->question.op.asked) {
        pulsar_consumer_last(
            pulsar_reader_consumer(read->reader), &read->last_asker, &read->question);
    }
}

/* ---- records */

/* False: there is enough. */
static bool take(struct read *read, struct log_item *item, const struct pulsar_received *received)
{
    struct log_read_op *op = read->op;
    if (item->index < op->from) {
        read->topic->log->stats.skipped++;
        return true;
    }
    read->first = read->first ? read->first : item->index;
    if (item->index <= op->until) {
        item->record = buf_copy(received->bytes, received->size);
        read->topic->read = (struct signpost){item->index, received->position};
        op->items[op->count++] = *item;
    }
    return item->index < op->until && op->count < op->limit;
}

static void on_item(struct source *source, void *given)
{
    struct read *read = container_of(source, struct read, source);
    const struct pulsar_received *received = given;
    struct log_item item;
    read->at = received->position;
    read->has_at = true;
    bool more = true;
    if (log_topic_read(read->topic, received, &item)) {
        more = take(read, &item, received);
    }
    if (!more || is_at_last(read)) {
        answer_read(read);
    } else {
        source_credit(source, 1);
    }
}

static void on_end(struct source *source, enum err err)
{
    answer(container_of(source, struct read, source), err);
}

static void on_deadline(struct timer *timer)
{
    answer(container_of(timer, struct read, deadline), ERR_TIMEOUT);
}

static void open_reader(struct read *read)
{
    const struct log_pulsar *log = read->topic->log;
    struct pulsar_reader_options options = {.topic = read->topic->name,
        .start = read->find.start,
        .inclusive = true,
        .limits = pulsar_consumer_limits_default(),
        .source = &read->source,
        .events = &read->events};
    options.limits.queue_messages = log->options.queue_messages;
    read->source.credit = log->options.queue_messages;
    enum err err = pulsar_reader_create(log->client, &options, &read->reader);
    if (err) {
        answer(read, err);
    }
}

static void on_found(struct asker *asker, struct op *asked)
{
    struct read *read = container_of(asker, struct read, find_asker);
    if (!read->op) {
        free_if_unused(read);
    } else if (asked->err) {
        answer(read, asked->err);
    } else {
        open_reader(read);
    }
}

static void stop(struct log_job *job)
{
    struct read *read = (struct read *)job;
    if (read->op) {
        answer(read, ERR_CLOSED);
    }
}

void log_pulsar_read(struct log *log, struct log_read_op *op)
{
    struct read *read = mem_new(sizeof(*read));
    struct log_pulsar *pulsar = log_pulsar_of(log);
    op->from = op->from > 0 ? op->from : 1;
    read->topic = log_topic_of(log, op->shard);
    read->op = op;
    read->find_asker.on_answer = on_found;
    read->last_asker.on_answer = on_last;
    read->source.on_item = on_item;
    read->source.on_end = on_end;
    read->events.on_open = on_open;
    log_job_join(pulsar, &read->job, stop);
    timer_start(log_pulsar_loop(pulsar), &read->deadline, pulsar->options.ask_ms, on_deadline);
    read->find.index = op->from;
    log_find(read->topic, &read->find_asker, &read->find);
}
