/* log_look - what is at a place of a topic, and where the topic ends.
 *
 * Happy path: a reader that begins there is opened, is asked for the last message, and gives its
 * first record; then it is closed. How it fails: a place that is lost is opened again by the
 * reader, and what takes longer than ask_ms is given up. */

#include "base/mem.h"
#include "pulsar/log_pulsar_inner.h"

struct look {
    struct log_job job; /* first */
    struct task end;    /* frees it, outside of every call */
    struct log_topic *topic;
    struct log_look_op *op; /* NULL: it is answered */
    struct pulsar_reader *reader;
    struct source source;
    struct pulsar_consumer_events events;
    struct asker asker;
    struct pulsar_last_op question;
    struct timer deadline;
    bool knows_last;
    bool has_passed; /* what is no record, at op->at */
    bool ends;       /* `end` was deferred and has not run */
};

/* The question's answer is in its memory. */
static void free_if_unused(struct look *look)
{
    if (!look->op && !look->ends && !look->question.op.asked) {
        log_job_leave(&look->job);
        mem_free(look);
    }
}

static void run_end(struct task *task)
{
    struct look *look = container_of(task, struct look, end);
    look->ends = false;
    free_if_unused(look);
}

static void answer(struct look *look, enum err err)
{
    struct loop *loop = log_pulsar_loop(look->topic->log);
    struct log_look_op *op = look->op;
    look->op = NULL;
    timer_stop(&look->deadline);
    pulsar_reader_destroy(look->reader);
    look->reader = NULL;
    op_answer_later(&op->op, loop, err);
    look->ends = true;
    look->end.run = run_end;
    loop_defer(loop, &look->end);
}

/* No record comes any more. */
static bool is_behind_last(const struct look *look)
{
    const struct log_look_op *op = look->op;
    return op->is_empty || pulsar_position_compare(&op->start, &op->last) > 0 ||
           (look->has_passed && pulsar_position_compare(&op->at, &op->last) >= 0);
}

static void answer_if_known(struct look *look)
{
    const struct log_look_op *op = look->op;
    if (look->knows_last && (!op->wants_record || op->has_record || is_behind_last(look))) {
        answer(look, OK);
    }
}

static void on_last(struct asker *asker, struct op *asked)
{
    struct look *look = container_of(asker, struct look, asker);
    if (!look->op) {
        free_if_unused(look);
    } else if (asked->err == ERR_REFUSED) {
        answer(look, ERR_REFUSED);
    } else if (asked->err == OK) {
        look->knows_last = true;
        look->op->is_empty = look->question.is_empty;
        look->op->last = look->question.position;
        answer_if_known(look);
    } /* else its place was lost: it is asked again there */
}

static void on_open(struct pulsar_consumer_events *events)
{
    struct look *look = container_of(events, struct look, events);
    if (!look->knows_last && !look->question.op.asked) {
        pulsar_consumer_last(pulsar_reader_consumer(look->reader), &look->asker, &look->question);
    }
}

static void on_item(struct source *source, void *given)
{
    struct look *look = container_of(source, struct look, source);
    const struct pulsar_received *received = given;
    struct log_item item;
    look->op->at = received->position;
    look->op->has_record = log_topic_read(look->topic, received, &item);
    look->op->index = item.index;
    if (!look->op->has_record) {
        look->has_passed = true;
        source_credit(source, 1);
    }
    answer_if_known(look);
}

static void on_end(struct source *source, enum err err)
{
    answer(container_of(source, struct look, source), err);
}

static void on_deadline(struct timer *timer)
{
    answer(container_of(timer, struct look, deadline), ERR_TIMEOUT);
}

static void stop(struct log_job *job)
{
    struct look *look = (struct look *)job;
    if (look->op) {
        answer(look, ERR_CLOSED);
    }
}

static struct look *new_look(struct log_topic *topic, struct log_look_op *op)
{
    struct look *look = mem_new(sizeof(*look));
    look->topic = topic;
    look->op = op;
    look->source.on_item = on_item;
    look->source.on_end = on_end;
    look->source.credit = op->wants_record ? 1 : 0;
    look->events.on_open = on_open;
    look->asker.on_answer = on_last;
    return look;
}

void log_look(struct log_topic *topic, struct asker *asker, struct log_look_op *op)
{
    op_ask(&op->op, asker);
    op->has_record = false;
    op->index = 0;
    if (topic->log->stopped) {
        op_answer_later(&op->op, log_pulsar_loop(topic->log), ERR_CLOSED);
        return;
    }
    struct look *look = new_look(topic, op);
    struct pulsar_reader_options options = {.topic = topic->name,
        .start = op->start,
        .inclusive = true,
        .limits = pulsar_consumer_limits_default(),
        .source = &look->source,
        .events = &look->events};
    options.limits.queue_messages = 1;
    enum err err = pulsar_reader_create(topic->log->client, &options, &look->reader);
    topic->log->stats.looks++;
    if (err) {
        mem_free(look);
        op_answer_later(&op->op, log_pulsar_loop(topic->log), err);
        return;
    }
    log_job_join(topic->log, &look->job, stop);
    timer_start(
        log_pulsar_loop(topic->log), &look->deadline, topic->log->options.ask_ms, on_deadline);
}
