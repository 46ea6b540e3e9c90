#pragma once

/* cql_flaw - what can be wrong with bytes of a Cassandra node, by name: one table (cql_flaw.def)
 * for all readers of this library. */

enum cql_flaw {
    CQL_FINE = 0,
#define FLAW(name, word, text) CQL_##name,
#include "cql/cql_flaw.def"
#undef FLAW
    CQL_FLAW_COUNT
};

/* The lower-case name: "trailing"; "fine" for CQL_FINE. Never NULL. */
const char *cql_flaw_name(enum cql_flaw flaw);

/* The sentence for people. Never NULL, never holds data of anybody. */
const char *cql_flaw_text(enum cql_flaw flaw);
