#pragma once

/* cql_answer - answers of a node for the tests: recorded ones, parts of them, and made ones. */

#include "cql_case.h"

#include "cql/cql_result.h"

struct answer {
    struct cql_header header;
    struct sized body; /* inflated, and not one byte more */
    struct cql_response response;
    enum cql_flaw flaw; /* of opening it */
};

/* Free each with answer_free. */
struct answer answer_recorded(const char *name);
struct answer answer_made(enum cql_opcode opcode, uint8_t flags, const char *body_hex);
/* The same, with the first `size` bytes of its body, or with zeros behind it. */
struct answer answer_resized(const struct answer *answer, size_t size);
void answer_free(struct answer *answer);

/* Opens and reads it by its opcode and kind, each row too; answers the flaw. `known_columns` are
 * those that rows without columns are taken to have. */
enum cql_flaw answer_read(const struct answer *answer, uint32_t known_columns);

/* Fails the test unless the answer is read as `flaw`. */
void assert_read(enum cql_opcode opcode, const char *body_hex, enum cql_flaw flaw);

/* Reads an answer of its kind, which has to be right. */
struct cql_rows answer_rows(const struct answer *answer, struct cql_column *columns);

void assert_text(struct cht_str text, const char *wanted);
