/* cql_ask - what is asked, until it is given away, and its rows afterwards.
 *
 * Happy path: values are put into the client's room, of which the ask keeps a copy of their size
 * when it is asked; so each try writes the same values again. How it fails: values that do not fit
 * are an answer like any other. */

#include "cql_client/cql_inner.h"

static const struct cql_statement *statement_at(const struct cql_client *client, uint32_t place)
{
    CHECK(place < client->options.statement_count);
    return &client->options.statements[place];
}

/* What was asked before is forgotten. */
static struct cql_writer *begin(struct cql_client *client, struct cql_ask *ask)
{
    CHECK(!client->begun);
    CHECK(!ask->op.asked);
    CHECK(ask->step == CQL_STEP_IDLE);
    arena_reset(&ask->question);
    arena_reset(&ask->answer);
    *ask = (struct cql_ask){.page_rows = ask->page_rows,
        .paging_state = ask->paging_state,
        .deadline_ms = ask->deadline_ms,
        .timestamp_us = ask->timestamp_us,
        .question = ask->question,
        .answer = ask->answer,
        .client = client};
    client->begun = ask;
    client->part_count = 0;
    cql_writer_init(&client->values, client->values.at, client->values.capacity);
    cql_values(&client->values);
    return &client->values;
}

static void add_part(struct cql_client *client, uint32_t place)
{
    client->parts[client->part_count++] =
        (struct cql_ask_part){.place = place, .at = client->values.used};
}

/* The newest part has all values that there are from its beginning on. */
static void end_part(struct cql_client *client)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i + 1 < client->part_count; i++) {
        before += client->parts[i].value_count;
    }
    if (client->part_count > 0) {
        struct cql_ask_part *part = &client->parts[client->part_count - 1];
        part->size = client->values.used - part->at;
        part->value_count = client->values.values - before;
    }
}

struct cql_writer *cql_ask_begin(struct cql_client *client, struct cql_ask *ask, uint32_t place)
{
    struct cql_writer *values = begin(client, ask);
    const struct cql_statement *statement = statement_at(client, place);
    ask->statement = statement;
    ask->is_read = client->known[place].is_read;
    ask->is_repeatable = (statement->idempotent || ask->is_read) && !statement->serial;
    add_part(client, place);
    return values;
}

struct cql_writer *cql_ask_begin_plain(
    struct cql_client *client, struct cql_ask *ask, const struct cql_statement *statement)
{
    struct cql_writer *values = begin(client, ask);
    ask->statement = statement;
    ask->text = cht_str_of(cql_statement_text(client, statement->text, &ask->question));
    ask->is_read = cql_statement_reads(statement->text);
    ask->is_repeatable = (statement->idempotent || ask->is_read) && !statement->serial;
    return values;
}

struct cql_writer *cql_batch_begin(struct cql_client *client, struct cql_ask *ask)
{
    struct cql_writer *values = begin(client, ask);
    ask->is_batch = true;
    ask->is_repeatable = true;
    return values;
}

void cql_batch_add(struct cql_client *client, struct cql_ask *ask, uint32_t place)
{
    const struct cql_statement *statement = statement_at(client, place);
    CHECK(client->begun == ask);
    CHECK(ask->is_batch);
    CHECK(client->part_count < CQL_BATCH_STATEMENTS_MAX);
    end_part(client);
    if (!ask->statement) {
        ask->statement = statement;
    }
    ask->is_repeatable &= statement->idempotent && !statement->serial;
    add_part(client, place);
}

size_t cql_batch_bytes(const struct cql_client *client)
{
    return client->values.used;
}

/* The answer is empty, the deadline runs. */
static void begin_waiting(struct cql_client *client, struct asker *asker, struct cql_ask *ask)
{
    uint32_t deadline_ms = ask->deadline_ms ? ask->deadline_ms : client->limits.ask_ms;
    op_ask(&ask->op, asker);
    client->stats.asked++;
    ask->begun_ms = cql_now_ms(client);
    ask->columns = NULL;
    ask->cells = NULL;
    ask->column_count = 0;
    ask->rows = (struct cql_rows){0};
    ask->next_page = (struct cht_str){0};
    ask->applied = false;
    ask->failure = (struct cql_failure){.name = cql_failure_name(CQL_FAILURE_NONE)};
    ask->tries = ask->prepares = ask->avoided_count = 0;
    ask->may_be_done = ask->is_accepted = false;
    cql_ask_limit(ask, deadline_ms);
}

static void keep_values(struct cql_client *client, struct cql_ask *ask)
{
    end_part(client);
    ask->values = arena_copy(&ask->question, client->values.at, client->values.used);
    ask->values_size = client->values.used;
    ask->value_count = client->values.values;
    ask->part_count = client->part_count;
    ask->parts =
        arena_copy(&ask->question, client->parts, client->part_count * sizeof(client->parts[0]));
}

void cql_client_ask(struct cql_client *client, struct asker *asker, struct cql_ask *ask)
{
    CHECK(client->begun == ask);
    CHECK(!ask->is_batch || client->part_count > 0);
    bool fits = cql_end(&client->values);
    client->begun = NULL;
    begin_waiting(client, asker, ask);
    if (!fits) {
        cql_ask_refuse(ask, CQL_FAILURE_TOO_LARGE, ERR_TOO_LARGE);
        return;
    }
    keep_values(client, ask);
    ask->page = ask->paging_state;
    cql_dispatch(client, ask);
}

void cql_client_ask_page(struct cql_client *client, struct asker *asker, struct cql_ask *ask)
{
    CHECK(ask->client == client);
    CHECK(!ask->op.asked);
    CHECK(ask->next_page.size > 0);
    struct arena old = ask->answer;
    ask->answer = (struct arena){0};
    struct cht_str page = arena_str(&ask->answer, ask->next_page);
    arena_deinit(&old);
    begin_waiting(client, asker, ask);
    ask->page = page;
    cql_dispatch(client, ask);
}

bool cql_ask_next(struct cql_ask *ask)
{
    CHECK(!ask->op.asked);
    return ask->cells && cql_row_next(&ask->rows, ask->cells);
}

void cql_ask_deinit(struct cql_ask *ask)
{
    CHECK(!ask->op.asked);
    arena_deinit(&ask->question);
    arena_deinit(&ask->answer);
    *ask = (struct cql_ask){0};
}
