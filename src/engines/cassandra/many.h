#pragma once

/* many - many statements, some at a time: one op for whoever waits for all of them.
 *
 * `ask` begins the next question and puts its values; it is given a number, from 0 up. `take`, if
 * there is one, reads an answer that was OK, page after page. The first error stops it; what is
 * under way is waited for. Answers come in any order. */

#include "cassandra/inner.h"

#define MANY_WINDOW 32u

struct many {
    struct op op; /* OK when all are done */
    struct asker asker;
    struct cassandra *store;
    /* False: there is no such question, the one before was the last. */
    bool (*ask)(struct many *many, struct cql_ask *ask, uint32_t number);
    enum err (*take)(struct many *many, struct cql_ask *ask, uint32_t number);
    struct cql_ask *asks;
    uint32_t numbers[MANY_WINDOW];
    uint32_t window, next, pending;
    bool is_over;
    enum err err;
};

/* `count` is how many there are at most, if that is known; else UINT32_MAX. Ready to be asked
 * again when answered. */
void many_ask(struct many *many, struct cassandra *store, struct asker *asker, uint32_t count);

/* Not while it is asked. A zeroed one is fine. */
void many_deinit(struct many *many);
