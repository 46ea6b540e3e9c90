/* cql_flaw - the table of flaws, as texts. It does not fail: what is not in the enum is a defect of
 * the caller. */

#include "cql/cql_flaw.h"

#include "base/check.h"

static const struct {
    const char *name;
    const char *text;
} rows[CQL_FLAW_COUNT] = {
    {"fine", "Nothing is wrong."},
#define FLAW(name, word, text) {word, text},
#include "cql/cql_flaw.def"
#undef FLAW
};

const char *cql_flaw_name(enum cql_flaw flaw)
{
    CHECK(flaw < CQL_FLAW_COUNT);
    return rows[flaw].name;
}

const char *cql_flaw_text(enum cql_flaw flaw)
{
    CHECK(flaw < CQL_FLAW_COUNT);
    return rows[flaw].text;
}
