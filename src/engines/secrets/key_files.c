/* key_files - files that only their owner may see.
 *
 * Happy path: open the directory, read what is there by name relative to it. How it fails: a mode
 * that lets others in is a refusal, because a key that was readable is no secret any more; the
 * caller says so and does not start. What a crash leaves of a file that was being written is
 * written anew by the next who has the lock. */

#include "secrets/key_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

#define KEY_BYTES_MAX 4096
#define KEYS_MAX 8
#define LOCK_NAME ".lock"

static bool is_private(const struct stat *status)
{
    return (status->st_mode & 077) == 0 && status->st_uid == geteuid();
}

/* What the platform hands in is root's; the group is the one that it made for this process. */
static bool is_handed_in(const struct stat *status)
{
    return (status->st_mode & 037) == 0 && status->st_uid == 0;
}

bool key_files_sealed(int dir)
{
    struct statvfs mount;
    return fstatvfs(dir, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0;
}

enum err key_files_open(const char *directory, bool make, int *ret_dir)
{
    struct stat status;
    if (make && mkdir(directory, 0700) != 0 && errno != EEXIST && errno != EROFS) {
        return ERR_IO;
    }
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    if (!key_files_sealed(dir) && (fstat(dir, &status) != 0 || !is_private(&status))) {
        close(dir);
        return ERR_BAD_CONFIG;
    }
    *ret_dir = dir;
    return OK;
}

enum err key_files_lock(int dir, int *ret_lock)
{
    int lock = openat(dir, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock < 0) {
        return ERR_IO;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        enum err err = errno == EWOULDBLOCK ? ERR_IN_USE : ERR_IO;
        close(lock);
        return err;
    }
    *ret_lock = lock;
    return OK;
}

/* The kinds of thing are asked for without following a link, as reading does. */
const char *key_files_why(const char *directory, const char *name, enum err err)
{
    char path[PATH_MAX];
    struct stat status;
    bool whole = !name || !*name;
    snprintf(path, sizeof(path), "%s%s%s", directory, whole ? "" : "/", whole ? "" : name);
    if ((whole ? stat(path, &status) : lstat(path, &status)) != 0) {
        return strerror(errno);
    }
    if (whole ? !S_ISDIR(status.st_mode) : !S_ISREG(status.st_mode)) {
        return whole ? "it is no directory" : "it is no file";
    }
    if (!is_private(&status)) {
        return whole ? "its mode must be 0700, and it must be yours"
                     : "its mode must be 0600, and it must be yours";
    }
    if (access(path, R_OK) != 0) {
        return strerror(errno);
    }
    return err == ERR_BAD_CONFIG ? "it is damaged: bring it back from a backup"
                                 : "the system did not let it be read or written";
}

static enum err read_all(int file, void *ret_bytes, size_t capacity, size_t *ret_size)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = read(file, (char *)ret_bytes + size, capacity - size);
        if (got < 0 && errno != EINTR) {
            return ERR_IO;
        }
        if (got == 0) {
            *ret_size = size;
            return OK;
        }
        size += got > 0 ? (size_t)got : 0;
        if (size == capacity) {
            return ERR_BAD_CONFIG;
        }
    }
}

enum err key_files_read(
    int dir, const char *name, void *ret_bytes, size_t capacity, size_t *ret_size)
{
    struct stat status;
    bool sealed = key_files_sealed(dir);
    int file = openat(dir, name, O_RDONLY | (sealed ? 0 : O_NOFOLLOW) | O_CLOEXEC);
    if (file < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    enum err err = ERR_BAD_CONFIG;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) &&
        (is_private(&status) || (sealed && is_handed_in(&status)))) {
        err = read_all(file, ret_bytes, capacity, ret_size);
    }
    close(file);
    return err;
}

static bool write_all(int file, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t put = write(file, at, size);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        at += put > 0 ? put : 0;
        size -= put > 0 ? (size_t)put : 0;
    }
    return fsync(file) == 0;
}

enum err key_files_write(int dir, const char *name, const void *bytes, size_t size)
{
    char beside[96];
    CHECK(snprintf(beside, sizeof(beside), ".%s.%d", name, (int)getpid()) < (int)sizeof(beside));
    unlinkat(dir, beside, 0); /* of a process that had this number before */
    int file = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return ERR_IO;
    }
    bool written = write_all(file, bytes, size);
    written = close(file) == 0 && written;
    enum err err = ERR_IO;
    if (written) {
        err = linkat(dir, beside, dir, name, 0) == 0 ? OK : errno == EEXIST ? ERR_IN_USE : ERR_IO;
    }
    unlinkat(dir, beside, 0);
    return err == OK && fsync(dir) != 0 ? ERR_IO : err;
}

static bool token_key_moment(const char *name, uint64_t *ret_created)
{
    int end = 0;
    char again[64];
    if (sscanf(name, "token-%15" SCNu64 ".pem%n", ret_created, &end) != 1) {
        return false;
    }
    key_files_token_name(*ret_created, again, sizeof(again));
    for (size_t i = 0;; i++) {
        if (name[i] != again[i]) {
            return false;
        }
        if (!name[i]) {
            return true;
        }
    }
}

static size_t insert(uint64_t *moments, size_t count, size_t capacity, uint64_t created)
{
    size_t at = count;
    while (at > 0 && moments[at - 1] < created) {
        at--;
    }
    if (at == capacity) {
        return count;
    }
    count += count < capacity ? 1 : 0;
    for (size_t i = count - 1; i > at; i--) {
        moments[i] = moments[i - 1];
    }
    moments[at] = created;
    return count;
}

size_t key_files_token_keys(int dir, uint64_t *ret_created, size_t capacity)
{
    size_t count = 0;
    uint64_t created = 0;
    int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = again >= 0 ? fdopendir(again) : NULL;
    if (!listing) {
        return 0;
    }
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        if (token_key_moment(entry->d_name, &created)) {
            count = insert(ret_created, count, capacity, created);
        }
    }
    closedir(listing);
    return count;
}

void key_files_token_name(uint64_t created, char *ret_name, size_t size)
{
    CHECK(snprintf(ret_name, size, "token-%" PRIu64 ".pem", created) < (int)size);
}

void key_files_remove(int dir, const char *name)
{
    unlinkat(dir, name, 0);
}

/* One that is gone by now was too old. */
static enum err copy_one(int from, int to, const char *name)
{
    char bytes[KEY_BYTES_MAX];
    size_t size = 0;
    enum err err = key_files_read(from, name, bytes, sizeof(bytes), &size);
    if (err == OK) {
        err = key_files_write(to, name, bytes, size);
    }
    mem_wipe(bytes, sizeof(bytes));
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err copy_all(int from, int to, char ret_name[KEY_FILES_NAME_BYTES])
{
    uint64_t created[KEYS_MAX];
    size_t count = key_files_token_keys(from, created, KEYS_MAX);
    snprintf(ret_name, KEY_FILES_NAME_BYTES, "%s", KEY_FILES_MAC);
    enum err err = copy_one(from, to, ret_name);
    for (size_t i = 0; i < count && err == OK; i++) {
        key_files_token_name(created[i], ret_name, KEY_FILES_NAME_BYTES);
        err = copy_one(from, to, ret_name);
    }
    return err;
}

enum err key_files_copy(const char *from, const char *to, char ret_name[KEY_FILES_NAME_BYTES])
{
    ret_name[0] = 0;
    int from_dir, to_dir;
    enum err err = key_files_open(from, false, &from_dir);
    if (err != OK) {
        return err;
    }
    err = key_files_open(to, true, &to_dir);
    if (err == OK) {
        err = copy_all(from_dir, to_dir, ret_name);
        close(to_dir);
    }
    close(from_dir);
    return err;
}
