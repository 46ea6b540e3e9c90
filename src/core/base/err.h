#pragma once

/* err - everything that can go wrong with the world.
 *
 * One table (chattifier/errors.def for what clients see, err.def for what stays inside). A function
 * that can fail returns `enum err` and is MUST_USE. No text travels with it: where an error is born
 * from outside, the engine logs the detail once. The other kind of wrong, a broken program, is
 * CHECK (check.h). */

#include <stdbool.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))

enum err {
    OK = 0,
#define ERROR(name, wire, http, retry, text) ERR_##name,
#include "chattifier/errors.def"
#undef ERROR
#define INNER(name, wire, outer, text) ERR_##name,
#include "base/err.def"
#undef INNER
    ERR_COUNT
};

/* The stable lower-case name: "bad_field"; "ok" for OK. Never NULL. */
const char *err_name(enum err err);

/* The fixed English sentence for people. Never NULL, never holds data of anybody. */
const char *err_text(enum err err);

/* The error of the closed client table that `err` becomes at the edge; client errors and OK are
 * themselves. */
enum err err_for_client(enum err err);

/* HTTP status of the client error; 200 for OK. */
int err_http_status(enum err err);

/* True if the same request may succeed later without a change. */
bool err_may_retry(enum err err);

/* How long to wait before that: `known_ms`, or where nobody knows (0) and the state passes by
 * itself, a little. 0: nothing is said. */
uint64_t err_wait_ms(enum err err, uint64_t known_ms);
