/* cql_load - many writes by many lanes, and a look at whether all of them are there; for tests with
 * real nodes: cql_load <host> <port> <replicas> <writes> <lanes> [user password [ca file]]. With a
 * file of CAs it speaks TLS.
 *
 * Happy path: it makes a keyspace and tables, writes numbers, prints every thousandth of those that
 * were answered OK, then reads all of them; at last the lanes raise one number, each by its share,
 * with conditions. The last line is what came of it:
 *
 *     ok=10000 unknown=0 failed=0 lost=0 raised=100 raised_unknown=0 number=100
 *
 * A test may kill nodes meanwhile. How it fails: DDL that is not done ends it with 1. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cql_client/cql_client.h"
#include "link/outbound.h"
#include "link/tls_client.h"
#include "loop/loop_uv.h"

#define LANES_MAX 256
#define RAISES 100
#define RAISERS 4 /* more of them would mostly be in each other's way */

enum { PUT, GET, NUMBER_GET, NUMBER_PUT, NUMBER_RAISE };

static const struct cql_statement statements[] = {
    [PUT] = {.name = "put",
        .text = "INSERT INTO {keyspace}.t (k, v) VALUES (?, ?) USING TIMESTAMP ?",
        .consistency = CQL_LOCAL_QUORUM,
        .idempotent = true},
    [GET] = {.name = "get",
        .text = "SELECT v FROM {keyspace}.t WHERE k = ?",
        .consistency = CQL_LOCAL_QUORUM},
    [NUMBER_GET] = {.name = "number_get",
        .text = "SELECT n FROM {keyspace}.numbers WHERE k = 1",
        .consistency = CQL_LOCAL_SERIAL},
    [NUMBER_PUT] = {.name = "number_put",
        .text = "INSERT INTO {keyspace}.numbers (k, n) VALUES (1, 0) IF NOT EXISTS",
        .consistency = CQL_LOCAL_QUORUM,
        .serial = CQL_LOCAL_SERIAL},
    [NUMBER_RAISE] = {.name = "number_raise",
        .text = "UPDATE {keyspace}.numbers SET n = ? WHERE k = 1 IF n = ?",
        .consistency = CQL_LOCAL_QUORUM,
        .serial = CQL_LOCAL_SERIAL},
};

static struct cql_statement make[] = {
    {.name = "make_keyspace", .consistency = CQL_ONE, .idempotent = true},
    {.name = "make_t",
        .text = "CREATE TABLE IF NOT EXISTS {keyspace}.t (k bigint PRIMARY KEY, v bigint)",
        .consistency = CQL_ONE,
        .idempotent = true},
    {.name = "make_numbers",
        .text = "CREATE TABLE IF NOT EXISTS {keyspace}.numbers (k int PRIMARY KEY, n bigint)",
        .consistency = CQL_ONE,
        .idempotent = true},
};

enum phase { WRITING, READING, RAISING, OVER };

struct lane {
    struct asker asker;
    struct cql_ask ask;
    int64_t key;    /* that is written or read */
    int64_t number; /* that was read */
    bool raises;    /* it asked to raise it */
};

static struct {
    struct cql_client *client;
    struct lane lanes[LANES_MAX];
    uint32_t lane_count, busy;
    enum phase phase;
    int64_t next, writes;
    bool *is_ok;
    int64_t ok, unknown, failed, lost;
    int64_t raised, raised_unknown, number;
    struct loop *loop;
    uint64_t begun_ms[OVER + 1];
} load;

static void go_on(struct lane *lane);

/* ---- writing */

static void write_next(struct lane *lane)
{
    lane->key = load.next++;
    struct cql_writer *values = cql_ask_begin(load.client, &lane->ask, PUT);
    cql_put_bigint(values, lane->key);
    cql_put_bigint(values, lane->key * 3);
    cql_put_bigint(values, 1 + lane->key);
    cql_client_ask(load.client, &lane->asker, &lane->ask);
}

static void wrote(struct lane *lane)
{
    if (lane->ask.op.err == OK) {
        load.is_ok[lane->key] = true;
        load.ok++;
        if (load.ok % 1000 == 0) {
            printf("%lld\n", (long long)load.ok);
            fflush(stdout);
        }
    } else if (lane->ask.op.err == ERR_UNKNOWN) {
        load.unknown++;
        fprintf(stderr, "unknown: %s\n", lane->ask.failure.name);
    } else {
        load.failed++;
        fprintf(stderr, "%s: %s\n", err_name(lane->ask.op.err), lane->ask.failure.name);
    }
}

/* ---- reading: again and again, until there is an answer */

static void read_next(struct lane *lane)
{
    struct cql_writer *values = cql_ask_begin(load.client, &lane->ask, GET);
    cql_put_bigint(values, lane->key);
    cql_client_ask(load.client, &lane->asker, &lane->ask);
}

static void have_read(struct lane *lane)
{
    int64_t value = 0;
    bool is_there =
        lane->ask.op.err == OK && cql_ask_next(&lane->ask) &&
        cql_get_bigint(lane->ask.columns[0].type, lane->ask.cells[0], &value) == CQL_FINE &&
        value == lane->key * 3;
    load.lost += load.is_ok[lane->key] && !is_there;
}

/* ---- raising */

static void raise_next(struct lane *lane)
{
    lane->raises = !lane->raises;
    struct cql_writer *values =
        cql_ask_begin(load.client, &lane->ask, lane->raises ? NUMBER_RAISE : NUMBER_GET);
    if (lane->raises) {
        cql_put_bigint(values, lane->number + 1);
        cql_put_bigint(values, lane->number);
    }
    cql_client_ask(load.client, &lane->asker, &lane->ask);
}

static void have_raised(struct lane *lane)
{
    struct cql_ask *ask = &lane->ask;
    if (lane->raises) {
        load.raised += ask->op.err == OK && ask->applied;
        load.raised_unknown += ask->op.err == ERR_UNKNOWN;
    } else if (ask->op.err != OK || !cql_ask_next(ask) ||
               cql_get_bigint(ask->columns[0].type, ask->cells[0], &lane->number) != CQL_FINE) {
        lane->raises = true; /* reads it again */
    } else {
        load.number = lane->number > load.number ? lane->number : load.number;
    }
}

/* ---- lanes */

static void begin_phase(enum phase phase)
{
    load.phase = phase;
    load.begun_ms[phase] = loop_now_ms(load.loop);
    load.next = 0;
    load.busy = load.lane_count;
    for (uint32_t i = 0; i < load.lane_count; i++) {
        load.lanes[i].key = -1;
        load.lanes[i].raises = true;
        go_on(&load.lanes[i]);
    }
}

static void rest(void)
{
    if (--load.busy == 0) {
        load.phase++;
        load.begun_ms[load.phase] = loop_now_ms(load.loop);
        if (load.phase < OVER) {
            begin_phase(load.phase);
        }
    }
}

static void go_on(struct lane *lane)
{
    if (load.phase == RAISING) {
        if (load.number < RAISES && lane - load.lanes < RAISERS) {
            raise_next(lane);
            return;
        }
    } else if (load.next < load.writes) {
        if (load.phase == WRITING) {
            write_next(lane);
        } else {
            lane->key = load.next++;
            read_next(lane);
        }
        return;
    }
    rest();
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct lane *lane = container_of(asker, struct lane, asker);
    if (load.phase == WRITING) {
        wrote(lane);
    } else if (load.phase == RAISING) {
        have_raised(lane);
    } else if (op->err != OK) {
        read_next(lane);
        return;
    } else {
        have_read(lane);
    }
    go_on(lane);
}

/* ---- the program */

static void nobody_asks(struct asker *asker, struct op *op)
{
    (void)asker;
    (void)op;
}

static bool done(struct loop_uv *loop, struct cql_ask *ask)
{
    while (ask->op.asked) {
        loop_uv_turn(loop, 1000);
    }
    if (ask->op.err != OK) {
        fprintf(stderr, "%s: %s %.*s\n", err_name(ask->op.err), ask->failure.name,
            (int)ask->failure.message.size, ask->failure.message.at);
    }
    return ask->op.err == OK;
}

static bool make_all(struct loop_uv *loop)
{
    struct asker asker = {nobody_asks};
    struct cql_ask ask = {.page_rows = 0};
    bool made = true;
    for (size_t i = 0; made && i < sizeof(make) / sizeof(make[0]); i++) {
        cql_ask_begin_plain(load.client, &ask, &make[i]);
        cql_client_ask(load.client, &asker, &ask);
        made = done(loop, &ask);
    }
    if (made) {
        cql_ask_begin(load.client, &ask, NUMBER_PUT);
        cql_client_ask(load.client, &asker, &ask);
        made = done(loop, &ask);
    }
    cql_ask_deinit(&ask);
    return made;
}

static void on_news(struct cql_client_handler *handler, const struct cql_news *news)
{
    (void)handler;
    fprintf(stderr, "%s %u.%u.%u.%u %s\n", cql_news_name(news->kind), news->node.ip[12],
        news->node.ip[13], news->node.ip[14], news->node.ip[15], news->detail);
}

static void print_result(void)
{
    struct cql_client_stats stats = cql_client_stats(load.client);
    printf("nodes=%u repeated=%llu prepares=%llu write_ms=%llu read_ms=%llu raise_ms=%llu\n",
        stats.nodes, (unsigned long long)stats.repeated, (unsigned long long)stats.prepares,
        (unsigned long long)(load.begun_ms[READING] - load.begun_ms[WRITING]),
        (unsigned long long)(load.begun_ms[RAISING] - load.begun_ms[READING]),
        (unsigned long long)(load.begun_ms[OVER] - load.begun_ms[RAISING]));
    printf("ok=%lld unknown=%lld failed=%lld lost=%lld raised=%lld raised_unknown=%lld "
           "number=%lld\n",
        (long long)load.ok, (long long)load.unknown, (long long)load.failed, (long long)load.lost,
        (long long)load.raised, (long long)load.raised_unknown, (long long)load.number);
}

static bool run(struct loop_uv *loop)
{
    if (!make_all(loop)) {
        return false;
    }
    load.is_ok = mem_array((size_t)load.writes, sizeof(bool));
    for (uint32_t i = 0; i < load.lane_count; i++) {
        load.lanes[i].asker.on_answer = on_answer;
    }
    begin_phase(WRITING);
    while (load.phase != OVER) {
        loop_uv_turn(loop, 1000);
    }
    print_result();
    for (uint32_t i = 0; i < load.lane_count; i++) {
        cql_ask_deinit(&load.lanes[i].ask);
    }
    mem_free(load.is_ok);
    return true;
}

static struct tls_client *tls_of(const char *ca_file)
{
    struct tls_client *tls = NULL;
    char why[TLS_WHY_BYTES];
    if (tls_client_create(&(struct tls_client_options){.ca_file = ca_file}, &tls, why) != OK) {
        fprintf(stderr, "%s\n", why);
        exit(2);
    }
    return tls;
}

int main(int count, char **words)
{
    static struct cql_client_handler handler = {on_news};
    char make_keyspace[200];
    struct logger logger;
    struct world world;
    if (count != 6 && count != 8 && count != 9) {
        fprintf(stderr,
            "cql_load <host> <port> <replicas> <writes> <lanes> [user password [ca file]]\n");
        return 2;
    }
    snprintf(make_keyspace, sizeof(make_keyspace),
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = "
        "{'class': 'SimpleStrategy', 'replication_factor': %lu}",
        strtoul(words[3], NULL, 10));
    make[0].text = make_keyspace;
    load.writes = strtol(words[4], NULL, 10);
    load.lane_count = (uint32_t)strtoul(words[5], NULL, 10);
    if (load.writes < 1 || load.lane_count < 1 || load.lane_count > LANES_MAX) {
        return 2;
    }
    logger_init(&logger, "cql_load", LOG_LEVEL_ERROR, false);
    struct loop_uv *loop = loop_uv_create(&(struct loop_uv_options){.logger = &logger}, &world);
    struct outbounds *outbounds = outbounds_create(&world);
    const char *contacts[] = {words[1]};
    load.loop = world.loop;
    struct cql_client_options options = {.world = &world,
        .outbounds = outbounds,
        .contact_points = contacts,
        .contact_point_count = 1,
        .port = (uint16_t)strtoul(words[2], NULL, 10),
        .tls = count > 8 ? tls_of(words[8]) : NULL,
        .user = count > 7 ? words[6] : NULL,
        .password = count > 7 ? words[7] : NULL,
        .keyspace = "cql_load",
        .statements = statements,
        .statement_count = sizeof(statements) / sizeof(statements[0]),
        .limits = cql_client_limits_default(),
        .handler = &handler};
    bool is_fine = cql_client_create(&options, &load.client) == OK && run(loop);
    cql_client_destroy(load.client);
    outbounds_destroy(outbounds);
    tls_client_destroy(options.tls);
    loop_uv_destroy(loop);
    return is_fine ? 0 : 1;
}
