/* redis_client - see the header.
 *
 * Happy path: the first host is the primary, or a Sentinel that names it; commands go there. How it
 * fails: a host that is lost, or is no primary, is followed by the next of the list; with Sentinel
 * the list is of those, and the primary moves when one of them names another. Both connections wait
 * between tries as outbounds do. */

#include "redis_client/redis_client.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "redis_client/redis_link.h"
#include "world/loop.h"

struct redis_client {
    struct outbounds *outbounds;
    const struct world *world;
    struct redis_client_options options; /* with texts of its own */
    struct redis_hosts hosts;
    uint32_t host_at; /* that is tried */
    struct redis_client_stats stats, sentinel_stats;

    struct redis_link_owner server_owner;
    struct redis_link server; /* not made before its host is known */

    struct redis_link_owner sentinel_owner;
    struct redis_link sentinel;
    struct redis_op where;
    struct asker where_asker;
    struct timer where_timer;
    uint64_t calm_ms; /* until then a move waits as any other try */
};

static bool is_watched(const struct redis_client *client)
{
    return client->options.service != NULL;
}

static struct redis_host *next_host(struct redis_client *client)
{
    client->host_at = (client->host_at + 1) % client->hosts.count;
    return &client->hosts.at[client->host_at];
}

static void tell_loss(struct redis_client *client, const struct redis_link *link,
    const struct outbound_end *end, bool was_ready)
{
    struct redis_loss loss = {
        .host = &link->options.host,
        .of_sentinel = link == &client->sentinel,
        .was_ready = was_ready,
        .reason = outbound_reason_name(end->reason),
        .detail = end->detail,
        .retry_ms = end->retry_ms,
    };
    client->options.listener->on_loss(client->options.listener, &loss);
}

/* ---- where the primary is, by Sentinel */

static void ask_where(struct redis_client *client)
{
    if (!client->where.op.asked && client->sentinel.ready) {
        struct cht_str words[] = {cht_str_of("SENTINEL"), cht_str_of("GET-MASTER-ADDR-BY-NAME"),
            cht_str_of(client->options.service)};
        op_ask(&client->where.op, &client->where_asker);
        client->where.bytes = redis_command(words, 3);
        redis_link_send(&client->sentinel, &client->where);
    }
}

static void on_where_time(struct timer *timer)
{
    ask_where(container_of(timer, struct redis_client, where_timer));
}

static struct redis_link_options link_options(
    struct redis_client *client, const struct redis_host *host, bool of_sentinel)
{
    const struct redis_client_options *options = &client->options;
    return (struct redis_link_options){
        .host = *host,
        .credentials = of_sentinel ? options->sentinel_credentials : options->credentials,
        .name = options->name,
        .database = of_sentinel ? 0 : options->database,
        .tls = options->tls,
        .tls_name = options->tls_name,
        .limits = options->limits,
        .owner = of_sentinel ? &client->sentinel_owner : &client->server_owner,
        .stats = of_sentinel ? &client->sentinel_stats : &client->stats,
    };
}

static enum err open_server(struct redis_client *client, const struct redis_host *host)
{
    struct redis_link_options options = link_options(client, host, false);
    enum err err = redis_link_init(&client->server, client->outbounds, client->world, &options);
    if (err == OK) {
        redis_link_start(&client->server);
    }
    return err;
}

static bool is_same_host(const struct redis_host *one, const struct redis_host *other)
{
    return one->port == other->port && strcmp(one->name, other->name) == 0;
}

/* At once, but for Sentinels that name one and then another. */
static void move_to(struct redis_client *client, const struct redis_host *host)
{
    static const char why[] = "another server is the primary";
    uint64_t now = loop_now_ms(client->world->loop);
    if (redis_link_move(&client->server, host) != OK) {
        return; /* a name that can not be: what Sentinel says next may be better */
    }
    if (now >= client->calm_ms) {
        client->calm_ms = now + client->options.limits.sentinel_ms;
        redis_link_hurry(&client->server, why);
    } else {
        redis_link_give_up(&client->server, why);
    }
}

static void take_primary(struct redis_client *client, const struct redis_host *host)
{
    if (!client->server.outbound) {
        enum err err = open_server(client, host);
        (void)err; /* as above */
    } else if (!is_same_host(host, &client->server.options.host)) {
        move_to(client, host);
    }
}

static void on_where(struct asker *asker, struct op *op)
{
    struct redis_client *client = container_of(asker, struct redis_client, where_asker);
    struct redis_host host;
    struct cht_str name = redis_text(redis_item(client->where.reply, 0));
    struct cht_str port = redis_text(redis_item(client->where.reply, 1));
    if (op->err == OK && redis_host_read(name, port, &host) == OK) {
        take_primary(client, &host);
    } else if (op->err == OK) {
        redis_link_give_up(&client->sentinel, "it knows of no such primary");
    }
    timer_start(client->world->loop, &client->where_timer, client->options.limits.sentinel_ms,
        on_where_time);
}

static const char *on_sentinel_ready(
    struct redis_link_owner *owner, const struct redis_hello *hello)
{
    struct redis_client *client = container_of(owner, struct redis_client, sentinel_owner);
    if (!hello->is_sentinel) {
        return "it is no Sentinel";
    }
    ask_where(client);
    return NULL;
}

static void on_sentinel_down(
    struct redis_link_owner *owner, const struct outbound_end *end, bool was_ready)
{
    struct redis_client *client = container_of(owner, struct redis_client, sentinel_owner);
    tell_loss(client, &client->sentinel, end, was_ready);
    CHECK(redis_link_move(&client->sentinel, next_host(client)) == OK);
}

/* ---- the primary */

static const char *on_server_ready(struct redis_link_owner *owner, const struct redis_hello *hello)
{
    struct redis_client *client = container_of(owner, struct redis_client, server_owner);
    if (!hello->is_primary || hello->is_sentinel) {
        ask_where(client);
        return hello->is_sentinel ? "it is a Sentinel" : "it is a replica";
    }
    client->stats.opens++;
    client->options.listener->on_ready(client->options.listener, &client->server.options.host);
    return NULL;
}

static void on_server_moved(struct redis_link_owner *owner)
{
    ask_where(container_of(owner, struct redis_client, server_owner));
}

static void on_server_down(
    struct redis_link_owner *owner, const struct outbound_end *end, bool was_ready)
{
    struct redis_client *client = container_of(owner, struct redis_client, server_owner);
    client->stats.losses += was_ready;
    tell_loss(client, &client->server, end, was_ready);
    if (is_watched(client)) {
        ask_where(client);
    } else {
        CHECK(redis_link_move(&client->server, next_host(client)) == OK);
    }
}

/* ---- life */

static char *copy_of(const char *text)
{
    return text ? mem_string(text) : NULL;
}

static void copy_texts(struct redis_client_options *options)
{
    options->service = copy_of(options->service);
    options->credentials.user = copy_of(options->credentials.user);
    options->credentials.password = copy_of(options->credentials.password);
    options->sentinel_credentials.user = copy_of(options->sentinel_credentials.user);
    options->sentinel_credentials.password = copy_of(options->sentinel_credentials.password);
    options->name = copy_of(options->name);
    options->tls_name = copy_of(options->tls_name);
}

static void free_text(const char *text)
{
    mem_free((void *)(uintptr_t)text);
}

static void free_secret(const char *text)
{
    if (text) {
        mem_wipe((void *)(uintptr_t)text, strlen(text));
        free_text(text);
    }
}

static void free_texts(struct redis_client_options *options)
{
    free_text(options->service);
    free_text(options->credentials.user);
    free_secret(options->credentials.password);
    free_text(options->sentinel_credentials.user);
    free_secret(options->sentinel_credentials.password);
    free_text(options->name);
    free_text(options->tls_name);
}

static enum err open_first(struct redis_client *client)
{
    if (!is_watched(client)) {
        return open_server(client, &client->hosts.at[0]);
    }
    struct redis_link_options options = link_options(client, &client->hosts.at[0], true);
    enum err err = redis_link_init(&client->sentinel, client->outbounds, client->world, &options);
    if (err == OK) {
        redis_link_start(&client->sentinel);
    }
    return err;
}

enum err redis_client_create(const struct world *world, struct outbounds *outbounds,
    const struct redis_client_options *options, struct redis_client **ret_client)
{
    CHECK(options->hosts->count > 0);
    CHECK(options->limits.ask_ms > 0);
    CHECK(options->limits.asks_max > 2);
    struct redis_client *client = mem_new(sizeof(*client));
    client->outbounds = outbounds;
    client->world = world;
    client->options = *options;
    client->hosts = *options->hosts;
    client->server_owner =
        (struct redis_link_owner){on_server_ready, on_server_moved, on_server_down};
    client->sentinel_owner = (struct redis_link_owner){on_sentinel_ready, NULL, on_sentinel_down};
    client->where_asker.on_answer = on_where;
    copy_texts(&client->options);
    enum err err = open_first(client);
    if (err) {
        redis_client_destroy(client);
        return err;
    }
    *ret_client = client;
    return OK;
}

void redis_client_destroy(struct redis_client *client)
{
    if (!client) {
        return;
    }
    redis_link_deinit(&client->server);
    redis_link_deinit(&client->sentinel);
    timer_stop(&client->where_timer);
    redis_op_deinit(&client->where);
    free_texts(&client->options);
    mem_free(client);
}

/* ---- asking */

static void submit(struct redis_client *client, struct redis_op *op)
{
    if (client->server.outbound) {
        redis_link_send(&client->server, op);
    } else {
        client->stats.asked++;
        redis_op_refuse(op, client->world->loop, &client->stats, ERR_NOT_SENT);
    }
}

void redis_ask(struct redis_client *client, struct asker *asker, struct redis_op *op,
    const struct cht_str *words, uint32_t count)
{
    op_ask(&op->op, asker);
    op->script = NULL;
    op->bytes = redis_command(words, count);
    submit(client, op);
}

void redis_run(struct redis_client *client, struct asker *asker, struct redis_op *op,
    const struct redis_call *call)
{
    struct cht_str words[REDIS_WORDS_MAX];
    char keys[12];
    CHECK(call->count <= REDIS_WORDS_MAX - 3);
    CHECK(call->keys <= call->count);
    snprintf(keys, sizeof(keys), "%u", call->keys);
    words[0] = cht_str_of("EVALSHA");
    words[1] = (struct cht_str){call->script->sha, REDIS_SHA_SIZE};
    words[2] = cht_str_of(keys);
    if (call->count > 0) {
        memcpy(words + 3, call->words, call->count * sizeof(*words));
    }
    op_ask(&op->op, asker);
    op->script = call->script;
    op->bytes = redis_command(words, call->count + 3);
    submit(client, op);
}

bool redis_client_is_ready(const struct redis_client *client)
{
    return client->server.ready;
}

const struct redis_host *redis_client_host(const struct redis_client *client)
{
    return client->server.outbound ? &client->server.options.host : NULL;
}

struct redis_client_stats redis_client_stats(const struct redis_client *client)
{
    return client->stats;
}
