/* pulsar_questions - what a consumer asks its broker beside messages: to go elsewhere, and where
 * the topic ends.
 *
 * Happy path of a seek: acknowledgements leave before it, the broker closes the consumer and
 * answers, in whichever order; then it is opened again, and the seek is answered. An
 * acknowledgement that came later would say that what is to come again is done with, so those are
 * forgotten. Until the broker's answer it is not opened, for a subscription that is being moved
 * takes nobody. How it fails: a refusal, or a connection that ends, is the answer, and the consumer
 * goes on where the broker has it. */

#include "base/check.h"
#include "pulsar_client/pulsar_consumer_inner.h"

static struct loop *loop_of(const struct pulsar_consumer *consumer)
{
    return consumer->handle.client->world->loop;
}

static void answer(struct pulsar_question *question, enum err err)
{
    struct op *op = question->op;
    question->op = NULL;
    if (op) {
        op_answer(op, err);
    }
}

static enum err result_of(const struct pulsar_question *question)
{
    enum err err = question->request.op.err;
    return err ? err : question->request.answer.refused ? ERR_REFUSED : OK;
}

/* OK: it may be asked. */
static enum err judge(
    const struct pulsar_consumer *consumer, const struct pulsar_question *question)
{
    if (question->op || question->asking) {
        return ERR_AGAIN;
    }
    return pulsar_consumer_is_open(consumer) ? OK : ERR_UNAVAILABLE;
}

static void ask(struct pulsar_consumer *consumer, struct pulsar_question *question, struct op *op,
    const struct pulsar_command *command, enum pulsar_command_type wanted)
{
    uint8_t bytes[1024];
    struct pulsar_writer writer;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    CHECK(pulsar_write_command(&writer, command));
    question->op = op;
    question->asking = true;
    pulsar_request_ask(
        consumer->handle.connection, &question->asker, &question->request, wanted, &writer);
}

/* ---- a seek */

static void seek_refused(struct pulsar_consumer *consumer, enum err err)
{
    consumer->handle.holds = false;
    if (pulsar_handle_is(&consumer->handle, PULSAR_HANDLE_HELD)) {
        pulsar_handle_release(&consumer->handle);
    }
    answer(&consumer->seek, err);
}

/* The broker has moved it, and has closed the consumer or is about to. */
static void seek_agreed(struct pulsar_consumer *consumer)
{
    const struct pulsar_seek_op *op = container_of(consumer->seek.op, struct pulsar_seek_op, op);
    pulsar_consumer_begin_at(consumer, &op->position, op->inclusive);
    pulsar_acks_clear(&consumer->acks);
    consumer->handle.holds = false;
    consumer->seek_done = true;
    if (pulsar_handle_is(&consumer->handle, PULSAR_HANDLE_READY)) {
        pulsar_handle_reopen(&consumer->handle);
    } else if (pulsar_handle_is(&consumer->handle, PULSAR_HANDLE_HELD)) {
        pulsar_handle_release(&consumer->handle);
    }
}

static void on_seek_answer(struct asker *asker, struct op *op)
{
    struct pulsar_question *question = container_of(asker, struct pulsar_question, asker);
    struct pulsar_consumer *consumer = container_of(question, struct pulsar_consumer, seek);
    (void)op;
    question->asking = false;
    if (consumer->handle.doomed) {
        pulsar_handle_answered(&consumer->handle);
    } else if (question->op && result_of(question)) {
        seek_refused(consumer, result_of(question));
    } else if (question->op) {
        seek_agreed(consumer);
    }
}

void pulsar_consumer_seek(
    struct pulsar_consumer *consumer, struct asker *asker, struct pulsar_seek_op *op)
{
    op_ask(&op->op, asker);
    enum err err = judge(consumer, &consumer->seek);
    if (err) {
        op_answer_later(&op->op, loop_of(consumer), err);
        return;
    }
    uint64_t id = pulsar_client_next_request(consumer->handle.client);
    struct pulsar_command command = {.type = PULSAR_COMMAND_SEEK,
        .seek = {.consumer_id = consumer->handle.id,
            .request_id = id,
            .has_message_id = true,
            .message_id = {.ledger_id = op->position.ledger,
                .entry_id = op->position.entry,
                .has_batch_index = op->position.batch_index >= 0,
                .batch_index = op->position.batch_index}}};
    pulsar_consumer_flush_acks(consumer);
    consumer->seek.request.id = id;
    consumer->handle.holds = true;
    ask(consumer, &consumer->seek, &op->op, &command, PULSAR_COMMAND_SUCCESS);
}

/* ---- the last message */

static void on_last_answer(struct asker *asker, struct op *op)
{
    struct pulsar_question *question = container_of(asker, struct pulsar_question, asker);
    struct pulsar_consumer *consumer = container_of(question, struct pulsar_consumer, question);
    const struct pulsar_answer *told = &question->request.answer;
    (void)op;
    question->asking = false;
    if (consumer->handle.doomed) {
        pulsar_handle_answered(&consumer->handle);
        return;
    }
    if (question->op && !result_of(question)) {
        struct pulsar_last_op *last = container_of(question->op, struct pulsar_last_op, op);
        last->position = (struct pulsar_position){
            told->last.ledger, told->last.entry, told->last.batch_index, 0};
        last->is_empty = told->last.entry == PULSAR_POSITION_NONE;
    }
    answer(question, result_of(question));
}

void pulsar_consumer_last(
    struct pulsar_consumer *consumer, struct asker *asker, struct pulsar_last_op *op)
{
    op_ask(&op->op, asker);
    enum err err = judge(consumer, &consumer->question);
    if (err) {
        op_answer_later(&op->op, loop_of(consumer), err);
        return;
    }
    uint64_t id = pulsar_client_next_request(consumer->handle.client);
    struct pulsar_command command = {.type = PULSAR_COMMAND_GET_LAST_MESSAGE_ID,
        .get_last_message_id = {.consumer_id = consumer->handle.id, .request_id = id}};
    consumer->question.request.id = id;
    ask(consumer, &consumer->question, &op->op, &command,
        PULSAR_COMMAND_GET_LAST_MESSAGE_ID_RESPONSE);
}

/* ---- for the consumer */

void pulsar_questions_init(struct pulsar_consumer *consumer)
{
    consumer->seek.asker.on_answer = on_seek_answer;
    consumer->question.asker.on_answer = on_last_answer;
}

bool pulsar_questions_are_asked(const struct pulsar_consumer *consumer)
{
    return consumer->seek.asking || consumer->question.asking;
}

void pulsar_questions_on_ready(struct pulsar_consumer *consumer)
{
    if (consumer->seek_done) {
        consumer->seek_done = false;
        answer(&consumer->seek, OK);
    }
}

static void end_question(struct pulsar_consumer *consumer, struct pulsar_question *question)
{
    struct op *op = question->op;
    question->op = NULL;
    if (op) {
        op_answer_later(op, loop_of(consumer), ERR_CLOSED);
    }
}

void pulsar_questions_end(struct pulsar_consumer *consumer)
{
    end_question(consumer, &consumer->seek);
    end_question(consumer, &consumer->question);
}
