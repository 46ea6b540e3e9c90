/* pages - see the header. Happy path: the bucket at the end where the page begins, then its
 * neighbours. How it fails: as Cassandra does. */

#include "cassandra/pages.h"

#define SEQ_MAX ((uint64_t)INT64_MAX)

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void pages_begin(
    struct pages *pages, enum history_bound bound, uint64_t seq, uint64_t from_seq, uint64_t head)
{
    uint64_t last = head ? head : ROOM_BUCKET_SEQS - 1;
    pages->first = smaller(larger(from_seq, 1), SEQ_MAX);
    pages->end = (room_bucket(last) + 1) * ROOM_BUCKET_SEQS;
    pages->is_down = bound != HISTORY_AFTER;
    if (bound == HISTORY_BEFORE) {
        pages->end = smaller(pages->end, seq);
    } else if (bound == HISTORY_AFTER) {
        pages->first = larger(pages->first, smaller(seq, SEQ_MAX - 1) + 1);
    }
    pages->is_over = pages->first >= pages->end;
    pages->bucket = room_bucket(pages->is_down && pages->end ? pages->end - 1 : pages->first);
}

static void ask_bucket(struct pages *pages, struct call *call, struct cql_ask *ask)
{
    struct cql_writer *values =
        store_begin(call->store, ask, pages->is_down ? pages->down : pages->up);
    cql_put_uuid(values, pages->room);
    cells_put_u64(values, pages->bucket);
    cells_put_u64(values, pages->first);
    cells_put_u64(values, pages->end);
    ask->page_rows = pages->page_rows;
    call_ask(call, ask);
}

void pages_ask(struct pages *pages, struct call *call, struct cql_ask *ask)
{
    if (!pages->is_over) {
        ask_bucket(pages, call, ask);
    }
}

static bool is_last_bucket(const struct pages *pages)
{
    return pages->bucket == room_bucket(pages->is_down ? pages->first : pages->end - 1);
}

void pages_go_on(struct pages *pages, struct call *call, struct cql_ask *ask)
{
    if (pages->is_over) {
        return;
    }
    if (ask->next_page.size) {
        call_more(call, ask);
    } else if (is_last_bucket(pages)) {
        pages->is_over = true;
    } else {
        pages->bucket = pages->is_down ? pages->bucket - 1 : pages->bucket + 1;
        ask_bucket(pages, call, ask);
        flow_again(&call->flow);
    }
}
