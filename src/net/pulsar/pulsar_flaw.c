/* pulsar_flaw - the table of flaws, as texts. It does not fail: what is not in the enum is a defect
 * of the caller. */

#include "pulsar/pulsar_flaw.h"

#include "base/check.h"

static const struct {
    const char *name;
    const char *text;
} rows[PULSAR_FLAW_COUNT] = {
    {"fine", "Nothing is wrong."},
#define FLAW(name, word, text) {word, text},
#include "pulsar/pulsar_flaw.def"
#undef FLAW
};

const char *pulsar_flaw_name(enum pulsar_flaw flaw)
{
    CHECK(flaw < PULSAR_FLAW_COUNT);
    return rows[flaw].name;
}

const char *pulsar_flaw_text(enum pulsar_flaw flaw)
{
    CHECK(flaw < PULSAR_FLAW_COUNT);
    return rows[flaw].text;
}
