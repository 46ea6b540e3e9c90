/* reactions - see the header. Happy path: a row for each user and key, those that were taken back
 * too, which do not count. How it fails: a row that is not of this table is CORRUPT. */

#include "cassandra/reactions.h"

#include <stdlib.h>

void reactions_ask(struct cassandra *store, struct cql_ask *ask, const struct cht_id *room,
    uint64_t bucket, uint64_t first, uint64_t last)
{
    struct cql_writer *values = store_begin(store, ask, STORE_REACTIONS_GET);
    cql_put_uuid(values, *room);
    cells_put_u64(values, bucket);
    cells_put_u64(values, first);
    cells_put_u64(values, last);
}

static struct reaction_count *count_of(
    struct reaction_counts *counts, struct arena *arena, struct cht_str key)
{
    for (uint32_t i = 0; i < counts->count; i++) {
        if (cht_str_equal(counts->at[i].key, key)) {
            return &counts->at[i];
        }
    }
    counts->at = arena_grown(arena, counts->at, counts->count, sizeof(*counts->at));
    struct reaction_count *count = &counts->at[counts->count++];
    *count = (struct reaction_count){.key = arena_str(arena, key), .first_seq = UINT64_MAX};
    return count;
}

static uint32_t place_of(const struct history_message *messages, uint32_t count, uint64_t seq)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (messages[middle].seq < seq) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && messages[low].seq == seq ? low : UINT32_MAX;
}

enum err reactions_take(struct cql_ask *ask, const struct cht_id *reader, struct arena *arena,
    const struct history_message *messages, uint32_t count, struct reaction_counts *counts)
{
    struct cells cells = {.ask = ask};
    while (cql_ask_next(ask)) {
        uint32_t place = place_of(messages, count, cells_u64(&cells, 0));
        if (place == UINT32_MAX || !cells_flag(&cells, 3)) {
            continue;
        }
        struct reaction_count *found = count_of(&counts[place], arena, cells_lend_text(&cells, 1));
        struct cht_id user = cells_id(&cells, 2);
        uint64_t seq = cells_u64(&cells, 4);
        found->count++;
        found->first_seq = seq < found->first_seq ? seq : found->first_seq;
        found->me |= cht_id_equal(&user, reader);
    }
    return cells_err(&cells);
}

static int compare(const void *a, const void *b)
{
    const struct reaction_count *left = a, *right = b;
    return (left->first_seq > right->first_seq) - (left->first_seq < right->first_seq);
}

void reactions_finish(
    struct reaction_counts *counts, struct arena *arena, struct history_message *message)
{
    if (counts->count == 0) {
        return;
    }
    qsort(counts->at, counts->count, sizeof(*counts->at), compare);
    message->reactions = arena_array(arena, counts->count, sizeof(*message->reactions));
    message->reaction_count = counts->count;
    for (uint32_t i = 0; i < counts->count; i++) {
        const struct reaction_count *count = &counts->at[i];
        message->reactions[i] = (struct history_reaction){count->key, count->count, count->me};
    }
}
