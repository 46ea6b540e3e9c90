/* pulsar_error - the table of errors.
 *
 * Happy path: a code has a row. How it fails: one that is not known has the row of all such. */

#include "pulsar/pulsar_error.h"

static const struct pulsar_error_row rows[] = {
#define ERROR(code, name, action, fails, word, text) [code] = {code, word, text, action, fails},
#include "pulsar/pulsar_errors.def"
#undef ERROR
};

static const struct pulsar_error_row other = {
    UINT32_MAX, "other", "The broker is newer than this table.", PULSAR_RETRY, false};

const struct pulsar_error_row *pulsar_error_row(uint32_t code)
{
    return code < sizeof(rows) / sizeof(rows[0]) ? &rows[code] : &other;
}

enum pulsar_action pulsar_error_action(uint32_t code, bool was_open, uint64_t tried_ms)
{
    enum pulsar_action action = pulsar_error_row(code)->action;
    if (action != PULSAR_BUSY) {
        return action;
    }
    return was_open || tried_ms < PULSAR_BUSY_MS ? PULSAR_RETRY : PULSAR_FATAL;
}
