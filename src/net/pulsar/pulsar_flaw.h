#pragma once

/* pulsar_flaw - what can be wrong with bytes of a Pulsar broker, by name: one table
 * (pulsar_flaw.def) for all readers of this library. */

enum pulsar_flaw {
    PULSAR_FINE = 0,
#define FLAW(name, word, text) PULSAR_##name,
#include "pulsar/pulsar_flaw.def"
#undef FLAW
    PULSAR_FLAW_COUNT
};

/* The lower-case name: "trailing"; "fine" for PULSAR_FINE. Never NULL. */
const char *pulsar_flaw_name(enum pulsar_flaw flaw);

/* The sentence for people. Never NULL, never holds data of anybody. */
const char *pulsar_flaw_text(enum pulsar_flaw flaw);
