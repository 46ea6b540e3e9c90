/* cql_text - texts of statements, and the words of the client's own tables.
 *
 * Happy path: "{keyspace}" becomes the keyspace, in quotes, so that its letters stay as they are.
 * How it fails: it can not; the keyspace was looked through when the client was made. */

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "cql_client/cql_inner.h"

#define MARK "{keyspace}"

const char *cql_statement_text(
    const struct cql_client *client, const char *text, struct arena *arena)
{
    const char *keyspace = client->options.keyspace;
    size_t keyspace_size = strlen(keyspace);
    size_t most = strlen(text) + 1;
    for (const char *at = text; (at = strstr(at, MARK)); at += strlen(MARK)) {
        most += keyspace_size + 2;
    }
    char *whole = arena_take(arena, most);
    char *end = whole;
    for (const char *mark; (mark = strstr(text, MARK)); text = mark + strlen(MARK)) {
        end = mempcpy(end, text, (size_t)(mark - text));
        *end++ = '"';
        end = mempcpy(end, keyspace, keyspace_size);
        *end++ = '"';
    }
    memcpy(end, text, strlen(text) + 1);
    return whole;
}

bool cql_statement_reads(const char *text)
{
    static const char word[] = "SELECT";
    text += strspn(text, " \t\r\n");
    return strncasecmp(text, word, strlen(word)) == 0;
}

/* ---- words */

struct words {
    const char *name, *text;
};

static const struct words failures[CQL_FAILURES] = {
    [CQL_FAILURE_NONE] = {"none", "It was answered OK."},
#define FAILURE(id, word, words) [CQL_FAILURE_##id] = {word, words},
#include "cql_client/cql_failures.def"
#undef FAILURE
};

static const struct words news[CQL_NEWS] = {
#define NEWS(id, word, words) [CQL_NEWS_##id] = {word, words},
#include "cql_client/cql_news.def"
#undef NEWS
};

static const struct words *words_at(const struct words *table, size_t count, size_t place)
{
    CHECK(place < count);
    return &table[place];
}

const char *cql_failure_name(enum cql_failure_kind kind)
{
    return words_at(failures, CQL_FAILURES, kind)->name;
}

const char *cql_failure_text(enum cql_failure_kind kind)
{
    return words_at(failures, CQL_FAILURES, kind)->text;
}

const char *cql_news_name(enum cql_news_kind kind)
{
    return words_at(news, CQL_NEWS, kind)->name;
}

const char *cql_news_text(enum cql_news_kind kind)
{
    return words_at(news, CQL_NEWS, kind)->text;
}

static const struct cql_error_at {
    const char *name;
    uint32_t code;
} errors[] = {
#define ERROR(number, id, fields, action, done, closes, word, text) {word, number},
#include "cql/cql_errors.def"
#undef ERROR
    {"other", UINT32_MAX}};

#define ERRORS (sizeof(errors) / sizeof(errors[0]))
static_assert(ERRORS <= sizeof(((struct cql_client_stats *)0)->errors) / sizeof(uint64_t),
    "a place for each");

const char *cql_client_error_name(uint32_t place)
{
    return place < ERRORS ? errors[place].name : NULL;
}

uint32_t cql_client_error_code(uint32_t place)
{
    CHECK(place < ERRORS);
    return errors[place].code;
}

void cql_tell(struct cql_client *client, enum cql_news_kind kind, const struct net_address *node,
    const char *detail, uint64_t retry_ms)
{
    struct cql_client_handler *handler = client->options.handler;
    if (handler && handler->on_news) {
        struct cql_news told = {.kind = kind, .detail = detail ? detail : "", .retry_ms = retry_ms};
        if (node) {
            told.node = *node;
        }
        handler->on_news(handler, &told);
    }
}
