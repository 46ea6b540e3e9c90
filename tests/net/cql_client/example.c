/* example - a program that keeps rooms in Cassandra: example <host> <port>.
 *
 * Happy path: it makes a keyspace and a table, writes three rooms in one batch, reads them page by
 * page, and takes a name that only one can have. Each is a step of a flow; whoever asks waits for
 * nothing. How it fails: the first ask that is not answered OK ends it with 1, and says why. */

#include <stdio.h>
#include <stdlib.h>

#include "cql_client/cql_client.h"
#include "flow/flow.h"
#include "link/outbound.h"
#include "loop/loop_uv.h"

enum { ROOM_PUT, ROOMS_OF, NAME_TAKE };

static const struct cql_statement statements[] = {
    [ROOM_PUT] = {.name = "room_put",
        .text = "INSERT INTO {keyspace}.rooms (owner, place, name) VALUES (?, ?, ?) "
                "USING TIMESTAMP ?",
        .consistency = CQL_LOCAL_QUORUM,
        .idempotent = true},
    [ROOMS_OF] = {.name = "rooms_of",
        .text = "SELECT place, name FROM {keyspace}.rooms WHERE owner = ?",
        .consistency = CQL_LOCAL_QUORUM},
    [NAME_TAKE] = {.name = "name_take",
        .text = "INSERT INTO {keyspace}.names (name, owner) VALUES (?, ?) IF NOT EXISTS",
        .consistency = CQL_LOCAL_QUORUM,
        .serial = CQL_LOCAL_SERIAL},
};

static const struct cql_statement make_keyspace_statement = {.name = "make_keyspace",
    .text = "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = "
            "{'class': 'SimpleStrategy', 'replication_factor': 1}",
    .consistency = CQL_ONE,
    .idempotent = true};
static const struct cql_statement make_rooms_statement = {.name = "make_rooms",
    .text = "CREATE TABLE IF NOT EXISTS {keyspace}.rooms "
            "(owner text, place int, name text, PRIMARY KEY (owner, place))",
    .consistency = CQL_ONE,
    .idempotent = true};
static const struct cql_statement make_names_statement = {.name = "make_names",
    .text = "CREATE TABLE IF NOT EXISTS {keyspace}.names (name text PRIMARY KEY, owner text)",
    .consistency = CQL_ONE,
    .idempotent = true};

struct tour {
    struct flow flow; /* first */
    struct cql_client *client;
    struct cql_ask ask;
    bool is_over;
};

static void make_keyspace(struct flow *flow);
static void make_rooms(struct flow *flow);
static void make_names(struct flow *flow);
static void put_rooms(struct flow *flow);
static void read_rooms(struct flow *flow);
static void print_rooms(struct flow *flow);
static void take_name(struct flow *flow);
static void say_who(struct flow *flow);
static void finish(struct flow *flow);

static const struct flow_step steps[] = {
    {"make_keyspace", make_keyspace},
    {"make_rooms", make_rooms},
    {"make_names", make_names},
    {"put_rooms", put_rooms},
    {"read_rooms", read_rooms},
    {"print_rooms", print_rooms},
    {"take_name", take_name},
    {"say_who", say_who},
    {"finish", finish},
};

static void ask_plain(struct flow *flow, const struct cql_statement *statement)
{
    struct tour *tour = (struct tour *)flow;
    cql_ask_begin_plain(tour->client, &tour->ask, statement);
    cql_client_ask(tour->client, &flow->asker, &tour->ask);
}

static void make_keyspace(struct flow *flow)
{
    ask_plain(flow, &make_keyspace_statement);
}

static void make_rooms(struct flow *flow)
{
    ask_plain(flow, &make_rooms_statement);
}

static void make_names(struct flow *flow)
{
    ask_plain(flow, &make_names_statement);
}

static void put_rooms(struct flow *flow)
{
    static const char *const names[] = {"attic", "hall", "cellar"};
    struct tour *tour = (struct tour *)flow;
    struct cql_writer *values = cql_batch_begin(tour->client, &tour->ask);
    for (int32_t i = 0; i < 3; i++) {
        cql_batch_add(tour->client, &tour->ask, ROOM_PUT);
        cql_put_text(values, cht_str_of("ada"));
        cql_put_int(values, i);
        cql_put_text(values, cht_str_of(names[i]));
        cql_put_bigint(values, 1); /* what is written has a time of its own, not of a clock */
    }
    cql_client_ask(tour->client, &flow->asker, &tour->ask);
}

static void read_rooms(struct flow *flow)
{
    struct tour *tour = (struct tour *)flow;
    tour->ask.page_rows = 2;
    struct cql_writer *values = cql_ask_begin(tour->client, &tour->ask, ROOMS_OF);
    cql_put_text(values, cht_str_of("ada"));
    cql_client_ask(tour->client, &flow->asker, &tour->ask);
}

/* Once for each page. */
static void print_rooms(struct flow *flow)
{
    struct tour *tour = (struct tour *)flow;
    struct cql_ask *ask = &tour->ask;
    while (cql_ask_next(ask)) {
        int32_t place = 0;
        struct cht_str name = {0};
        if (cql_get_int(ask->columns[0].type, ask->cells[0], &place) != CQL_FINE ||
            cql_get_text(ask->columns[1].type, ask->cells[1], &name) != CQL_FINE) {
            flow_fail(flow, ERR_CORRUPT);
            return;
        }
        printf("%d: %.*s\n", place, (int)name.size, name.at);
    }
    if (ask->next_page.size > 0) {
        printf("next page\n");
        flow_again(flow);
        cql_client_ask_page(tour->client, &flow->asker, ask);
    }
}

static void take_name(struct flow *flow)
{
    struct tour *tour = (struct tour *)flow;
    struct cql_writer *values = cql_ask_begin(tour->client, &tour->ask, NAME_TAKE);
    cql_put_text(values, cht_str_of("lovelace"));
    cql_put_text(values, cht_str_of("ada"));
    cql_client_ask(tour->client, &flow->asker, &tour->ask);
}

static void say_who(struct flow *flow)
{
    struct tour *tour = (struct tour *)flow;
    printf("the name is %s\n", tour->ask.applied ? "taken now" : "taken already");
}

static void finish(struct flow *flow)
{
    struct tour *tour = (struct tour *)flow;
    if (flow->err != OK) {
        printf("%s: %s\n", err_name(flow->err), tour->ask.failure.name);
    }
    tour->is_over = true;
}

int main(int count, char **words)
{
    if (count != 3) {
        fprintf(stderr, "example <host> <port>\n");
        return 2;
    }
    struct logger logger;
    struct world world;
    struct tour tour = {.client = NULL};
    logger_init(&logger, "example", LOG_LEVEL_ERROR, false);
    struct loop_uv *loop = loop_uv_create(&(struct loop_uv_options){.logger = &logger}, &world);
    struct outbounds *outbounds = outbounds_create(&world);
    const char *contacts[] = {words[1]};
    struct cql_client_options options = {.world = &world,
        .outbounds = outbounds,
        .contact_points = contacts,
        .contact_point_count = 1,
        .port = (uint16_t)strtoul(words[2], NULL, 10),
        .keyspace = "example",
        .statements = statements,
        .statement_count = sizeof(statements) / sizeof(statements[0]),
        .limits = cql_client_limits_default()};
    if (cql_client_create(&options, &tour.client) != OK) {
        fprintf(stderr, "that is no place to connect to\n");
        return 2;
    }
    flow_start(&tour.flow, world.loop, steps, FLOW_STEPS(steps));
    while (!tour.is_over) {
        loop_uv_turn(loop, 1000);
    }
    enum err err = tour.flow.err;
    cql_ask_deinit(&tour.ask);
    cql_client_destroy(tour.client);
    outbounds_destroy(outbounds);
    loop_uv_destroy(loop);
    return err == OK ? 0 : 1;
}
