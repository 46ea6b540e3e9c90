#pragma once

/* cql_writing - putting what the protocol is made of behind what a request has already.
 *
 * For the writers of this library only. What does not fit marks the request as failed; after that
 * nothing is put any more. */

#include "cql/cql_write.h"

void cql_put_bytes(struct cql_writer *writer, const void *bytes, size_t size);

/* The lowest `size` bytes of `number`, the highest of them first. */
void cql_put_number(struct cql_writer *writer, uint64_t number, size_t size);

/* Writes over what was put at `at`. */
void cql_patch(struct cql_writer *writer, size_t at, uint64_t number, size_t size);

/* The values of one statement are to follow. */
void cql_open_values(struct cql_writer *writer);
