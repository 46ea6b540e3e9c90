/* many - see the header.
 *
 * Happy path: a window of asks, each of which goes on to its next page or to the next question when
 * it is answered. How it fails: nothing new is asked after the first error. */

#include "cassandra/many.h"

#include "base/check.h"
#include "base/mem.h"

static void ask_next(struct many *many, struct cql_ask *ask)
{
    if (many->is_over || many->err != OK) {
        return;
    }
    uint32_t number = many->next;
    if (!many->ask(many, ask, number)) {
        many->is_over = true;
        return;
    }
    many->next++;
    many->numbers[ask - many->asks] = number;
    many->pending++;
    cql_client_ask(many->store->client, &many->asker, ask);
}

static enum err take(struct many *many, struct cql_ask *ask)
{
    if (ask->op.err != OK || !many->take) {
        return ask->op.err;
    }
    return many->take(many, ask, many->numbers[ask - many->asks]);
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct many *many = container_of(asker, struct many, asker);
    struct cql_ask *ask = container_of(op, struct cql_ask, op);
    enum err err = take(many, ask);
    many->pending--;
    if (err != OK && many->err == OK) {
        many->err = err;
    }
    if (many->err == OK && many->take && ask->next_page.size) {
        many->pending++;
        cql_client_ask_page(many->store->client, &many->asker, ask);
    } else {
        ask_next(many, ask);
    }
    if (many->pending == 0) {
        op_answer(&many->op, many->err);
    }
}

static void make_window(struct many *many, uint32_t count)
{
    uint32_t window = count < MANY_WINDOW ? count : MANY_WINDOW;
    if (window > many->window) {
        many_deinit(many);
        many->asks = mem_array(window, sizeof(*many->asks));
        many->window = window;
    }
}

void many_ask(struct many *many, struct cassandra *store, struct asker *asker, uint32_t count)
{
    op_ask(&many->op, asker);
    make_window(many, count);
    many->asker.on_answer = on_answer;
    many->store = store;
    many->next = many->pending = 0;
    many->is_over = false;
    many->err = OK;
    for (uint32_t i = 0; i < many->window; i++) {
        ask_next(many, &many->asks[i]);
    }
    if (many->pending == 0) {
        op_answer_later(&many->op, store->world->loop, OK);
    }
}

void many_deinit(struct many *many)
{
    CHECK(!many->op.asked || many->pending == 0);
    for (uint32_t i = 0; i < many->window; i++) {
        cql_ask_deinit(&many->asks[i]);
    }
    mem_free(many->asks);
    many->asks = NULL;
    many->window = 0;
}
