/* search_sqlite - words in the messages of one's rooms.
 *
 * Happy path: each word of the question is quoted, the last one matches as a beginning; the index
 * answers places, which are joined with the asker's rooms, so nobody finds what they may not read.
 * How it fails: a question without words finds nothing; one that would walk through too much is
 * stopped and answered OVERLOADED. */

#include "store.h"

/* Steps of SQLite's machine between two calls, and how many calls a search may have: about a
 * second. */
#define STEPS_PER_CALL 10000
#define CALLS_MAX 4000

static int on_steps(void *argument)
{
    int *left = argument;
    return --*left <= 0;
}

/* `"word" "word" "wor"*`: inside quotes nothing has a meaning but the quote, which is doubled. */
static struct cht_str quote_words(struct arena *arena, struct cht_str q)
{
    char *out = arena_take(arena, (size_t)q.size * 4 + 4);
    uint32_t used = 0;
    bool in_word = false;
    for (uint32_t i = 0; i < q.size; i++) {
        char byte = q.at[i];
        bool space = (uint8_t)byte <= ' ';
        if (space == in_word) {
            out[used++] = '"';
            if (space) {
                out[used++] = ' ';
            }
            in_word = !space;
        }
        if (!space) {
            out[used++] = byte;
            if (byte == '"') {
                out[used++] = '"';
            }
        }
    }
    if (in_word) {
        out[used++] = '"';
        out[used++] = '*';
    }
    return (struct cht_str){out, used};
}

static void read_hits(struct db *db, struct history_search_op *op, struct cht_str words)
{
    struct query q = db_query(db, cht_id_is_none(&op->room) ? STORE_SEARCH_ALL : STORE_SEARCH_ROOM);
    query_text(&q, words);
    query_id(&q, &op->user);
    query_id(&q, &op->room);
    query_u64(&q, (uint64_t)op->limit + 1);
    query_u64(&q, op->skip > INT64_MAX ? INT64_MAX : op->skip);
    while (query_row(&q)) {
        if (op->count == op->limit) {
            op->more = true;
            break;
        }
        struct history_message message;
        store_get_message(&q, 1, &op->arena, &message);
        op->hits[op->count++] = (struct history_hit){
            query_get_id(&q, 0), message.seq, message.n, message.ts, message.from, message.text};
    }
    query_end(&q);
}

static enum err run(struct op *asked, struct db *db)
{
    struct history_search_op *op = container_of(asked, struct history_search_op, op);
    int left = CALLS_MAX;
    arena_reset(&op->arena);
    op->hits = arena_array(&op->arena, op->limit, sizeof(*op->hits));
    op->count = 0;
    op->more = false;
    struct cht_str words = quote_words(&op->arena, op->q);
    if (words.size == 0) {
        return OK;
    }
    sqlite3_progress_handler(db->handle, STEPS_PER_CALL, on_steps, &left);
    read_hits(db, op, words);
    sqlite3_progress_handler(db->handle, 0, NULL, NULL);
    enum err err = db_err(db);
    return left <= 0 ? ERR_OVERLOADED : err;
}

enum err store_run_search(struct op *asked, struct db_job *job, void *thread)
{
    (void)job;
    struct data_reader *reader = thread;
    enum err err = run(asked, &reader->store);
    atomic_fetch_sub(&reader->data->searching, 1);
    return err;
}
