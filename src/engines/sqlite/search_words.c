/* search_words - see search_words.h.
 *
 * Happy path: each word is quoted; the tokens of the last one are those that the index would make
 * of it, and the words of the index that begin like the last token are found one by one, each with
 * a look. Inside quotes nothing has a meaning but the quote, which is doubled. How it fails: a word
 * without a token is left out; if there is none with one, nothing can be found. */

#include "search_words.h"

#include <string.h>

#include "store.h"

/* Words of the index that are named instead of their beginning. */
#define NAMED_MAX 16u

/* ---- tokens */

struct tokens {
    struct arena *arena;
    uint32_t count;
    struct cht_str lead; /* all but the last, with a blank behind each */
    struct cht_str last;
};

static struct cht_str joined(struct arena *arena, struct cht_str a, struct cht_str b, char end)
{
    char *out = arena_take_raw(arena, (size_t)a.size + b.size + 1);
    if (a.size > 0) {
        memcpy(out, a.at, a.size);
    }
    memcpy(out + a.size, b.at, b.size);
    out[a.size + b.size] = end;
    return (struct cht_str){out, a.size + b.size + 1};
}

static int on_token(void *context, int flags, const char *token, int size, int start, int end)
{
    struct tokens *tokens = context;
    (void)flags;
    (void)start;
    (void)end;
    if (tokens->count > 0) {
        tokens->lead = joined(tokens->arena, tokens->lead, tokens->last, ' ');
    }
    tokens->last = arena_str(tokens->arena, (struct cht_str){token, (uint32_t)size});
    tokens->count++;
    return SQLITE_OK;
}

struct tokenizer {
    fts5_tokenizer calls;
    Fts5Tokenizer *made; /* NULL: a failure was noted */
};

static fts5_api *api_of(struct db *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db->handle, "SELECT fts5(?1)", -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_pointer(statement, 1, (void *)&api, "fts5_api_ptr", NULL);
    }
    if (rc == SQLITE_OK) {
        (void)sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement);
    return api;
}

/* The one of the index (store_schema.c). */
static void open_tokenizer(struct db *db, struct tokenizer *tokenizer)
{
    static const char *options[] = {"remove_diacritics", "2"};
    fts5_api *api = api_of(db);
    void *context = NULL;
    tokenizer->made = NULL;
    int rc = api != NULL ? api->xFindTokenizer(api, "unicode61", &context, &tokenizer->calls)
                         : SQLITE_ERROR;
    if (rc == SQLITE_OK) {
        rc = tokenizer->calls.xCreate(context, options, 2, &tokenizer->made);
    }
    db_note(db, rc);
}

static void close_tokenizer(struct tokenizer *tokenizer)
{
    if (tokenizer->made != NULL) {
        tokenizer->calls.xDelete(tokenizer->made);
    }
}

static struct tokens tokens_of(
    const struct tokenizer *tokenizer, struct arena *arena, struct cht_str word)
{
    struct tokens tokens = {.arena = arena};
    if (tokenizer->made != NULL) {
        (void)tokenizer->calls.xTokenize(
            tokenizer->made, &tokens, FTS5_TOKENIZE_QUERY, word.at, (int)word.size, on_token);
    }
    return tokens;
}

/* ---- the words of the index that begin so */

/* No token has these bytes, so they are behind a word, and behind all that begin with it. */
#define BEHIND_WORD '\x01'
#define BEHIND_BEGINNING '\xff'

static bool next_term(struct db *db, struct arena *arena, struct cht_str from, struct cht_str end,
    struct cht_str *ret)
{
    struct query q = db_query(db, STORE_SEARCH_TERM);
    query_text(&q, from);
    query_text(&q, end);
    bool found = query_row(&q);
    if (found) {
        *ret = query_get_str(&q, 0, arena);
    }
    query_end(&q);
    return found;
}

/* Up to NAMED_MAX + 1. */
static uint32_t find_terms(
    struct db *db, struct arena *arena, struct cht_str beginning, struct cht_str *ret_terms)
{
    const struct cht_str none = {NULL, 0};
    struct cht_str from = beginning;
    struct cht_str end = joined(arena, none, beginning, BEHIND_BEGINNING);
    uint32_t count = 0;
    while (count <= NAMED_MAX && next_term(db, arena, from, end, &ret_terms[count])) {
        from = joined(arena, none, ret_terms[count], BEHIND_WORD);
        count++;
    }
    return count;
}

/* ---- the formula */

struct formula {
    struct arena *arena;
    char *at;
    size_t used, size;
};

static void put_bytes(struct formula *formula, const char *bytes, size_t size)
{
    if (formula->used + size > formula->size) {
        size_t larger = (formula->used + size) * 2;
        char *at = arena_take_raw(formula->arena, larger);
        if (formula->used > 0) {
            memcpy(at, formula->at, formula->used);
        }
        formula->at = at;
        formula->size = larger;
    }
    if (size > 0) {
        memcpy(formula->at + formula->used, bytes, size);
        formula->used += size;
    }
}

static void put(struct formula *formula, const char *text)
{
    put_bytes(formula, text, strlen(text));
}

static void put_inside(struct formula *formula, struct cht_str text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        put_bytes(formula, &text.at[i], 1);
        if (text.at[i] == '"') {
            put_bytes(formula, "\"", 1);
        }
    }
}

static void put_word(struct formula *formula, struct cht_str lead, struct cht_str word)
{
    put(formula, "\"");
    put_inside(formula, lead);
    put_inside(formula, word);
    put(formula, "\"");
}

/* The next word behind `*at`; empty at the end. */
static struct cht_str next_word(struct cht_str q, uint32_t *at)
{
    while (*at < q.size && (uint8_t)q.at[*at] <= ' ') {
        (*at)++;
    }
    uint32_t from = *at;
    while (*at < q.size && (uint8_t)q.at[*at] > ' ') {
        (*at)++;
    }
    return (struct cht_str){q.at + from, *at - from};
}

/* All words with tokens but the last, and the tokens of that. */
static struct tokens put_words(const struct tokenizer *tokenizer, struct cht_str q,
    struct formula *formula, uint32_t *ret_terms)
{
    struct tokens last = {0};
    struct cht_str held = {NULL, 0};
    uint32_t at = 0;
    *ret_terms = 0;
    for (struct cht_str word = next_word(q, &at); word.size > 0; word = next_word(q, &at)) {
        struct tokens tokens = tokens_of(tokenizer, formula->arena, word);
        if (tokens.count == 0) {
            continue;
        }
        if (last.count > 0) {
            put_word(formula, (struct cht_str){NULL, 0}, held);
            put(formula, " AND ");
            *ret_terms += last.count;
        }
        held = word;
        last = tokens;
    }
    return last;
}

static void put_named(struct formula *formula, const struct tokens *last,
    const struct cht_str *terms, uint32_t term_count)
{
    put(formula, "(");
    for (uint32_t i = 0; i < term_count; i++) {
        put(formula, i > 0 ? " OR " : "");
        put_word(formula, last->lead, terms[i]);
    }
    put(formula, ")");
}

void search_words_read(
    struct db *db, struct arena *arena, struct cht_str q, struct search_words *ret_words)
{
    struct cht_str terms[NAMED_MAX + 1];
    struct formula formula = {.arena = arena};
    struct tokenizer tokenizer;
    *ret_words = (struct search_words){0};
    open_tokenizer(db, &tokenizer);
    struct tokens last = put_words(&tokenizer, q, &formula, &ret_words->terms);
    close_tokenizer(&tokenizer);
    uint32_t found = last.count > 0 ? find_terms(db, arena, last.last, terms) : 0;
    if (found == 0) {
        return;
    }
    ret_words->terms += found * last.count;
    ret_words->is_beginning = found > NAMED_MAX;
    if (ret_words->is_beginning) {
        put_word(&formula, last.lead, last.last);
        put(&formula, "*");
    } else {
        put_named(&formula, &last, terms, found);
    }
    ret_words->match = (struct cht_str){formula.at, (uint32_t)formula.used};
}
