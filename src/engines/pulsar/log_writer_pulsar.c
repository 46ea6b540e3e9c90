/* log_writer_pulsar - the one writer of a shard.
 *
 * Happy path: a claim opens a producer that fences all older ones, and is answered with its epoch
 * as the term; appends are published in the order asked and answered in it. A claim of a shard that
 * has a writer here already waits for that one's appends and closes it, so what was appended before
 * is before it, and nothing of this process comes back to throw the new one out.
 *
 * How it fails: the first append that is not OK ends the writer, and what is asked of it later is
 * refused behind what it still has under way. A broker tells a writer of a fence at its next
 * append alone; that one is UNKNOWN or FENCED. A writer whose place is lost is opened again, with
 * its epoch and the same bytes, only while it is wanted: not released, not ended, not fenced here,
 * and the bus still says that the shard is this worker's. */

#include "base/check.h"
#include "base/logger.h"
#include "base/mem.h"
#include "pulsar/log_pulsar_inner.h"

struct log_writer {
    struct log_topic *topic;
    struct log_writer *next;            /* an older one of the shard */
    struct pulsar_publisher *publisher; /* NULL: not opened yet, or closed */
    struct pulsar_publisher_events events;
    struct log_claim_op *claim; /* not answered yet */
    struct asker asker;         /* of the publisher's ops */
    struct task rest;           /* what is to be done outside of every call */
    uint64_t term;
    uint64_t index;                              /* of the newest append taken; 0: none was */
    uint32_t pending;                            /* published and not answered */
    struct append *first_refused, *last_refused; /* are answered behind those */
    enum err dead;                               /* what is asked from here on is answered */
    bool released;
    bool rests; /* `rest` was deferred and has not run */
};

struct append {
    struct pulsar_publish_op publish;
    struct log_append_op *op;
    struct append *next; /* of the refused ones */
    enum err refusal;
    uint64_t index;
};

static struct loop *loop_of(const struct log_writer *writer)
{
    return log_pulsar_loop(writer->topic->log);
}

static void run_rest(struct task *task);

static void rest_later(struct log_writer *writer)
{
    if (!writer->rests) {
        writer->rests = true;
        writer->rest.run = run_rest;
        loop_defer(loop_of(writer), &writer->rest);
    }
}

/* ---- appends */

static enum err result_of(const struct log_writer *writer, enum err err)
{
    return err == OK || err == ERR_FENCED ? err
           : writer->dead == ERR_FENCED   ? ERR_FENCED
                                          : ERR_UNKNOWN;
}

static void answer_append(struct append *append, enum err err)
{
    struct log_append_op *op = append->op;
    buf_unref(op->record);
    op->record = NULL;
    mem_free(append);
    op_answer(&op->op, err);
}

static void answer_refused(struct log_writer *writer)
{
    struct append *append = writer->first_refused;
    writer->first_refused = NULL;
    for (struct append *next; append; append = next) {
        next = append->next;
        answer_append(append, append->refusal);
    }
}

static void on_published(struct asker *asker, struct op *asked)
{
    struct log_writer *writer = container_of(asker, struct log_writer, asker);
    struct append *append = container_of(asked, struct append, publish.op);
    enum err err = result_of(writer, asked->err);
    if (err == OK && !append->publish.is_repeat) {
        signposts_note(&writer->topic->posts, append->index, &append->publish.position);
    } else if (err != OK && writer->dead == OK) {
        writer->dead = err;
    }
    writer->pending--;
    rest_later(writer);
    answer_append(append, err);
}

/* OK: it may be published. The first index of a writer is its owner's to know. */
static enum err judge(
    struct log_writer *writer, const struct log_append_op *op, uint64_t *ret_index)
{
    uint64_t term = 0;
    if (writer->dead != OK) {
        return writer->dead;
    }
    bool good = log_record_place(op->record->bytes, op->record->size, &term, ret_index) &&
                term == writer->term && (writer->index == 0 || *ret_index == writer->index + 1);
    if (!good) {
        LOG_ERROR(writer->topic->log->world->logger, "log.bad_append",
            "shard=%u term=%llu expected_term=%llu index=%llu last=%llu", writer->topic->shard,
            (unsigned long long)term, (unsigned long long)writer->term,
            (unsigned long long)*ret_index, (unsigned long long)writer->index);
        writer->dead = ERR_FENCED;
        return ERR_INTERNAL;
    }
    return OK;
}

/* It is answered later in this turn, or behind what is under way. */
static void refuse(struct log_writer *writer, struct append *append, enum err err)
{
    append->refusal = err;
    if (writer->first_refused) {
        writer->last_refused->next = append;
    } else {
        writer->first_refused = append;
    }
    writer->last_refused = append;
    rest_later(writer);
}

void log_pulsar_append(struct log *log, struct log_append_op *op)
{
    struct log_writer *writer = op->writer;
    CHECK(writer);
    CHECK(writer->topic->log == log_pulsar_of(log));
    CHECK(!writer->released);
    CHECK(op->record);
    struct append *append = mem_new(sizeof(*append));
    append->op = op;
    enum err err = judge(writer, op, &append->index);
    if (err) {
        refuse(writer, append, err);
        return;
    }
    writer->index = append->index;
    writer->pending++;
    append->publish.payload = op->record;
    pulsar_publish(writer->publisher, &writer->asker, &append->publish);
}

/* ---- its producer */

/* The broker's first epoch is 0. Who was waited for by another claim is fenced by it at once. */
static void on_open(struct pulsar_publisher_events *events)
{
    struct log_writer *writer = container_of(events, struct log_writer, events);
    struct log_claim_op *claim = writer->claim;
    if (claim) {
        writer->claim = NULL;
        writer->term = pulsar_publisher_epoch(writer->publisher) + 1;
        writer->dead = writer->topic->writers == writer ? OK : ERR_FENCED;
        claim->writer = writer;
        claim->term = writer->term;
        rest_later(writer);
        op_answer(&claim->op, OK);
    }
}

static bool may_open(struct pulsar_publisher_events *events)
{
    const struct log_writer *writer = container_of(events, struct log_writer, events);
    struct log_pulsar_owner *owner = writer->topic->log->options.owner;
    bool wanted = !writer->released && writer->dead == OK;
    return writer->claim || (wanted && (!owner || owner->owns(owner, writer->topic->shard)));
}

static void fail_claim(struct log_writer *writer, enum err err)
{
    struct log_claim_op *claim = writer->claim;
    LOG_WARN(writer->topic->log->world->logger, "log.not_claimed", "shard=%u err=%s why=%s",
        writer->topic->shard, err_name(err),
        pulsar_client_last_trouble(writer->topic->log->client));
    writer->claim = NULL;
    writer->released = true;
    rest_later(writer);
    op_answer_later(&claim->op, loop_of(writer), err);
}

static void on_end(struct pulsar_publisher_events *events, enum err err)
{
    struct log_writer *writer = container_of(events, struct log_writer, events);
    if (writer->claim) {
        fail_claim(writer, err);
        return;
    }
    LOG_INFO(writer->topic->log->world->logger, "log.writer_ended", "shard=%u term=%llu err=%s",
        writer->topic->shard, (unsigned long long)writer->term, err_name(err));
    if (writer->dead == OK) {
        writer->dead = err == ERR_FENCED ? ERR_FENCED : ERR_UNKNOWN;
    }
    rest_later(writer);
}

/* ---- claims */

static void open_writer(struct log_writer *writer)
{
    struct log_pulsar *log = writer->topic->log;
    struct pulsar_publisher_options options = {.topic = writer->topic->name,
        .mode = PULSAR_PUBLISHER_FENCING,
        .group = log->options.writers_group,
        .limits = pulsar_publisher_limits_default(),
        .events = &writer->events};
    options.limits.messages_max = log->options.appends_max;
    options.limits.send_ms = log->options.send_ms;
    options.limits.open_ms = log->options.claim_ms;
    enum err err = pulsar_publisher_create(log->client, &options, &writer->publisher);
    if (err) {
        fail_claim(writer, err);
    }
}

/* The oldest claim, when all older writers are closed. */
static void open_next(struct log_topic *topic)
{
    struct log_writer *oldest = NULL;
    for (struct log_writer *writer = topic->writers; writer; writer = writer->next) {
        if (writer->publisher) {
            return;
        }
        oldest = writer->claim ? writer : oldest;
    }
    if (oldest) {
        open_writer(oldest);
    }
}

static void leave_topic(struct log_writer *writer)
{
    struct log_writer **link = &writer->topic->writers;
    while (*link != writer) {
        CHECK(*link);
        link = &(*link)->next;
    }
    *link = writer->next;
}

/* When nothing of it is under way, it is closed if it has ended, and gone if it was given back. */
static void run_rest(struct task *task)
{
    struct log_writer *writer = container_of(task, struct log_writer, rest);
    struct log_topic *topic = writer->topic;
    writer->rests = false;
    if (writer->pending == 0) {
        answer_refused(writer);
    }
    bool is_quiet = !writer->claim && writer->pending == 0 && !writer->first_refused;
    if (!is_quiet || writer->rests || (!writer->released && writer->dead == OK)) {
        return;
    }
    pulsar_publisher_destroy(writer->publisher);
    writer->publisher = NULL;
    if (writer->released) {
        leave_topic(writer);
        mem_free(writer);
    }
    open_next(topic);
}

static void fence_here(struct log_writer *writer)
{
    if (!writer->claim) {
        writer->dead = writer->dead == OK ? ERR_FENCED : writer->dead;
        rest_later(writer);
    }
}

void log_pulsar_claim(struct log *log, struct log_claim_op *op)
{
    struct log_topic *topic = log_topic_of(log, op->shard);
    if (topic->log->stopped) {
        op_answer_later(&op->op, log_pulsar_loop(topic->log), ERR_CLOSED);
        return;
    }
    struct log_writer *writer = mem_new(sizeof(*writer));
    writer->topic = topic;
    writer->claim = op;
    writer->asker.on_answer = on_published;
    writer->events = (struct pulsar_publisher_events){
        .on_open = on_open, .may_open = may_open, .on_end = on_end};
    for (struct log_writer *older = topic->writers; older; older = older->next) {
        fence_here(older);
    }
    writer->next = topic->writers;
    topic->writers = writer;
    open_next(topic);
}

void log_pulsar_release(struct log *log, struct log_writer *writer)
{
    CHECK(writer->topic->log == log_pulsar_of(log));
    CHECK(!writer->released);
    writer->released = true;
    if (!writer->topic->log->stopped) { /* else log_writers_free has it */
        rest_later(writer);
    }
}

void log_writers_stop(struct log_topic *topic)
{
    for (struct log_writer *writer = topic->writers; writer; writer = writer->next) {
        if (writer->claim) {
            fail_claim(writer, ERR_CLOSED);
        }
        writer->dead = writer->dead == OK ? ERR_UNKNOWN : writer->dead;
        pulsar_publisher_destroy(writer->publisher);
        writer->publisher = NULL;
        rest_later(writer);
    }
}

void log_writers_free(struct log_topic *topic)
{
    for (struct log_writer *writer = topic->writers, *next; writer; writer = next) {
        next = writer->next;
        CHECK(!writer->rests);
        CHECK(writer->pending == 0);
        mem_free(writer);
    }
    topic->writers = NULL;
}
