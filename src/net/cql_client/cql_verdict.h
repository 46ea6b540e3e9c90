#pragma once

/* cql_verdict - what follows when a try of an ask has ended without a result.
 *
 * Pure: an error of a node, the loss of its connection, or its deadline, and what is known about
 * the ask, become one of five things to do, and the answer in case it is to be answered. Nothing is
 * hoped for: what may have happened and must not be repeated is UNKNOWN, for ever. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "cql/cql_error.h"

enum cql_next {
    CQL_NEXT_ANSWER,
    CQL_NEXT_SAME_NODE,
    CQL_NEXT_OTHER_NODE,
    CQL_NEXT_LATER,   /* after a moment, on any node */
    CQL_NEXT_PREPARE, /* the statement again, on this connection */
};

/* An ask, at the end of a try. */
struct cql_trial {
    bool is_read;       /* it changes nothing */
    bool is_repeatable; /* doing it twice is as doing it once */
    bool is_conditional;
    bool may_be_done; /* by a try before this one */
    bool is_pinned;   /* no other connection will do */
    bool is_settling; /* the schema has just changed */
    uint8_t tries;    /* this one counted */
    uint8_t tries_max;
    uint8_t prepares; /* so often did a node forget its statement */
};

struct cql_verdict {
    enum cql_next next;
    enum err err;     /* of ANSWER */
    bool may_be_done; /* by now */
};

struct cql_verdict cql_verdict_error(const struct cql_trial *trial, const struct cql_error *error);

/* The same for an error of PREPARE, which changes nothing. */
struct cql_verdict cql_verdict_unprepared(
    const struct cql_trial *trial, const struct cql_error *error);

/* `has_left`: some of its bytes may have arrived. If not, it was no try. */
struct cql_verdict cql_verdict_lost(const struct cql_trial *trial, bool has_left);

/* Its answer breaks the protocol: it was done, or it was not. */
struct cql_verdict cql_verdict_broken(const struct cql_trial *trial);

/* Its deadline has come. `is_sent`: it is on its way. */
enum err cql_verdict_late(const struct cql_trial *trial, bool is_sent);
