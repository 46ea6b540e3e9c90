/* backup - a copy of the data while another process, or this one, works with it.
 *
 * Happy path: each file is copied as of one moment (VACUUM INTO reads one snapshot and stops no
 * writer) and flushed. The order is store, log, users: the log of the copy then reaches at least as
 * far as its store, and every user that the log names is in it. How it fails: the first error is
 * logged and returned, and what was copied so far is no backup. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data_inner.h"

static const char *const copy_texts[] = {"VACUUM INTO ?"};

static enum err refuse(struct logger *logger, const char *path)
{
    LOG_ERROR(logger, "backup.failed", "path=\"%s\" reason=\"%s\"", path, strerror(errno));
    return ERR_IO;
}

/* SQLite flushes nothing of what it vacuums into, and lets everybody read it. */
static enum err make_safe(const char *path, struct logger *logger)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(logger, path);
    }
    enum err err = fchmod(fd, 0600) == 0 && fsync(fd) == 0 ? OK : refuse(logger, path);
    close(fd);
    return err;
}

static enum err copy_file(
    const struct db_schema *schema, const char *from, const char *to, struct logger *logger)
{
    struct db db;
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/%s", to, schema->file) >= (int)sizeof(path)) {
        return ERR_BAD_CONFIG;
    }
    enum err err = db_open(&db, from, schema, false, logger);
    if (err != OK) {
        return err;
    }
    db_set_statements(&db, copy_texts, 1);
    struct query q = db_query(&db, 0);
    query_text(&q, cht_str_of(path));
    query_run(&q);
    err = db_err(&db);
    db_close(&db);
    return err == OK ? make_safe(path, logger) : err;
}

enum err data_sqlite_backup(const char *from, const char *to, struct logger *logger)
{
    const struct db_schema *const order[3] = {&store_schema, &log_schema, &users_schema};
    for (int i = 0; i < 3; i++) {
        enum err err = copy_file(order[i], from, to, logger);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}
