/* cassandra_engine - see the header.
 *
 * Happy path: a loop on a thread of its own, and on it a store; closing ends both. Its wall clock
 * goes on with the suite's. How it fails: a store that does not open, or tables that can not be
 * emptied, fail the test. */

#include "cassandra_engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/logger.h"
#include "carrier.h"
#include "cassandra/inner.h"
#include "link/outbound.h"

#define WAIT_MS 30000u

static const char *const tables[] = {"users", "usernames", "usernames_sorted", "devices",
    "revocations", "blocks", "blocks_by_other", "rooms", "room_members", "rooms_by_user",
    "room_doors", "read_cursors", "public_names", "public_rooms", "room_messages", "room_entries",
    "room_traces", "room_reactions", "shard_progress"};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

/* A loop that tells the time of two. */
struct clock_loop {
    struct loop loop; /* first */
    struct loop *real;
    struct test_loop *test;
    uint64_t began_ms;
};

struct state {
    struct carrier carrier;
    struct clock_loop clock;
    struct loop_uv *loop;
    struct world world;
    struct outbounds *outbounds;
    struct cassandra_settings settings;
    struct cassandra_shared shared;
    struct cassandra *store;
    struct task end;
    pthread_t thread;
    bool is_made;
};

static struct state the_state;
static struct logger logger;

/* ---- the clock */

static struct clock_loop *clock_of(struct loop *loop)
{
    return container_of(loop, struct clock_loop, loop);
}

static void clock_defer(struct loop *loop, struct task *task)
{
    loop_defer(clock_of(loop)->real, task);
}

static void clock_post(struct loop *loop, struct task *task)
{
    loop_post(clock_of(loop)->real, task);
}

static void clock_post_all(struct loop *loop, struct task_queue *tasks)
{
    loop_post_all(clock_of(loop)->real, tasks);
}

static void clock_add_turn_end(struct loop *loop, struct loop_hook *hook)
{
    loop_add_turn_end(clock_of(loop)->real, hook);
}

static void clock_timer_start(struct loop *loop, struct timer *timer, uint64_t after_ms)
{
    struct loop *real = clock_of(loop)->real;
    real->ops->timer_start(real, timer, after_ms);
}

static void clock_timer_stop(struct loop *loop, struct timer *timer)
{
    struct loop *real = clock_of(loop)->real;
    real->ops->timer_stop(real, timer);
}

static uint64_t clock_now_ms(struct loop *loop)
{
    return loop_now_ms(clock_of(loop)->real);
}

static uint64_t clock_wall_ms(struct loop *loop)
{
    struct clock_loop *clock = clock_of(loop);
    return loop_wall_ms(clock->real) + clock->test->now_ms - clock->began_ms;
}

static const struct loop_ops clock_ops = {
    .defer = clock_defer,
    .post = clock_post,
    .post_all = clock_post_all,
    .add_turn_end = clock_add_turn_end,
    .timer_start = clock_timer_start,
    .timer_stop = clock_timer_stop,
    .now_ms = clock_now_ms,
    .wall_ms = clock_wall_ms,
};

/* ---- waiting for what the loop does before it has its thread */

static bool run_until(bool (*done)(const void *context), const void *context)
{
    uint64_t until = loop_now_ms(the_state.clock.real) + WAIT_MS;
    while (!done(context) && loop_now_ms(the_state.clock.real) < until) {
        loop_uv_turn(the_state.loop, 10);
    }
    return done(context);
}

static bool is_answered(const void *context)
{
    return !((const struct op *)context)->asked;
}

static bool is_idle(const void *context)
{
    return cassandra_is_idle(context);
}

static void empty_tables(void)
{
    static struct cql_ask asks[TABLES];
    static char texts[TABLES][64];
    static struct cql_statement statements[TABLES];
    struct test_asker asker;
    test_asker_init(&asker);
    for (int i = 0; i < TABLES; i++) {
        snprintf(texts[i], sizeof(texts[i]), "TRUNCATE {keyspace}.%s", tables[i]);
        statements[i] = (struct cql_statement){
            .name = "truncate", .text = texts[i], .consistency = CQL_ONE, .idempotent = true};
        asks[i].deadline_ms = WAIT_MS;
        cql_ask_begin_plain(the_state.store->client, &asks[i], &statements[i]);
        cql_client_ask(the_state.store->client, &asker.asker, &asks[i]);
    }
    for (int i = 0; i < TABLES; i++) {
        assert_true(run_until(is_answered, &asks[i].op));
        assert_int_equal(asks[i].op.err, OK);
        cql_ask_deinit(&asks[i]);
    }
}

static void make_tables(void)
{
    struct cassandra_schema_op op = {0};
    struct test_asker asker;
    test_asker_init(&asker);
    cassandra_migrate(the_state.store, &asker.asker, &op);
    assert_true(run_until(is_answered, &op.op));
    assert_int_equal(op.op.err, OK);
    the_state.is_made = true;
}

/* ---- looks behind the ports: questions that are asked on the loop's thread */

struct look {
    struct task task;
    struct op op; /* answered on the suite's loop */
    struct asker asker;
    struct cql_ask ask;
    struct cql_statement statement;
    char text[128];
    const char *word;
    bool found;
};

static void on_look(struct asker *asker, struct op *op)
{
    struct look *look = container_of(asker, struct look, asker);
    while (op->err == OK && look->word && cql_ask_next(&look->ask)) {
        for (uint32_t i = 0; i < look->ask.column_count; i++) {
            const struct cql_cell *cell = &look->ask.cells[i];
            look->found |= cell->at && memmem(cell->at, cell->size, look->word, strlen(look->word));
        }
    }
    op_answer_from(&look->op, the_state.carrier.test, op->err);
}

static void ask_look(struct task *task)
{
    struct look *look = container_of(task, struct look, task);
    cql_ask_begin_plain(the_state.store->client, &look->ask, &look->statement);
    cql_client_ask(the_state.store->client, &look->asker, &look->ask);
}

static bool look_at(
    struct contract_engine *engine, const char *verb, const char *table, const char *word)
{
    struct look look = {.task.run = ask_look, .asker.on_answer = on_look, .word = word};
    snprintf(look.text, sizeof(look.text), "%s {keyspace}.%s", verb, table);
    look.statement = (struct cql_statement){
        .name = "look", .text = look.text, .consistency = CQL_ONE, .idempotent = true};
    op_ask(&look.op, &contract_asker()->asker);
    loop_post(the_state.clock.real, &look.task);
    assert_int_equal(contract_wait(engine), OK);
    cql_ask_deinit(&look.ask);
    return look.found;
}

void cassandra_engine_empty(struct contract_engine *engine, const char *table)
{
    look_at(engine, "TRUNCATE", table, NULL);
}

bool cassandra_engine_has(struct contract_engine *engine, const char *word)
{
    static const char *const places[] = {
        "rooms", "room_messages", "room_entries", "room_reactions", "room_traces"};
    bool found = false;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        found |= look_at(engine, "SELECT * FROM", places[i], word);
    }
    return found;
}

/* ---- the engine */

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    assert_non_null(value);
    return value;
}

static void open_store(struct contract_engine *engine)
{
    struct loop_uv_options options = {.logger = &logger};
    the_state.loop = loop_uv_create(&options, &the_state.world);
    the_state.outbounds = outbounds_create(&the_state.world);
    the_state.clock =
        (struct clock_loop){{&clock_ops}, the_state.world.loop, &engine->loop, engine->loop.now_ms};
    the_state.world.loop = &the_state.clock.loop;
    the_state.settings = (struct cassandra_settings){.hosts = environment("CASSANDRA_HOSTS"),
        .port = strtoull(environment("CASSANDRA_PORT"), NULL, 10),
        .keyspace = environment("CASSANDRA_KEYSPACE"),
        .replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
                       " AND durable_writes = false", /* then it is emptied without a flush */
        .local_dc = "",
        .user = "",
        .password_file = "",
        .tls_ca_file = "",
        .tls_certificate_file = "",
        .tls_key_file = "",
        .tls_name = "",
        .ask_ms = 9000,
        .calls_max = 1000};
    cassandra_shared_init(&the_state.shared, true);
    struct cassandra_options store = {.world = &the_state.world,
        .outbounds = the_state.outbounds,
        .settings = &the_state.settings,
        .shared = &the_state.shared};
    assert_int_equal(cassandra_create(&store, &the_state.store), OK);
}

static void *run_loop(void *argument)
{
    (void)argument;
    loop_uv_run(the_state.loop);
    return NULL;
}

static void open_engine(struct contract_engine *engine, bool fresh)
{
    open_store(engine);
    if (!the_state.is_made) {
        make_tables();
    }
    if (fresh) {
        empty_tables();
    }
    struct carrier *carrier = &the_state.carrier;
    carrier->real = the_state.clock.real;
    carrier->test = &engine->loop.loop;
    carrier->real_users = users_cassandra_create(the_state.store);
    carrier->real_rooms = rooms_cassandra_create(the_state.store);
    carrier->real_history = history_cassandra_create(the_state.store);
    carrier_init(carrier);
    engine->users = &carrier->users;
    engine->rooms = &carrier->rooms;
    engine->history = &carrier->history;
    assert_int_equal(pthread_create(&the_state.thread, NULL, run_loop, NULL), 0);
}

static void end_loop(struct task *task)
{
    (void)task;
    cassandra_close(the_state.store);
    loop_uv_stop(the_state.loop);
}

static void close_engine(struct contract_engine *engine)
{
    (void)engine;
    the_state.end.run = end_loop;
    loop_post(the_state.clock.real, &the_state.end);
    assert_int_equal(pthread_join(the_state.thread, NULL), 0);
    loop_uv_turn(the_state.loop, 1);
    assert_true(run_until(is_idle, the_state.store));
    users_cassandra_destroy(the_state.carrier.real_users);
    rooms_cassandra_destroy(the_state.carrier.real_rooms);
    history_cassandra_destroy(the_state.carrier.real_history);
    cassandra_destroy(the_state.store);
    outbounds_destroy(the_state.outbounds);
    loop_uv_destroy(the_state.loop);
    cassandra_shared_deinit(&the_state.shared);
}

static void nothing_to_forget(struct contract_engine *engine)
{
    (void)engine;
}

struct contract_engine *cassandra_engine(void)
{
    static struct contract_engine engine = {
        .name = "cassandra",
        .shards = 4,
        .open = open_engine,
        .close = close_engine,
        .forget = nothing_to_forget,
    };
    logger_init(&logger, "test", LOG_LEVEL_WARN, false);
    return &engine;
}
