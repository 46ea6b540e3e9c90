/* room_asks - see the header.
 *
 * Happy path: the command goes to the room's shard, its reply ends the op. How it fails: what may
 * be retried is sent again, after pauses that grow to a second, until its time is over; then its
 * last error is the answer. Each try is a command of its own with the cid of all of them: an owner
 * does not answer the same one again that it refused. The second is in time by the owner's clock,
 * which the refusal told. */

#include "user/room_asks.h"

#include "base/check.h"
#include "base/event_buf.h"

#define REF_BIT (UINT64_C(1) << 52)
#define WAIT_MS 2000
#define DEADLINE_MS 60000
#define PAUSE_MS_MIN 50
#define PAUSE_MS_MAX 1000
#define COMMAND_WORDS 256 /* for the lists of a command: the service's own have few */

static struct buf *encode(
    const struct room_asks *asks, struct cht_command command, int64_t clock_offset)
{
    command.sent_at = loop_wall_ms(asks->loop);
    command.deadline = command.sent_at + (uint64_t)clock_offset + DEADLINE_MS;
    struct buf *bytes = event_buf_encode(&cht_row_command, &command);
    return bytes;
}

static uint64_t next_ref(struct room_asks *asks)
{
    return REF_BIT | (++asks->refs & (REF_BIT - 1));
}

/* The next try. */
static void renew(struct room_ask_op *op)
{
    struct cht_command command;
    uint64_t memory[COMMAND_WORDS];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct buf *former = op->bytes;
    CHECK(cht_decode(&cht_row_command, event_buf_bytes(former), &scratch, &command));
    op->ref = command.node_ref = next_ref(op->asks);
    op->bytes = encode(op->asks, command, op->clock_offset);
    buf_unref(former);
}

static void finish(struct room_ask_op *op, enum err err)
{
    struct room_ask_op **at = &op->asks->waiting;
    while (*at != op) {
        at = &(*at)->next;
    }
    *at = op->next;
    timer_stop(&op->timer);
    buf_unref(op->bytes);
    op_answer(&op->op, err);
}

static void send(struct room_ask_op *op);

static void on_pause_over(struct timer *timer)
{
    struct room_ask_op *op = container_of(timer, struct room_ask_op, timer);
    renew(op);
    send(op);
}

static void judge(struct room_ask_op *op, enum err err)
{
    uint64_t pause_ms = op->tries < 5 ? (uint64_t)PAUSE_MS_MIN << op->tries : PAUSE_MS_MAX;
    bool ends = err == OK || !err_may_retry(err);
    if (ends || loop_now_ms(op->asks->loop) + pause_ms >= op->until_ms) {
        finish(op, err);
        return;
    }
    op->tries++;
    timer_start(op->asks->loop, &op->timer, pause_ms, on_pause_over);
}

static void on_late(struct timer *timer)
{
    judge(container_of(timer, struct room_ask_op, timer), ERR_TIMEOUT);
}

static void on_not_sent(struct timer *timer)
{
    judge(container_of(timer, struct room_ask_op, timer), ERR_NOT_SENT);
}

static void send(struct room_ask_op *op)
{
    bool sent = shards_try_post(op->asks->shards, op->shard, op->bytes);
    timer_start(op->asks->loop, &op->timer, sent ? WAIT_MS : 0, sent ? on_late : on_not_sent);
}

/* The handle is the first field of a reply: others' replies are told apart without decoding them.
 */
static uint64_t peek_ref(const struct buf *event)
{
    uint64_t ref = 0;
    if (event->size < 3 || event->bytes[0] != CHT_EVENT_reply || event->bytes[1] != 0x08) {
        return 0;
    }
    for (uint32_t i = 2, shift = 0; i < event->size && shift < 63; i++, shift += 7) {
        ref |= (uint64_t)(event->bytes[i] & 0x7f) << shift;
        if (!(event->bytes[i] & 0x80)) {
            return ref;
        }
    }
    return 0;
}

static void take_reply(struct room_ask_op *op, const struct buf *event)
{
    struct cht_reply reply;
    uint64_t memory[64];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct cht_str bytes = event_buf_bytes(event);
    if (!cht_decode(&cht_row_reply, bytes, &scratch, &reply) || reply.error >= ERR_COUNT) {
        judge(op, ERR_CORRUPT);
        return;
    }
    if (reply.owner_now > 0) {
        op->clock_offset = (int64_t)reply.owner_now - (int64_t)loop_wall_ms(op->asks->loop);
    }
    judge(op, (enum err)reply.error);
}

static void on_live(struct mail_handler *handler, struct buf *event)
{
    struct room_asks *asks = container_of(handler, struct room_asks, on_live);
    if (!asks->waiting) {
        return;
    }
    uint64_t ref = peek_ref(event);
    if (!(ref & REF_BIT)) {
        return;
    }
    for (struct room_ask_op *op = asks->waiting; op; op = op->next) {
        if (op->ref == ref) {
            take_reply(op, event);
            return;
        }
    }
}

void room_asks_init(
    struct room_asks *asks, struct loop *loop, struct mail *mail, struct shards *shards)
{
    /* The address outlives a restart: no answer to a former life is taken for one to this. */
    *asks =
        (struct room_asks){.loop = loop, .mail = mail, .shards = shards, .refs = mail->boot << 32};
    asks->on_live.on_mail = on_live;
    mail_open(mail, MAIL_LIVE, &asks->on_live, 1024);
}

void room_ask(struct room_asks *asks, struct asker *asker, struct room_ask_op *op,
    const struct cht_command *command)
{
    struct cht_command asked = *command;
    op_ask(&op->op, asker);
    op->asks = asks;
    op->tries = 0;
    op->until_ms = loop_now_ms(asks->loop) + op->repeat_ms;
    op->ref = next_ref(asks);
    op->clock_offset = 0;
    asked.node = asks->mail->node;
    asked.node_ref = op->ref;
    op->shard = cht_shard_of_room(&asked.room, asks->shards->count);
    op->bytes = encode(asks, asked, 0);
    op->next = asks->waiting;
    asks->waiting = op;
    send(op);
}

bool room_tell(struct room_asks *asks, const struct cht_command *command)
{
    struct buf *bytes = encode(asks, *command, 0);
    uint32_t shard = cht_shard_of_room(&command->room, asks->shards->count);
    bool sent = shards_try_post(asks->shards, shard, bytes);
    buf_unref(bytes);
    return sent;
}
