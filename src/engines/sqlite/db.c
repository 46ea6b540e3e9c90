/* db - connections and statements of SQLite.
 *
 * Happy path: a file is opened in WAL mode, its schema is brought to this version in one
 * transaction, statements are prepared once and run many times. How it fails: what SQLite says is
 * logged once per piece of work and mapped; a file that is no database or that is newer than this
 * program is refused. */

#include "db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

#define BUSY_TIMEOUT_MS 10000
/* Reading a larger file through at every start would take longer than people wait for a start. */
#define CHECKED_BYTES_MAX (64 << 20)
#define EXIT_STATUS_IO 74

/* The second is how it shows itself in the shared-memory file. */
static bool is_full(int rc)
{
    return (rc & 0xff) == SQLITE_FULL || rc == SQLITE_IOERR_SHMSIZE;
}

static enum err meaning(int rc)
{
    if (is_full(rc)) {
        return ERR_UNAVAILABLE;
    }
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return OK;
    case SQLITE_BUSY:
    case SQLITE_INTERRUPT:
        return ERR_UNAVAILABLE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_CORRUPT;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

void db_note(struct db *db, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE || db->rc != SQLITE_OK) {
        return;
    }
    db->rc = rc;
    const char *reason = sqlite3_errstr(rc);
    const char *detail = db->handle ? sqlite3_errmsg(db->handle) : reason;
    if (strcmp(reason, detail) == 0) {
        LOG_ERROR(
            db->logger, "store.failed", "file=%s code=%d reason=\"%s\"", db->file, rc, reason);
    } else {
        LOG_ERROR(db->logger, "store.failed", "file=%s code=%d reason=\"%s\" detail=\"%s\"",
            db->file, rc, reason, detail);
    }
}

enum err db_err(struct db *db)
{
    enum err err = meaning(db->rc);
    if (err == ERR_IO && db->fatal) {
        LOG_ERROR(db->logger, "store.lost",
            "file=%s reason=\"the disk failed, what it holds is not known; the process ends\"",
            db->file);
        _exit(EXIT_STATUS_IO);
    }
    return err;
}

bool db_found_disk_full(const struct db *db)
{
    return is_full(db->rc);
}

void db_begin_work(struct db *db)
{
    db->rc = SQLITE_OK;
}

void db_run(struct db *db, const char *text)
{
    if (db->rc == SQLITE_OK) {
        db_note(db, sqlite3_exec(db->handle, text, NULL, NULL, NULL));
    }
}

static void run_kept(struct db *db, sqlite3_stmt **kept, const char *text)
{
    if (!*kept) {
        db_note(
            db, sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT, kept, NULL));
    }
    if (db->rc == SQLITE_OK) {
        db_note(db, sqlite3_step(*kept));
        sqlite3_reset(*kept);
    }
}

void db_begin(struct db *db)
{
    db_begin_work(db);
    run_kept(db, &db->begin, "BEGIN IMMEDIATE");
}

enum err db_commit(struct db *db)
{
    if (db->rc == SQLITE_OK) {
        run_kept(db, &db->commit, "COMMIT");
    }
    enum err err = db_err(db);
    if (err != OK) {
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}

void db_begin_read(struct db *db)
{
    run_kept(db, &db->begin_read, "BEGIN");
}

enum err db_end_read(struct db *db)
{
    enum err err = db_err(db);
    if (err == OK) {
        run_kept(db, &db->commit, "COMMIT");
        return db_err(db);
    }
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

static int64_t pragma_number(struct db *db, const char *text)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = 0;
    db_note(db, sqlite3_prepare_v2(db->handle, text, -1, &statement, NULL));
    if (statement) {
        int rc = sqlite3_step(statement);
        db_note(db, rc);
        number = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    }
    sqlite3_finalize(statement);
    return number;
}

/* True if SQLite finds the file sound. */
static bool is_sound(struct db *db)
{
    sqlite3_stmt *statement = NULL;
    bool sound = false;
    db_note(db, sqlite3_prepare_v2(db->handle, "PRAGMA quick_check(1)", -1, &statement, NULL));
    if (statement && sqlite3_step(statement) == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(statement, 0);
        sound = said && strcmp(said, "ok") == 0;
    }
    sqlite3_finalize(statement);
    return sound;
}

static void refuse(struct db *db, int rc, const char *reason)
{
    if (db->rc == SQLITE_OK) {
        db->rc = rc;
        LOG_ERROR(db->logger, "store.refused", "file=%s reason=\"%s\"", db->file, reason);
    }
}

static enum err refuse_newer(struct db *db, int version, int known)
{
    LOG_ERROR(db->logger, "store.refused",
        "file=%s reason=\"written by a newer version\" schema=%d known=%d", db->file, version,
        known);
    return ERR_NEWER;
}

static void migrate_step(struct db *db, const struct db_schema *schema, int version)
{
    char text[96];
    db_run(db, "BEGIN IMMEDIATE");
    db_run(db, schema->migrations[version]);
    snprintf(text, sizeof(text), "PRAGMA application_id=%d; PRAGMA user_version=%d",
        schema->application, version + 1);
    db_run(db, text);
    db_run(db, db->rc == SQLITE_OK ? "COMMIT" : "ROLLBACK");
    if (db->rc != SQLITE_OK) {
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    }
}

static enum err bring_to_version(struct db *db, const struct db_schema *schema)
{
    int64_t version = pragma_number(db, "PRAGMA user_version");
    int64_t application = pragma_number(db, "PRAGMA application_id");
    int64_t pages = pragma_number(db, "PRAGMA page_count");
    if (db->rc != SQLITE_OK) {
        return meaning(db->rc);
    }
    if (pages > 1 && application != schema->application) {
        refuse(db, SQLITE_CORRUPT, "it is a database of something else");
        return ERR_CORRUPT;
    }
    if (version > schema->version) {
        return refuse_newer(db, (int)version, schema->version);
    }
    for (int at = (int)version; at < schema->version && db->rc == SQLITE_OK; at++) {
        migrate_step(db, schema, at);
    }
    return meaning(db->rc);
}

static void set_pragmas(struct db *db, const struct db_schema *schema, bool create)
{
    char cache[48];
    snprintf(cache, sizeof(cache), "PRAGMA cache_size=-%d", schema->cache_kib);
    db_run(db, cache);
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    if (create) {
        db_run(db, "PRAGMA journal_mode=WAL");
    }
    db_run(db, schema->full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    /* The limit is over what the keeper lets it grow to: cut short, it would be grown again. */
    db_run(db, "PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY;"
               "PRAGMA journal_size_limit=33554432; PRAGMA trusted_schema=OFF");
}

static void add_functions(struct db *db, const struct db_function *functions)
{
    const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
    for (; functions && functions->name; functions++) {
        db_note(db, sqlite3_create_function_v2(db->handle, functions->name, 1, flags, NULL,
                        functions->run, NULL, NULL, NULL));
    }
}

/* SQLite would make it readable for everybody. */
static bool make_private(struct db *db, const char *path, int64_t *ret_size)
{
    struct stat stat;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &stat) != 0) {
        LOG_ERROR(db->logger, "store.refused", "file=%s reason=\"%s\"", db->file, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    close(fd);
    *ret_size = stat.st_size;
    return true;
}

static enum err prepare_file(struct db *db, const struct db_schema *schema, int64_t size)
{
    set_pragmas(db, schema, true);
    enum err err = db->rc == SQLITE_OK ? bring_to_version(db, schema) : meaning(db->rc);
    if (err == OK && size > 0 && size <= CHECKED_BYTES_MAX && !is_sound(db)) {
        refuse(db, SQLITE_CORRUPT, "its content breaks its own format");
        err = ERR_CORRUPT;
    }
    return err;
}

enum err db_open(struct db *db, const char *dir, const struct db_schema *schema, bool create,
    struct logger *logger)
{
    char path[PATH_MAX];
    int64_t size = 0;
    *db = (struct db){.logger = logger, .file = schema->file};
    if (snprintf(path, sizeof(path), "%s/%s", dir, schema->file) >= (int)sizeof(path)) {
        return ERR_BAD_CONFIG;
    }
    if (create && !make_private(db, path, &size)) {
        return ERR_IO;
    }
    db_note(
        db, sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
    if (db->handle) {
        sqlite3_extended_result_codes(db->handle, 1);
        add_functions(db, schema->functions);
    }
    enum err err = meaning(db->rc);
    if (err == OK && create) {
        err = prepare_file(db, schema, size);
    } else if (err == OK) {
        set_pragmas(db, schema, false);
        err = meaning(db->rc);
    }
    if (err != OK) {
        db_close(db);
    }
    return err;
}

void db_set_statements(struct db *db, const char *const *texts, uint32_t count)
{
    db->texts = texts;
    db->statement_count = count;
    db->statements = mem_array(count, sizeof(sqlite3_stmt *));
}

void db_close(struct db *db)
{
    for (uint32_t i = 0; i < db->statement_count; i++) {
        sqlite3_finalize(db->statements[i]);
    }
    mem_free(db->statements);
    sqlite3_finalize(db->begin);
    sqlite3_finalize(db->begin_read);
    sqlite3_finalize(db->commit);
    sqlite3_close(db->handle);
    db->begin = NULL;
    db->begin_read = NULL;
    db->commit = NULL;
    db->statements = NULL;
    db->statement_count = 0;
    db->handle = NULL;
}

struct query db_query(struct db *db, uint32_t number)
{
    CHECK(number < db->statement_count);
    if (!db->statements[number] && db->rc == SQLITE_OK) {
        db_note(db, sqlite3_prepare_v3(db->handle, db->texts[number], -1, SQLITE_PREPARE_PERSISTENT,
                        &db->statements[number], NULL));
    }
    return (struct query){db, db->rc == SQLITE_OK ? db->statements[number] : NULL, 0};
}

static void bound(struct query *query, int rc)
{
    db_note(query->db, rc);
}

void query_u64(struct query *query, uint64_t number)
{
    query->bound++;
    if (query->statement) {
        bound(query, sqlite3_bind_int64(query->statement, query->bound, (int64_t)number));
    }
}

void query_id(struct query *query, const struct cht_id *id)
{
    query_blob(query, id->bytes, sizeof(id->bytes));
}

void query_text(struct query *query, struct cht_str text)
{
    query->bound++;
    if (query->statement) {
        bound(query, sqlite3_bind_text(query->statement, query->bound, text.size ? text.at : "",
                         (int)text.size, SQLITE_STATIC));
    }
}

void query_blob(struct query *query, const void *bytes, size_t size)
{
    query->bound++;
    if (query->statement) {
        bound(query, sqlite3_bind_blob(query->statement, query->bound, size ? bytes : "", (int)size,
                         SQLITE_STATIC));
    }
}

void query_null(struct query *query)
{
    query->bound++;
    if (query->statement) {
        bound(query, sqlite3_bind_null(query->statement, query->bound));
    }
}

bool query_row(struct query *query)
{
    if (!query->statement || query->db->rc != SQLITE_OK) {
        return false;
    }
    int rc = sqlite3_step(query->statement);
    db_note(query->db, rc);
    return rc == SQLITE_ROW;
}

void query_end(struct query *query)
{
    if (query->statement) {
        sqlite3_reset(query->statement);
        sqlite3_clear_bindings(query->statement);
        query->statement = NULL;
    }
}

int query_run(struct query *query)
{
    while (query_row(query)) {
    }
    int changes = query->db->rc == SQLITE_OK ? sqlite3_changes(query->db->handle) : 0;
    query_end(query);
    return changes;
}

uint64_t query_get_u64(const struct query *query, int column)
{
    return (uint64_t)sqlite3_column_int64(query->statement, column);
}

bool query_get_null(const struct query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

struct cht_str query_lend_bytes(const struct query *query, int column)
{
    const void *bytes = sqlite3_column_blob(query->statement, column);
    int size = sqlite3_column_bytes(query->statement, column);
    return size > 0 ? (struct cht_str){bytes, (uint32_t)size} : (struct cht_str){0};
}

struct cht_str query_get_str(const struct query *query, int column, struct arena *arena)
{
    return arena_str(arena, query_lend_bytes(query, column));
}

void query_get_bytes(const struct query *query, int column, void *ret_bytes, size_t size)
{
    struct cht_str bytes = query_lend_bytes(query, column);
    size_t copied = bytes.size < size ? bytes.size : size;
    memset(ret_bytes, 0, size);
    if (copied) {
        memcpy(ret_bytes, bytes.at, copied);
    }
}

struct cht_id query_get_id(const struct query *query, int column)
{
    struct cht_id id;
    query_get_bytes(query, column, id.bytes, sizeof(id.bytes));
    return id;
}
