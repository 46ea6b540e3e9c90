#pragma once

/* db - one connection to one SQLite file, its prepared statements, and small verbs to run them.
 *
 * A connection belongs to one thread at a time. Statements are named by numbers into a table of
 * texts and prepared when first used. The first failure since db_begin_work stays in `rc`: code
 * runs its queries one after the other and asks once, at the end.
 *
 *     struct query q = db_query(db, USERS_BY_NAME);
 *     query_text(&q, name);
 *     if (query_row(&q)) {
 *         user->id = query_get_id(&q, 0);
 *     }
 *     query_end(&q);
 *     return db_err(db); */

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/logger.h"
#include "chattifier/types.h"

struct db {
    sqlite3 *handle;
    struct logger *logger;
    const char *file; /* its short name, for log lines */
    const char *const *texts;
    sqlite3_stmt **statements;
    uint32_t statement_count;
    sqlite3_stmt *begin, *begin_read, *commit; /* kept: parsing them costs as much as a row */
    int rc;                                    /* the first failure, extended; 0 if none */
    bool fatal; /* an input or output error ends the process: nobody knows any more what is on the
                   disk */
};

struct query {
    struct db *db;
    sqlite3_stmt *statement; /* NULL after a failure: everything is then ignored */
    int bound;
};

/* A function of one value that the texts may call; its like in C makes the result. */
struct db_function {
    const char *name;
    void (*run)(sqlite3_context *context, int count, sqlite3_value **values);
};

/* What a file is: how its schema came to be, step by step. */
struct db_schema {
    const char *file;
    int application;               /* PRAGMA application_id */
    const char *const *migrations; /* migrations[v] leads from version v to v + 1 */
    int version;
    const struct db_function *functions; /* up to one without a name; NULL: none */
    bool full;                           /* synchronous=FULL, else NORMAL */
    int cache_kib;                       /* of each connection */
};

/* Opens (and, if `create`, makes or migrates) `dir`/schema->file. On failure one line is logged and
 * nothing is left open. */
MUST_USE enum err db_open(struct db *db, const char *dir, const struct db_schema *schema,
    bool create, struct logger *logger);

/* The texts that statement numbers stand for. They must stay. */
void db_set_statements(struct db *db, const char *const *texts, uint32_t count);

/* A db that is not open is fine. */
void db_close(struct db *db);

/* Forgets an earlier failure. */
void db_begin_work(struct db *db);
/* The first failure is that the disk has no space. */
bool db_found_disk_full(const struct db *db);

/* OK, or what the first failure means: UNAVAILABLE (disk full, busy), CORRUPT, IO, INTERNAL. Logged
 * once. With `fatal`, an IO failure does not return. */
MUST_USE enum err db_err(struct db *db);

/* Begins a transaction that writes; forgets an earlier failure. */
void db_begin(struct db *db);

/* Ends it. Not OK (as db_err): nothing of it was done. */
MUST_USE enum err db_commit(struct db *db);

/* Begins a transaction that reads: all that is read until its end is of one moment. */
void db_begin_read(struct db *db);

/* Ends it, also after a failure; as db_err. */
MUST_USE enum err db_end_read(struct db *db);

/* Runs fixed text without values. */
void db_run(struct db *db, const char *text);

/* Notes a failure of a call outside this file. */
void db_note(struct db *db, int rc);

struct query db_query(struct db *db, uint32_t number);

void query_u64(struct query *query, uint64_t number);
void query_id(struct query *query, const struct cht_id *id);
void query_text(struct query *query, struct cht_str text);
void query_blob(struct query *query, const void *bytes, size_t size);
void query_null(struct query *query);

/* Steps to the next row; false at the end or after a failure. */
bool query_row(struct query *query);

/* Runs to the end and gives the statement back; how many rows it changed. */
int query_run(struct query *query);
void query_end(struct query *query);

uint64_t query_get_u64(const struct query *query, int column);
bool query_get_null(const struct query *query, int column);
struct cht_id query_get_id(const struct query *query, int column);

/* Lent until the next step. */
struct cht_str query_lend_bytes(const struct query *query, int column);
struct cht_str query_get_str(const struct query *query, int column, struct arena *arena);

/* Up to `size` bytes into `ret_bytes`; the rest is zero. */
void query_get_bytes(const struct query *query, int column, void *ret_bytes, size_t size);
