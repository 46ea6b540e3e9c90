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

/* SQL on a file, while the engine is closed. */
void sqlite_engine_run(struct contract_engine *engine, const char *file, const char *text);

/* SQL that gives store.db the entries of messages that it had before version 7: of each one, with
 * the text of those that were edited. */
#define ENTRIES_OF_MESSAGES                                                                        \
    "INSERT INTO entries (place, kind, target, by, cid, body)"                                     \
    " SELECT place, 1, 0, sender, cid, body FROM messages WHERE true"                              \
    " ON CONFLICT (place) DO UPDATE SET target = 0, by = excluded.by, cid = excluded.cid,"         \
    " body = excluded.body;"                                                                       \
    "UPDATE entries SET text = '' WHERE place IN (SELECT place FROM messages WHERE deleted);"      \
    "ALTER TABLE messages DROP COLUMN body;"

/* Removes a directory of plain files. */
void sqlite_engine_remove(const char *dir);
