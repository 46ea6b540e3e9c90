/* redis_link - see the header.
 *
 * Happy path: a connection opens, HELLO (with who asks) and SELECT are sent at once, and when both
 * are answered commands may follow; each reply is the first op's of the line. How it fails: bytes
 * that are no reply, a reply that nobody waits for, a late answer or a wrong server end the
 * connection; then every op of the line is answered with what is known of it: bytes that have not
 * left have done nothing. */

#include "redis_client/redis_link.h"

#include <stdio.h>

#include "base/check.h"
#include "redis_client/redis_refusal.h"

#define STEADY_MS 10000u

static struct redis_link *of(struct outbound_handler *handler)
{
    return container_of(handler, struct redis_link, handler);
}

void redis_op_deinit(struct redis_op *op)
{
    CHECK(!op->op.asked);
    arena_deinit(&op->arena);
    op->reply = NULL;
}

/* ---- the line */

static void line_add(struct redis_link *link, struct redis_op *op)
{
    op->next = NULL;
    if (link->last) {
        link->last->next = op;
    } else {
        link->first = op;
    }
    link->last = op;
    link->count++;
    link->bytes += op->bytes->size;
}

static struct redis_op *line_take(struct redis_link *link)
{
    struct redis_op *op = link->first;
    link->first = op->next;
    link->last = link->first ? link->last : NULL;
    link->count--;
    link->bytes -= op->bytes->size;
    return op;
}

static void drop_bytes(struct redis_op *op)
{
    buf_unref(op->bytes);
    op->bytes = NULL;
}

void redis_op_refuse(
    struct redis_op *op, struct loop *loop, struct redis_client_stats *stats, enum err err)
{
    drop_bytes(op);
    op->reply = NULL;
    stats->not_sent++;
    op_answer_later(&op->op, loop, err);
}

/* Who hears of it may ask again, and free what it asked with. */
static void fail_line(struct redis_link *link, uint64_t bytes_sent)
{
    struct redis_op *op = link->first;
    link->first = link->last = NULL;
    link->count = 0;
    link->bytes = 0;
    while (op) {
        struct redis_op *next = op->next;
        enum err err = op->place < bytes_sent ? ERR_UNKNOWN : ERR_NOT_SENT;
        drop_bytes(op);
        link->options.stats->unknown += err == ERR_UNKNOWN;
        link->options.stats->not_sent += err == ERR_NOT_SENT;
        op_answer(&op->op, err);
        op = next;
    }
}

/* ---- deadlines */

static void look_at_deadlines(struct timer *timer);

static void look_at(struct redis_link *link, uint64_t deadline_ms)
{
    uint64_t now = loop_now_ms(link->loop);
    if (link->look_ms == 0 || deadline_ms < link->look_ms) {
        link->look_ms = deadline_ms;
        timer_start(
            link->loop, &link->timer, deadline_ms > now ? deadline_ms - now : 0, look_at_deadlines);
    }
}

static void look_at_deadlines(struct timer *timer)
{
    struct redis_link *link = container_of(timer, struct redis_link, timer);
    uint64_t next = UINT64_MAX;
    link->look_ms = 0;
    for (const struct redis_op *op = link->first; op; op = op->next) {
        next = op->deadline_ms < next ? op->deadline_ms : next;
    }
    if (next <= loop_now_ms(link->loop)) {
        outbound_drop(link->outbound, "an answer is late");
    } else if (next != UINT64_MAX) {
        look_at(link, next);
    }
}

/* ---- sending */

/* False: it is not on its way. */
static bool transmit(struct redis_link *link, struct redis_op *op, enum err *ret_err)
{
    const struct redis_limits *limits = &link->options.limits;
    *ret_err = ERR_FULL;
    if (link->count >= limits->asks_max || link->bytes + op->bytes->size > limits->ask_bytes_max) {
        return false;
    }
    op->place = outbound_written(link->outbound);
    enum err err = outbound_write_buf(link->outbound, op->bytes);
    if (err) {
        *ret_err = err == ERR_FULL ? ERR_FULL : ERR_NOT_SENT;
        return false;
    }
    line_add(link, op);
    look_at(link, op->deadline_ms);
    return true;
}

void redis_link_send(struct redis_link *link, struct redis_op *op)
{
    enum err err = ERR_NOT_SENT;
    uint32_t timeout_ms = op->timeout_ms ? op->timeout_ms : link->options.limits.ask_ms;
    link->options.stats->asked++;
    op->reply = NULL;
    op->deadline_ms = loop_now_ms(link->loop) + timeout_ms;
    if (!link->ready || link->give_up || !transmit(link, op, &err)) {
        redis_op_refuse(op, link->loop, link->options.stats, err);
    }
}

/* For what the link itself asks, while nothing else is on its way. */
static void send_own(struct redis_link *link, struct asker *asker, struct redis_op *op,
    const struct cht_str *words, uint32_t count)
{
    enum err err;
    op_ask(&op->op, asker);
    op->reply = NULL;
    op->script = NULL;
    op->deadline_ms = loop_now_ms(link->loop) + link->options.limits.open_ms;
    op->bytes = redis_command(words, count);
    CHECK(transmit(link, op, &err));
}

/* ---- hello */

static void give_up(struct redis_link *link, const char *why)
{
    link->give_up = link->give_up ? link->give_up : why;
}

static void give_up_refused(struct redis_link *link, const char *what, const struct redis_op *op)
{
    struct cht_str text =
        op->reply && op->reply->kind == REDIS_REFUSAL ? op->reply->text : cht_str_of("no answer");
    int size = text.size < 100 ? (int)text.size : 100;
    snprintf(link->detail, sizeof(link->detail), "%s refused: %.*s", what, size, text.at);
    give_up(link, link->detail);
}

static void say_hello(struct redis_link *link)
{
    const struct redis_link_options *options = &link->options;
    const char *user = options->credentials.user;
    struct cht_str words[8] = {cht_str_of("HELLO"), cht_str_of("2")};
    uint32_t count = 2;
    if (options->credentials.password) {
        words[count++] = cht_str_of("AUTH");
        words[count++] = cht_str_of(user && *user ? user : "default");
        words[count++] = cht_str_of(options->credentials.password);
    }
    words[count++] = cht_str_of("SETNAME");
    words[count++] = cht_str_of(options->name);
    send_own(link, &link->greeter, &link->hello, words, count);
    link->greetings++;
}

static void select_database(struct redis_link *link)
{
    char number[16];
    snprintf(number, sizeof(number), "%u", link->options.database);
    struct cht_str words[2] = {cht_str_of("SELECT"), cht_str_of(number)};
    send_own(link, &link->greeter, &link->select, words, 2);
    link->greetings++;
}

static void on_open(struct outbound_handler *handler)
{
    struct redis_link *link = of(handler);
    say_hello(link);
    if (link->options.database > 0) {
        select_database(link);
    }
}

/* Names and values in turn. */
static void read_hello(struct redis_link *link, const struct redis_reply *reply)
{
    link->said = (struct redis_hello){0};
    for (uint32_t i = 0; redis_item(reply, i + 1); i += 2) {
        if (redis_is_text(redis_item(reply, i), "role")) {
            link->said.is_primary = redis_is_text(redis_item(reply, i + 1), "master");
        } else if (redis_is_text(redis_item(reply, i), "mode")) {
            link->said.is_sentinel = redis_is_text(redis_item(reply, i + 1), "sentinel");
        }
    }
}

static void on_greeted(struct asker *asker, struct op *op)
{
    struct redis_link *link = container_of(asker, struct redis_link, greeter);
    link->greetings--;
    if (op->err != OK) {
        bool is_hello = op == &link->hello.op;
        give_up_refused(
            link, is_hello ? "hello" : "database", is_hello ? &link->hello : &link->select);
    } else if (op == &link->hello.op) {
        read_hello(link, link->hello.reply);
    }
    if (link->greetings == 0 && !link->give_up) {
        link->ready = true;
        give_up(link, link->options.owner->on_ready(link->options.owner, &link->said));
    }
}

static void on_ponged(struct asker *asker, struct op *op)
{
    (void)asker, (void)op; /* it came, or its deadline ended the connection */
}

static void on_quiet(struct outbound_handler *handler)
{
    struct redis_link *link = of(handler);
    struct cht_str word = cht_str_of("PING");
    if (link->ready && link->count == 0) {
        send_own(link, &link->pinger, &link->ping, &word, 1);
    }
}

/* ---- replies */

/* The script as a whole, at the end of the line. */
static bool send_whole(struct redis_link *link, struct redis_op *op)
{
    enum err err;
    struct buf *whole = redis_command_whole(op->bytes, op->script->text);
    drop_bytes(op);
    op->bytes = whole;
    op->script = NULL;
    return transmit(link, op, &err);
}

static void answer(struct redis_link *link, struct redis_op *op, enum err err)
{
    drop_bytes(op);
    link->options.stats->answered++;
    link->options.stats->refused += err != OK;
    op_answer(&op->op, err);
}

static void take_refusal(struct redis_link *link, struct redis_op *op)
{
    const struct redis_refusal *refusal = redis_refusal_of(op->reply->text);
    if (refusal->effect == REDIS_WHOLE && op->script && !link->give_up && send_whole(link, op)) {
        return;
    }
    if (refusal->effect == REDIS_MOVES && link->ready && !link->give_up) {
        give_up_refused(link, "a command", op);
        if (link->options.owner->on_moved) {
            link->options.owner->on_moved(link->options.owner);
        }
    }
    answer(link, op, refusal->err);
}

static enum redis_read take_reply(struct redis_link *link)
{
    struct arena nobodys = {0};
    const struct redis_reply *reply;
    struct redis_op *op = link->first;
    enum redis_read read = redis_reader_next(link->reader, op ? &op->arena : &nobodys, &reply);
    if (read == REDIS_READ_REPLY && !op) {
        give_up(link, "a reply that nobody waits for");
        read = REDIS_READ_BROKEN;
    } else if (read == REDIS_READ_REPLY) {
        line_take(link);
        op->reply = reply;
        if (reply->kind == REDIS_REFUSAL) {
            take_refusal(link, op);
        } else {
            answer(link, op, OK);
        }
    } else if (read == REDIS_READ_BROKEN) {
        give_up(link, redis_reader_why(link->reader));
    }
    arena_deinit(&nobodys);
    return read;
}

static size_t on_input(struct outbound_handler *handler, uint8_t *bytes, size_t size)
{
    struct redis_link *link = of(handler);
    redis_reader_feed(link->reader, bytes, size);
    link->reading = true;
    while (take_reply(link) == REDIS_READ_REPLY) {
    }
    link->reading = false;
    if (link->give_up) {
        outbound_drop(link->outbound, link->give_up);
    }
    return size;
}

static void on_closed(struct outbound_handler *handler, const struct outbound_end *end)
{
    struct redis_link *link = of(handler);
    bool was_ready = link->ready;
    bool hurry = link->hurry;
    link->ready = link->hurry = false;
    timer_stop(&link->timer);
    link->look_ms = 0;
    fail_line(link, end->bytes_sent);
    redis_reader_reset(link->reader);
    link->give_up = NULL;
    link->options.owner->on_down(link->options.owner, end, was_ready);
    if (hurry) {
        outbound_retry(link->outbound);
    }
}

/* ---- life */

static struct outbound_limits limits_of(const struct redis_limits *limits)
{
    return (struct outbound_limits){
        .input_bytes_max = limits->reply_bytes_max,
        .queue_bytes_max = limits->ask_bytes_max,
        .open_ms = limits->open_ms,
        .quiet_ms = limits->quiet_ms,
        .retry_first_ms = limits->retry_first_ms,
        .retry_max_ms = limits->retry_max_ms,
        .steady_ms = STEADY_MS,
    };
}

enum err redis_link_init(struct redis_link *link, struct outbounds *outbounds,
    const struct world *world, const struct redis_link_options *options)
{
    *link = (struct redis_link){
        .handler = {on_open, on_input, NULL, on_quiet, on_closed},
        .options = *options,
        .loop = world->loop,
        .greeter = {on_greeted},
        .pinger = {on_ponged},
    };
    struct outbound_options outbound = {
        .host = options->host.name,
        .port = options->host.port,
        .tls = options->tls,
        .tls_name = options->tls_name,
        .limits = limits_of(&options->limits),
        .handler = &link->handler,
    };
    enum err err = outbound_create(outbounds, &outbound, &link->outbound);
    if (err == OK) {
        struct redis_bounds bounds = {
            options->limits.reply_bytes_max, options->limits.reply_items_max};
        link->reader = redis_reader_create(&bounds);
    }
    return err;
}

void redis_link_deinit(struct redis_link *link)
{
    CHECK(!link->reading);
    if (!link->outbound) {
        return;
    }
    outbound_destroy(link->outbound);
    link->outbound = NULL;
    link->ready = false;
    timer_stop(&link->timer);
    fail_line(link, UINT64_MAX);
    redis_op_deinit(&link->hello);
    redis_op_deinit(&link->select);
    redis_op_deinit(&link->ping);
    redis_reader_destroy(link->reader);
}

void redis_link_start(struct redis_link *link)
{
    outbound_start(link->outbound);
}

enum err redis_link_move(struct redis_link *link, const struct redis_host *host)
{
    enum err err = outbound_set_endpoint(link->outbound, host->name, host->port);
    if (err == OK) {
        link->options.host = *host;
    }
    return err;
}

void redis_link_hurry(struct redis_link *link, const char *why)
{
    link->hurry = true;
    outbound_drop(link->outbound, why);
    outbound_retry(link->outbound);
}

void redis_link_give_up(struct redis_link *link, const char *why)
{
    if (link->reading) {
        give_up(link, why);
    } else {
        outbound_drop(link->outbound, why);
    }
}
