/* cql_verdict - one question after the other: may it have happened, may it be repeated, where.
 *
 * Happy path: the codec's table says what follows an error, this bounds it and names the answer.
 * How it fails: it can not. */

#include "cql_client/cql_verdict.h"

#include "cql/cql_consistency.h"

#define PREPARES_MAX 2u

/* More than one other node is not asked: they see the same replicas. */
#define UNAVAILABLE_TRIES_MAX 2u

static enum err err_of_read(uint32_t code)
{
    switch (code) {
    case CQL_ERROR_ALREADY_EXISTS:
        return ERR_TAKEN;
    case CQL_ERROR_OVERLOADED:
        return ERR_OVERLOADED;
    case CQL_ERROR_PROTOCOL:
    case CQL_ERROR_AUTH:
    case CQL_ERROR_FUNCTION_FAILURE:
    case CQL_ERROR_SYNTAX:
    case CQL_ERROR_UNAUTHORIZED:
    case CQL_ERROR_INVALID:
    case CQL_ERROR_CONFIG:
        return ERR_BAD_CONFIG;
    default:
        return ERR_UNAVAILABLE;
    }
}

static struct cql_verdict answer(bool may_be_done, enum err err)
{
    return (struct cql_verdict){CQL_NEXT_ANSWER, may_be_done ? ERR_UNKNOWN : err, may_be_done};
}

static bool may_go_on(const struct cql_trial *trial, uint32_t code)
{
    unsigned most = trial->tries_max;
    if (code == CQL_ERROR_UNAVAILABLE && most > UNAVAILABLE_TRIES_MAX) {
        most = UNAVAILABLE_TRIES_MAX;
    }
    return !trial->is_pinned && trial->tries < most;
}

/* A replica that does not know the new table yet says "write failure"; version 4 has no reason. */
static bool passes_by_itself(const struct cql_trial *trial, uint32_t code)
{
    return code == CQL_ERROR_WRITE_FAILURE && trial->is_settling && trial->is_repeatable &&
           !trial->is_pinned;
}

/* A condition is agreed on first, then written. Too few replicas for the agreement are told with
 * its consistency, and nothing was done; too few for the write are told with that of the write,
 * when it was agreed on already. */
static bool was_agreed_on(const struct cql_trial *trial, const struct cql_error *error)
{
    return trial->is_conditional && error->row->code == CQL_ERROR_UNAVAILABLE &&
           error->consistency != CQL_SERIAL && error->consistency != CQL_LOCAL_SERIAL;
}

static struct cql_verdict follow(const struct cql_trial *trial, const struct cql_error *error,
    enum cql_action action, bool may_be_done)
{
    struct cql_verdict verdict = {CQL_NEXT_ANSWER, OK, may_be_done};
    bool goes_on = may_go_on(trial, error->row->code);
    if (passes_by_itself(trial, error->row->code)) {
        verdict.next = CQL_NEXT_LATER;
    } else if (action == CQL_REPREPARE && trial->prepares < PREPARES_MAX) {
        verdict.next = CQL_NEXT_PREPARE;
    } else if (action == CQL_RETRY_SAME && goes_on) {
        verdict.next = CQL_NEXT_SAME_NODE;
    } else if (action == CQL_NEXT_HOST && goes_on) {
        verdict.next =
            error->row->code == CQL_ERROR_OVERLOADED ? CQL_NEXT_LATER : CQL_NEXT_OTHER_NODE;
    } else {
        verdict = answer(may_be_done, err_of_read(error->row->code));
    }
    return verdict;
}

struct cql_verdict cql_verdict_error(const struct cql_trial *trial, const struct cql_error *error)
{
    bool may_be_done =
        trial->may_be_done || (!trial->is_read && error->row->done == CQL_MAYBE_DONE);
    if (was_agreed_on(trial, error)) {
        return answer(true, ERR_UNKNOWN);
    }
    return follow(trial, error, cql_error_action(error, trial->is_repeatable), may_be_done);
}

struct cql_verdict cql_verdict_unprepared(
    const struct cql_trial *trial, const struct cql_error *error)
{
    return follow(trial, error, cql_error_action(error, true), trial->may_be_done);
}

struct cql_verdict cql_verdict_lost(const struct cql_trial *trial, bool has_left)
{
    bool may_be_done = trial->may_be_done || (has_left && !trial->is_read);
    bool goes_on = !has_left || (trial->is_repeatable && trial->tries < trial->tries_max);
    if (goes_on && !trial->is_pinned) {
        return (struct cql_verdict){CQL_NEXT_OTHER_NODE, OK, may_be_done};
    }
    return answer(may_be_done, ERR_UNAVAILABLE);
}

struct cql_verdict cql_verdict_broken(const struct cql_trial *trial)
{
    return answer(trial->may_be_done || !trial->is_read, ERR_CORRUPT);
}

enum err cql_verdict_late(const struct cql_trial *trial, bool is_sent)
{
    bool may_be_done = trial->may_be_done || (is_sent && !trial->is_read);
    return may_be_done ? ERR_UNKNOWN : ERR_UNAVAILABLE;
}
