#pragma once

/* err_json - an error as the body that HTTP clients get, in one place for all who refuse.
 *
 *     {"error":{"code", "message", "retry", "field"?, "retry_after_ms"?}} */

#include "base/err.h"
#include "chattifier/events.h"

struct err_json {
    enum err err;            /* becomes the client's error */
    const char *message;     /* NULL: the error's own words (err_words.h) */
    const char *field;       /* NULL: none */
    uint64_t retry_after_ms; /* 0: none */
};

/* Appends the object; whether it fits says `json`. 512 bytes are enough without a field, 1024 with
 * one of 64 bytes. */
void err_json_write(struct cht_json *json, const struct err_json *error);
