/* search_order - what a transaction does to the search index, in the order of places.
 *
 * The index gathers words in memory while the places it is given ascend; at each that does not it
 * writes a segment. Records come as they were said, through all rooms, so every second one would.
 *
 * Happy path: changes are remembered while records are applied, sorted by place before the commit,
 * and run; of one place they keep their order. How it fails: the transaction does, and with it all
 * of them. */

#include <stdlib.h>

#include "base/mem.h"
#include "store.h"

static void add(
    struct store_state *state, enum store_statement statement, uint64_t place, struct cht_str text)
{
    struct search_order *order = &state->search;
    if (order->count == order->capacity) {
        order->capacity = order->capacity > 0 ? order->capacity * 2 : 64;
        order->at = mem_resize(order->at, order->capacity * sizeof(*order->at));
    }
    order->at[order->count] = (struct search_change){place, order->count, statement, text};
    order->count++;
}

void search_order_put(struct store_state *state, uint64_t place, struct cht_str text)
{
    add(state, STORE_SEARCH_PUT, place, text);
}

void search_order_drop(struct store_state *state, uint64_t place, struct cht_str text)
{
    add(state, STORE_SEARCH_DROP, place, arena_str(&state->search.texts, text));
}

static int compare(const void *a, const void *b)
{
    const struct search_change *one = a, *other = b;
    if (one->place != other->place) {
        return one->place < other->place ? -1 : 1;
    }
    return one->number < other->number ? -1 : 1;
}

void search_order_run(struct data_writer *writer)
{
    struct search_order *order = &((struct store_state *)writer->state)->search;
    if (order->count > 1) {
        qsort(order->at, order->count, sizeof(*order->at), compare);
    }
    for (uint32_t i = 0; i < order->count; i++) {
        struct query q = db_query(&writer->db, order->at[i].statement);
        query_u64(&q, order->at[i].place);
        query_text(&q, order->at[i].text);
        query_run(&q);
    }
    order->count = 0;
    arena_reset(&order->texts);
}

void search_order_deinit(struct store_state *state)
{
    mem_free(state->search.at);
    arena_deinit(&state->search.texts);
}
