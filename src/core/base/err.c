/* err - the error tables as arrays.
 *
 * Happy path: a row is looked up by its number. How it fails: a number that is no error is a broken
 * program. */

#include "base/err.h"

#include "base/check.h"

#define OVERLOADED_MS 1000
#define UNAVAILABLE_MS 200 /* an owner that changes is known again by then */

struct err_row {
    const char *name;
    const char *text;
    int http;
    enum err outer;
    bool retry;
};

static const struct err_row rows[ERR_COUNT] = {
    [OK] = {"ok", "Done.", 200, OK, false},
#define ERROR(id, wire, status, again, words)                                                      \
    [ERR_##id] = {.name = wire, .text = words, .http = status, .outer = ERR_##id, .retry = again},
#include "chattifier/errors.def"
#undef ERROR
#define INNER(id, wire, to, words) [ERR_##id] = {.name = wire, .text = words, .outer = ERR_##to},
#include "base/err.def"
#undef INNER
};

static const struct err_row *row_of(enum err err)
{
    CHECK(err < ERR_COUNT);
    return &rows[err];
}

const char *err_name(enum err err)
{
    return row_of(err)->name;
}

const char *err_text(enum err err)
{
    return row_of(err)->text;
}

enum err err_for_client(enum err err)
{
    return row_of(err)->outer;
}

int err_http_status(enum err err)
{
    return row_of(err_for_client(err))->http;
}

bool err_may_retry(enum err err)
{
    return row_of(err_for_client(err))->retry;
}

uint64_t err_wait_ms(enum err err, uint64_t known_ms)
{
    enum err outer = err_for_client(err);
    uint64_t usual_ms = outer == ERR_OVERLOADED    ? OVERLOADED_MS
                        : outer == ERR_UNAVAILABLE ? UNAVAILABLE_MS
                                                   : 0;
    return known_ms > 0 ? known_ms : usual_ms;
}
