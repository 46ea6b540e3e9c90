#pragma once

/* sqlite_engine - the SQLite engines as the contract suites want them: a directory under the
 * system's temporary one. */

#include "contract.h"
#include "sqlite/data_sqlite.h"

struct contract_engine *sqlite_engine(void);

/* What `engine` works with, for tests of this engine alone. */
struct data_sqlite *sqlite_engine_data(struct contract_engine *engine);
const char *sqlite_engine_dir(struct contract_engine *engine);

/* What the next opening keeps of the disk. */
void sqlite_engine_reserve(struct contract_engine *engine, uint64_t bytes);

struct logger *sqlite_engine_logger(void);

/* A batch behind those before it, and user 1 in room 5, for tests that look at the files. */
void sqlite_engine_write(
    struct contract_engine *engine, const struct history_change *changes, uint32_t count);
void sqlite_engine_join(struct contract_engine *engine);

/* Removes a directory of plain files. */
void sqlite_engine_remove(const char *dir);
