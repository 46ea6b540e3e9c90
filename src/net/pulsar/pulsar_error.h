#pragma once

/* pulsar_error - errors that a broker answers: one table (pulsar_errors.def) says what to do about
 * each code. Whoever counts the attempts bounds them, and waits longer before each. */

#include <stdbool.h>
#include <stdint.h>

enum pulsar_action {
    PULSAR_RETRY,        /* again, after a new lookup */
    PULSAR_RETRY_SLOWLY, /* the same, after a longer wait */
    PULSAR_BUSY,         /* another one is there: pulsar_error_action */
    PULSAR_SIGN_IN,  /* report it; the connection may be tried again, slowly: a token may be new */
    PULSAR_DROP,     /* this message fails, those behind it go on */
    PULSAR_FATAL,    /* report it: asking again does not help */
    PULSAR_TERMINAL, /* the same, and the producer or consumer is of no use any more */
};

enum pulsar_error_code {
#define ERROR(code, name, action, fails_pending, word, text) PULSAR_ERROR_##name = (code),
#include "pulsar/pulsar_errors.def"
#undef ERROR
};

struct pulsar_error_row {
    uint32_t code;
    const char *name;
    const char *text; /* for people; never holds data of anybody */
    enum pulsar_action action;
    bool fails_pending; /* what a producer has sent and has no receipt of fails with it */
};

/* Never NULL: a code that is not in the table has a row for all such, which is retried. */
const struct pulsar_error_row *pulsar_error_row(uint32_t code);

/* The action of the row, where BUSY is decided: RETRY if the handle was open before (the other one
 * is its own former connection, which the broker has not missed yet), or has not tried for
 * PULSAR_BUSY_MS; else FATAL. */
enum pulsar_action pulsar_error_action(uint32_t code, bool was_open, uint64_t tried_ms);

/* So long a broker may take to miss a connection that is gone. */
#define PULSAR_BUSY_MS 10000
