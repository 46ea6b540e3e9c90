/* backup - a copy of the data while it is used.
 *
 * Happy path: each file is copied as of one moment (VACUUM INTO reads one snapshot and stops no
 * writer), flushed, and given its name. The order is store, log, users: the log of the copy then
 * reaches at least as far as its store, and every user that the log names is in it. How it fails: a
 * copy that could not be finished has no final name, and the error is logged and returned. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data_inner.h"

static const char *const copy_texts[] = {"VACUUM INTO ?"};

static enum err refuse(struct data_sqlite *data, const char *path)
{
    LOG_ERROR(data->logger, "backup.failed", "path=\"%s\" reason=\"%s\"", path, strerror(errno));
    return ERR_IO;
}

static enum err flush(struct data_sqlite *data, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(data, path);
    }
    enum err err = fsync(fd) == 0 ? OK : refuse(data, path);
    close(fd);
    return err;
}

static enum err copy(struct data_sqlite *data, const struct db_schema *schema, const char *part)
{
    struct db db;
    enum err err = db_open(&db, data->dir, schema, false, data->logger);
    if (err != OK) {
        return err;
    }
    db_set_statements(&db, copy_texts, 1);
    struct query q = db_query(&db, 0);
    query_text(&q, (struct cht_str){part, (uint32_t)strlen(part)});
    query_run(&q);
    err = db_err(&db);
    db_close(&db);
    return err;
}

static enum err copy_file(struct data_sqlite *data, const struct db_schema *schema, const char *dir)
{
    char part[PATH_MAX], whole[PATH_MAX];
    if (snprintf(part, sizeof(part), "%s/%s.part", dir, schema->file) >= (int)sizeof(part) ||
        snprintf(whole, sizeof(whole), "%s/%s", dir, schema->file) >= (int)sizeof(whole)) {
        return ERR_BAD_CONFIG;
    }
    if (access(whole, F_OK) == 0) {
        errno = EEXIST;
        return refuse(data, whole);
    }
    unlink(part);
    enum err err = copy(data, schema, part);
    if (err == OK) {
        err = flush(data, part);
    }
    if (err == OK && (chmod(part, 0600) != 0 || rename(part, whole) != 0)) {
        err = refuse(data, whole);
    }
    return err;
}

enum err data_sqlite_backup(struct data_sqlite *data, const char *dir)
{
    const struct db_schema *const order[3] = {&store_schema, &log_schema, &users_schema};
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return refuse(data, dir);
    }
    for (int i = 0; i < 3; i++) {
        enum err err = copy_file(data, order[i], dir);
        if (err != OK) {
            return err;
        }
    }
    return flush(data, dir);
}
