/* backup - the data directory of a process that runs, or of one that does not, copied to another.
 *
 * Happy path: files and keys are copied into DIR.part, flushed, and that gets its name: a directory
 * of that name is a whole backup. To restore it is to start with it as --data. How it fails: one
 * line; DIR.part may stay, to be looked at and removed. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "all_settings.h"
#include "base/check.h"
#include "base/logger.h"
#include "roles.h"
#include "secrets/key_files.h"
#include "sqlite/data_sqlite.h"

struct backup {
    struct logger logger;
    const char *data;
    const char *owned; /* whose it is, the data is */
    char dir[PATH_MAX], part[PATH_MAX], keys[PATH_MAX], part_keys[PATH_MAX];
};

static enum err refuse(struct backup *backup, const char *path, const char *reason)
{
    LOG_ERROR(&backup->logger, "backup.failed", "path=\"%s\" reason=\"%s\"", path, reason);
    return ERR_IO;
}

/* What SQLite makes beside the files, and the copy, would belong to whoever runs this: the process
 * that works with the data could not open either. */
static enum err begin(struct backup *backup)
{
    struct stat status;
    if (stat(backup->owned, &status) != 0) {
        return refuse(backup, backup->data,
            errno == ENOENT ? "there is no data here; name it with --data" : strerror(errno));
    }
    if (status.st_uid != geteuid()) {
        return refuse(backup, backup->data, "it belongs to another user; run this as that user");
    }
    if (access(backup->dir, F_OK) == 0) {
        return refuse(backup, backup->dir, "it is there already");
    }
    if (mkdir(backup->part, 0700) != 0) {
        return refuse(backup, backup->part, strerror(errno));
    }
    return OK;
}

static enum err copy_keys(struct backup *backup)
{
    char name[KEY_FILES_NAME_BYTES], path[PATH_MAX + KEY_FILES_NAME_BYTES];
    enum err err = key_files_copy(backup->keys, backup->part_keys, name);
    if (err == OK) {
        return OK;
    }
    snprintf(path, sizeof(path), "%s%s%s", backup->keys, *name ? "/" : "", name);
    bool bad = err == ERR_BAD_CONFIG; /* of the keys, not of the place where they go */
    return refuse(backup, path, bad ? key_files_why(backup->keys, name, err) : err_name(err));
}

static enum err flush(struct backup *backup, const char *path)
{
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = dir >= 0 && fsync(dir) == 0;
    enum err err = done ? OK : refuse(backup, path, strerror(errno));
    if (dir >= 0) {
        close(dir);
    }
    return err;
}

static bool make_path(char ret_path[PATH_MAX], const char *dir, const char *rest)
{
    return snprintf(ret_path, PATH_MAX, "%s%s", dir, rest) < PATH_MAX - 8;
}

static enum err finish(struct backup *backup)
{
    char parent[PATH_MAX];
    if (rename(backup->part, backup->dir) != 0) {
        return refuse(backup, backup->dir, strerror(errno));
    }
    CHECK(make_path(parent, backup->dir, "/..")); /* part_keys is longer */
    return flush(backup, parent);
}

static enum err run(struct backup *backup)
{
    enum err err = begin(backup);
    if (err == OK) {
        err = data_sqlite_backup(backup->data, backup->part, &backup->logger);
    }
    if (err == OK) {
        err = copy_keys(backup);
    }
    if (err == OK) {
        err = flush(backup, backup->part);
    }
    return err == OK ? finish(backup) : err;
}

/* `DIR/`, as a shell completes it, is DIR. */
static void cut_slashes(char *path)
{
    for (size_t size = strlen(path); size > 1 && path[size - 1] == '/'; size--) {
        path[size - 1] = 0;
    }
}

int role_backup(const struct options *options)
{
    struct all_settings all;
    all_settings_fill(&all, options->settings);
    struct backup backup = {.data = all.app.data};
    bool fits =
        options->operand && *options->operand && make_path(backup.dir, options->operand, "");
    cut_slashes(backup.dir);
    backup.owned = *all.app.keys ? backup.data : backup.keys;
    if (!fits || !make_path(backup.part, backup.dir, ".part") ||
        !app_settings_keys_dir(&all.app, backup.keys, sizeof(backup.keys)) ||
        !make_path(backup.part_keys, backup.part, "/keys")) {
        fprintf(stderr, "chattifier: backup needs a directory to make: chattifier backup DIR\n");
        return 2;
    }
    logger_init(
        &backup.logger, "backup", (enum log_level)all.app.log_level, all.app.log_format == 1);
    if (run(&backup) != OK) {
        return 1;
    }
    printf("backup of %s in %s\n", backup.data, backup.dir);
    return 0;
}
