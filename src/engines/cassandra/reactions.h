#pragma once

/* reactions - rows of reactions, counted by message and key. */

#include "cassandra/call.h"
#include "ports/history.h"

struct reaction_count {
    struct cht_str key;
    uint64_t count, first_seq; /* the oldest of those that are there */
    bool me;
};

struct reaction_counts {
    struct reaction_count *at;
    uint32_t count;
};

void reactions_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    uint64_t bucket, uint64_t first, uint64_t last);

/* Adds the rows of the ask; `messages` are ascending, each has its place in `counts`. */
enum err reactions_take(struct cql_ask *ask, const struct cht_id *reader, struct arena *arena,
    const struct history_message *messages, uint32_t count, struct reaction_counts *counts);

/* In the order in which they came to be. */
void reactions_finish(
    struct reaction_counts *counts, struct arena *arena, struct history_message *message);
