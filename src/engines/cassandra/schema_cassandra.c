/* schema_cassandra - makes the tables, and refuses a keyspace that has others.
 *
 * Two who make a table at the same time can end with two of one name, as nodes see it. So they take
 * turns, by a condition on a row of a table that all of them make with the same identity.
 *
 * Happy path: keyspace, that table, hold it; each row of store_tables.def that is newer than what
 * is there, each after all nodes have agreed on the one before; the version after its last row; let
 * go. How it fails: what was made stays, and the next run goes on behind the last version that was
 * written down; a holder that died ends by itself. */

#include <stdio.h>
#include <string.h>

#include "base/logger.h"
#include "base/map.h"
#include "cassandra/call.h"
#include "world/random.h"

#define HOLD_WAIT_MS 500u
#define HOLD_TRIES 240u /* longer than a dead holder holds */
#define DDL_MS 60000u
#define TEXT_BYTES_MAX 1024u

struct ddl {
    uint32_t version;
    const char *text;
};

static const struct ddl ddl[] = {
#define DDL(version, text) {version, text},
#include "cassandra/store_tables.def"
#undef DDL
};

#define DDL_COUNT ((uint32_t)(sizeof(ddl) / sizeof(ddl[0])))

uint32_t cassandra_schema_version(void)
{
    return ddl[DDL_COUNT - 1].version;
}

static enum err refuse(const struct cassandra *store, enum err err, uint32_t version)
{
    LOG_ERROR(store->world->logger, "store.refused",
        "keyspace=%s version=%u wanted=%u reason=\"%s\"", store->settings->keyspace, version,
        cassandra_schema_version(),
        err == ERR_NEWER ? "its tables are of a newer program"
                         : "it lacks tables: run chattifier migrate");
    return err;
}

/* What a SELECT of the version came to; 0: there is no such table. */
static enum err take_version(struct cql_ask *ask, uint32_t *ret_version)
{
    struct cells cells = {.ask = ask};
    *ret_version = 0;
    if (ask->op.err == ERR_BAD_CONFIG || (ask->op.err == OK && !cql_ask_next(ask))) {
        return OK;
    }
    if (ask->op.err != OK) {
        return ask->op.err;
    }
    *ret_version = (uint32_t)cells_u64(&cells, 0);
    return cells_err(&cells);
}

/* ---- looking */

struct check {
    struct call call; /* first */
    struct cassandra_schema_op *op;
    struct cql_ask ask;
};

static void ask_version(struct flow *flow)
{
    struct check *c = (struct check *)flow;
    store_begin(c->call.store, &c->ask, STORE_VERSION_GET);
    call_try(&c->call, &c->ask);
}

static void answer_version(struct flow *flow)
{
    struct check *c = (struct check *)flow;
    uint32_t wanted = cassandra_schema_version();
    enum err err = take_version(&c->ask, &c->op->version);
    if (err == OK && c->op->version != wanted) {
        err = refuse(
            c->call.store, c->op->version < wanted ? ERR_BAD_CONFIG : ERR_NEWER, c->op->version);
    }
    cql_ask_deinit(&c->ask);
    call_end(&c->call, err);
}

static const struct flow_step check_steps[] = {
    {"ask_version", ask_version}, {"answer", answer_version}};

void cassandra_check(struct cassandra *store, struct asker *asker, struct cassandra_schema_op *op)
{
    op_ask(&op->op, asker);
    struct check *c = call_create(store, sizeof(*c), &op->op);
    if (c) {
        c->op = op;
        call_start(&c->call, check_steps, FLOW_STEPS(check_steps));
    }
}

/* ---- making */

struct pause {
    struct op op;
    struct timer timer;
};

enum make_phase { HOLD_ON, MAKE_ROW, END_ROW };

struct migrate {
    struct call call; /* first */
    enum make_phase phase;
    struct cassandra_schema_op *op;
    struct cql_ask ask;
    struct pause pause;
    struct cht_id holder;
    struct cql_statement statement; /* the one that is not prepared */
    char text[TEXT_BYTES_MAX];
    uint32_t at; /* of the rows */
    uint32_t tries;
    bool asked;
};

static void end_pause(struct timer *timer)
{
    op_answer(&container_of(timer, struct pause, timer)->op, OK);
}

static void pause_for(struct migrate *m, uint32_t ms)
{
    op_ask(&m->pause.op, &m->call.flow.asker);
    timer_start(m->call.store->world->loop, &m->pause.timer, ms, end_pause);
}

static void ask_plain(struct migrate *m, const char *text)
{
    m->statement = (struct cql_statement){
        .name = "schema", .text = text, .consistency = CQL_LOCAL_QUORUM, .idempotent = true};
    m->ask.deadline_ms = DDL_MS;
    cql_ask_begin_plain(m->call.store->client, &m->ask, &m->statement);
    call_ask(&m->call, &m->ask);
}

static void read_version(struct flow *flow)
{
    struct migrate *m = (struct migrate *)flow;
    store_begin(m->call.store, &m->ask, STORE_VERSION_GET);
    call_try(&m->call, &m->ask);
}

/* Nothing is to be done, or not by this program. */
static bool ends_here(struct migrate *m)
{
    struct flow *flow = &m->call.flow;
    enum err err = take_version(&m->ask, &m->op->version);
    if (err == OK && m->op->version > cassandra_schema_version()) {
        err = refuse(m->call.store, ERR_NEWER, m->op->version);
    }
    if (err != OK) {
        flow_fail(flow, err);
    }
    return err != OK || m->op->version == cassandra_schema_version();
}

static void make_keyspace(struct flow *flow)
{
    struct migrate *m = (struct migrate *)flow;
    if (ends_here(m)) {
        flow_skip_to_end(flow);
        return;
    }
    int size = snprintf(m->text, sizeof(m->text),
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = %s",
        m->call.store->settings->replication);
    if (size >= (int)sizeof(m->text)) {
        flow_fail(flow, ERR_BAD_CONFIG);
        return;
    }
    ask_plain(m, m->text);
}

/* The identity of the table follows from the keyspace, so whoever makes it makes the same one. */
static void make_versions(struct flow *flow)
{
    static const uint64_t secrets[2][2] = {{1, 2}, {3, 4}};
    struct migrate *m = (struct migrate *)flow;
    const char *keyspace = m->call.store->settings->keyspace;
    uint64_t high = map_hash(secrets[0], keyspace, strlen(keyspace));
    uint64_t low = map_hash(secrets[1], keyspace, strlen(keyspace));
    snprintf(m->text, sizeof(m->text),
        "CREATE TABLE IF NOT EXISTS {keyspace}.schema_versions (part int, version bigint,"
        " holder uuid STATIC, PRIMARY KEY (part, version))"
        " WITH id = %08x-%04x-1%03x-8%03x-%012llx",
        (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
        (unsigned)(low >> 48 & 0xfff), (unsigned long long)(low & 0xffffffffffffu));
    ask_plain(m, m->text);
}

static void ask_hold(struct migrate *m, enum store_statement statement)
{
    struct cql_writer *values = store_begin(m->call.store, &m->ask, statement);
    cql_put_uuid(values, m->holder);
    if (statement == STORE_SCHEMA_HOLD_ON) {
        cql_put_uuid(values, m->holder);
    }
    m->asked = true;
    call_try(&m->call, &m->ask);
    flow_again(&m->call.flow);
}

static bool holds(struct cql_ask *ask, const struct cht_id *holder)
{
    struct cells row = {.ask = ask};
    if (ask->op.err != OK || ask->applied || !cql_ask_next(ask)) {
        return ask->op.err == OK && ask->applied;
    }
    uint32_t column = cells_column(&row, "holder");
    struct cht_id found = cells_null(&row, column) ? (struct cht_id){{0}} : cells_id(&row, column);
    return cht_id_equal(&found, holder);
}

/* Asks, and waits where another one holds it. */
static void hold(struct flow *flow)
{
    struct migrate *m = (struct migrate *)flow;
    if (!m->asked) {
        ask_hold(m, STORE_SCHEMA_HOLD);
        return;
    }
    enum err err = m->ask.op.err;
    m->asked = false;
    if (holds(&m->ask, &m->holder)) {
        return;
    }
    if ((err != OK && err != ERR_UNKNOWN) || ++m->tries == HOLD_TRIES) {
        flow_fail(flow, err != OK ? err : ERR_IN_USE);
        return;
    }
    pause_for(m, HOLD_WAIT_MS);
    flow_again(flow);
}

/* Whoever held it before may have made what is missing. */
static void find_first(struct flow *flow)
{
    struct migrate *m = (struct migrate *)flow;
    enum err err = take_version(&m->ask, &m->op->version);
    if (err != OK) {
        flow_fail(flow, err);
    }
    while (m->at < DDL_COUNT && ddl[m->at].version <= m->op->version) {
        m->at++;
    }
}

static bool ends_version(const struct migrate *m)
{
    return m->at + 1 == DDL_COUNT || ddl[m->at + 1].version != ddl[m->at].version;
}

static void write_version(struct migrate *m)
{
    struct cql_writer *values = store_begin(m->call.store, &m->ask, STORE_VERSION_PUT);
    m->op->version = ddl[m->at].version;
    cells_put_u64(values, m->op->version);
    call_ask(&m->call, &m->ask);
}

/* One row after the other, while this one holds; behind the last one of a version, the version. */
static void make_tables(struct flow *flow)
{
    struct migrate *m = (struct migrate *)flow;
    if (m->at == DDL_COUNT) {
        return;
    }
    switch (m->phase) {
    case HOLD_ON:
        ask_hold(m, STORE_SCHEMA_HOLD_ON);
        m->phase = MAKE_ROW;
        break;
    case MAKE_ROW:
        if (holds(&m->ask, &m->holder)) {
            ask_plain(m, ddl[m->at].text);
        } else {
            flow_fail(flow, ERR_IN_USE);
        }
        m->phase = END_ROW;
        break;
    case END_ROW:
        if (ends_version(m)) {
            write_version(m);
        }
        m->at++;
        m->phase = HOLD_ON;
        break;
    }
    flow_again(flow);
}

static void let_go(struct flow *flow)
{
    struct migrate *m = (struct migrate *)flow;
    struct cql_writer *values = store_begin(m->call.store, &m->ask, STORE_SCHEMA_LET_GO);
    cql_put_uuid(values, m->holder);
    call_try(&m->call, &m->ask);
}

static void answer_made(struct flow *flow)
{
    struct migrate *m = (struct migrate *)flow;
    if (flow->err != OK) {
        LOG_ERROR(m->call.store->world->logger, "migrate.failed",
            "keyspace=%s err=%s why=%s node_says=%s", m->call.store->settings->keyspace,
            err_name(flow->err), cql_failure_name(m->ask.failure.kind),
            m->ask.failure.name ? m->ask.failure.name : "-");
    }
    cql_ask_deinit(&m->ask);
    call_end(&m->call, flow->err);
}

static const struct flow_step migrate_steps[] = {
    {"read_version", read_version},
    {"make_keyspace", make_keyspace},
    {"make_versions", make_versions},
    {"hold", hold},
    {"read_version", read_version},
    {"find_first", find_first},
    {"make_tables", make_tables},
    {"let_go", let_go},
    {"answer", answer_made},
};

void cassandra_migrate(struct cassandra *store, struct asker *asker, struct cassandra_schema_op *op)
{
    op_ask(&op->op, asker);
    struct migrate *m = call_create(store, sizeof(*m), &op->op);
    if (m) {
        m->op = op;
        random_fill(store->world->random, &m->holder, sizeof(m->holder));
        call_start(&m->call, migrate_steps, FLOW_STEPS(migrate_steps));
    }
}
