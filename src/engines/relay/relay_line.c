/* relay_line - a connection to an instance.
 *
 * Happy path: it is connected, the request leaves, the reply is read when it is whole, and it waits
 * for the next request. How it fails: whatever ends it is told to its call, with whether any
 * of the request may have left; bytes that nobody asked for, or that can not be believed, end it,
 * and so does a reply to a request that has not left whole. */

#include "base/buf.h"
#include "base/check.h"
#include "base/mem.h"
#include "relay/relay_inner.h"
#include "world/loop.h"

#define OPEN_MS 2000u

static struct line *line_of(struct outbound_handler *handler)
{
    return (struct line *)handler;
}

static bool has_left(const struct line *line, uint64_t bytes_sent)
{
    return line->wrote && line->begin < bytes_sent;
}

static uint64_t sent(const struct line *line)
{
    return outbound_written(line->outbound) - outbound_queued_bytes(line->outbound);
}

/* ---- with a call */

static void write_request(struct line *line)
{
    line->begin = outbound_written(line->outbound);
    line->wrote = true;
    enum err err = outbound_write_buf(line->outbound, line->call->ask);
    CHECK(err == OK || err == ERR_CLOSED); /* then on_closed comes, and nothing has left */
}

static void on_call_late(struct timer *timer)
{
    struct line *line = container_of(timer, struct line, timer);
    struct call *call = line->call;
    bool left = line->wrote;
    relay_line_destroy(line);
    relay_call_late(call, left);
}

static void on_idle_time(struct timer *timer)
{
    relay_line_destroy(container_of(timer, struct line, timer));
}

static void begin(struct line *line, struct call *call)
{
    struct loop *loop = line->relay->options.world->loop;
    uint64_t now = loop_now_ms(loop);
    line->call = call;
    line->wrote = false;
    line->scanned = line->head_size = line->reply_size = 0;
    line->instance->calls++;
    timer_start(
        loop, &line->timer, call->deadline_ms > now ? call->deadline_ms - now : 0, on_call_late);
    if (outbound_is_open(line->outbound)) {
        write_request(line);
    }
}

static struct call *take_call(struct line *line)
{
    struct call *call = line->call;
    if (call) {
        line->call = NULL;
        line->instance->calls--;
        timer_stop(&line->timer);
    }
    return call;
}

/* ---- what the instance does */

static void on_open(struct outbound_handler *handler)
{
    struct line *line = line_of(handler);
    line->instance->refusals = 0;
    line->instance->rests_until_ms = 0;
    if (line->call) {
        write_request(line);
    }
}

static void on_drained(struct outbound_handler *handler)
{
    struct line *line = line_of(handler);
    if (line->is_tunnel) {
        relay_tunnel_drained(line);
    }
}

static void on_closed(struct outbound_handler *handler, const struct outbound_end *end)
{
    struct line *line = line_of(handler);
    bool left = has_left(line, end->bytes_sent);
    struct call *call = take_call(line);
    if (!end->was_open) {
        relay_instance_refused(line->relay, line->instance);
    }
    if (call) {
        uint32_t bit = 1u << (line->instance - call->target->instances);
        *(end->was_open ? &call->lost : &call->refused) |= bit;
    }
    if (line->is_tunnel) {
        relay_tunnel_lost(line);
    }
    relay_line_destroy(line);
    if (call) {
        relay_call_lost(call, left);
    }
}

/* Reads the head as soon as it is there. False: it can not be believed. */
static bool read_head(struct line *line, const uint8_t *bytes, size_t size)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_reply reply;
    int status = http1_find_end(bytes, size, &line->scanned, &line->head_size);
    if (status == HTTP1_MORE) {
        return true;
    }
    if (status != 0 ||
        !http1_read_reply(bytes, line->head_size, line->call->method, fields, &reply) ||
        reply.body_size > line->relay->options.limits.reply_bytes_max ||
        (reply.status == 101 && !line->call->websocket)) {
        return false;
    }
    line->reply_size = line->head_size + (size_t)reply.body_size;
    return true;
}

/* The whole reply is there. Answers how much of `size` is taken. */
static size_t answer(struct line *line, const uint8_t *bytes, size_t size)
{
    struct http_field fields[HTTP_FIELDS_MAX];
    struct http_reply reply;
    size_t taken = line->reply_size;
    bool good = http1_read_reply(bytes, line->head_size, line->call->method, fields, &reply);
    CHECK(good);
    struct cht_str body = {(const char *)bytes + line->head_size, (uint32_t)reply.body_size};
    struct cht_str rest = {(const char *)bytes + taken, (uint32_t)(size - taken)};
    struct call *call = take_call(line);
    if (reply.status == 101) {
        struct conn_id conn = call->conn;
        relay_call_end(call);
        relay_tunnel_open(line, conn, &reply, rest);
        return size;
    }
    bool all_left = outbound_queued_bytes(line->outbound) == 0;
    bool stays = reply.keep_alive && rest.size == 0 && !call->websocket && all_left;
    relay_call_answer(call, &reply, body);
    if (stays) {
        relay_line_rest(line);
    } else {
        relay_line_destroy(line);
    }
    return size;
}

static size_t on_input(struct outbound_handler *handler, uint8_t *bytes, size_t size)
{
    struct line *line = line_of(handler);
    if (line->is_tunnel) {
        return relay_tunnel_input(line, bytes, size);
    }
    bool believed = line->call && has_left(line, sent(line));
    if (believed && line->reply_size == 0) {
        believed = read_head(line, bytes, size);
    }
    if (!believed) {
        outbound_drop(line->outbound, "not a reply");
        return size;
    }
    return line->reply_size > 0 && size >= line->reply_size ? answer(line, bytes, size) : 0;
}

/* ---- life */

static struct line *line_create(struct relay *relay, struct instance *instance, bool websocket)
{
    const struct relay_limits *limits = &relay->options.limits;
    struct line *line = mem_new(sizeof(*line));
    line->handler = (struct outbound_handler){
        .on_open = on_open, .on_input = on_input, .on_drained = on_drained, .on_closed = on_closed};
    line->relay = relay;
    line->instance = instance;
    struct outbound_options options = {
        .host = instance->host,
        .port = instance->port,
        .handler = &line->handler,
        .limits = {.input_bytes_max =
                       HTTP_HEAD_BYTES_MAX + (websocket ? 0 : limits->reply_bytes_max),
            .queue_bytes_max = RELAY_ASK_BYTES_MAX + limits->body_bytes_max,
            .open_ms = OPEN_MS,
            .retry_first_ms = 1000,
            .retry_max_ms = 1000},
    };
    enum err err = outbound_create(relay->options.outbounds, &options, &line->outbound);
    CHECK(err == OK); /* relay_instances_read has seen host and port */
    line->next = relay->first;
    if (relay->first) {
        relay->first->prev = line;
    }
    relay->first = line;
    instance->lines += websocket ? 0 : 1;
    line->websocket = websocket;
    relay->stats.connections++;
    outbound_start(line->outbound);
    return line;
}

enum err relay_line_carry(struct relay *relay, struct instance *instance, struct call *call)
{
    struct line *line = call->websocket ? NULL : instance->idle;
    if (line) {
        instance->idle = line->next_idle;
        line->next_idle = NULL;
        line->is_idle = false;
        timer_stop(&line->timer);
    } else if (!call->websocket && instance->lines >= relay->options.limits.connections_max) {
        return ERR_FULL;
    } else {
        line = line_create(relay, instance, call->websocket);
    }
    begin(line, call);
    return OK;
}

void relay_line_rest(struct line *line)
{
    line->next_idle = line->instance->idle;
    line->instance->idle = line;
    line->is_idle = true;
    timer_start(line->relay->options.world->loop, &line->timer, line->relay->options.limits.idle_ms,
        on_idle_time);
}

static void leave_idle(struct line *line)
{
    struct line **at = &line->instance->idle;
    while (*at != line) {
        at = &(*at)->next_idle;
    }
    *at = line->next_idle;
}

void relay_line_destroy(struct line *line)
{
    struct relay *relay = line->relay;
    if (line->is_idle) {
        leave_idle(line);
    }
    take_call(line);
    timer_stop(&line->timer);
    if (line->prev) {
        line->prev->next = line->next;
    } else {
        relay->first = line->next;
    }
    if (line->next) {
        line->next->prev = line->prev;
    }
    line->instance->lines -= line->websocket ? 0 : 1;
    relay->stats.connections--;
    outbound_destroy(line->outbound);
    mem_free(line);
}
