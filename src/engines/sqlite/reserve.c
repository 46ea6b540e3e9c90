/* reserve - space on the disk that a write-ahead log has before it needs it.
 *
 * A full disk must not keep anybody from reading what was acknowledged, and reading needs the store
 * to have it. So the write-ahead log of the store is a file that is always longer than what is in
 * it, by what the store may lack of the log; its blocks are taken, so neither the log of this
 * process nor another program can have them. The log's own is longer by a little, so that a start
 * can be counted.
 *
 * Happy path: after a commit the writer sees that there is enough behind it, which a call of the
 * system says only where the file may have become shorter. How it fails: a file that can not be
 * made longer is missing its reserve, which is told once, and the log takes nothing until it is
 * back (reserve_may_append). Where no reserve is wanted, a log that found the disk full waits for
 * a little space in the same way. On a file system that knows no fallocate zeros are written; on
 * one that writes each block to a new place (ZFS, Btrfs with compression) a reserve holds nothing.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "log_shared.h"

#define HEAD_BYTES 32u
#define FRAME_BYTES (4096u + 24u)
/* SQLite keeps so many frames in 32 KiB of the index of a write-ahead log; the first have less. */
#define INDEX_FRAMES 4096u
#define INDEX_BYTES (32 << 10)
#define STEP_BYTES (UINT64_C(1) << 20)
#define ZEROS_BYTES (UINT64_C(64) << 10)
/* What the writers let a write-ahead log keep when it begins again from the front. */
#define KEPT_BYTES (UINT64_C(32) << 20)
#define LOG_BYTES_MAX (UINT64_C(1) << 20)
#define LOG_SHARE 16u
#define DISK_SHARE 8u

/* ---- making a file longer */

static uint64_t size_of(const struct data_file *file)
{
    struct stat stat;
    return fstat(file->wal, &stat) == 0 ? (uint64_t)stat.st_size : 0;
}

static bool write_zeros(int fd, uint64_t at, uint64_t end)
{
    static const uint8_t zeros[ZEROS_BYTES];
    while (at < end) {
        uint64_t size = end - at < ZEROS_BYTES ? end - at : ZEROS_BYTES;
        ssize_t wrote = pwrite(fd, zeros, (size_t)size, (off_t)at);
        if (wrote <= 0) {
            return false;
        }
        at += (uint64_t)wrote;
    }
    return true;
}

static bool take_blocks(int fd, uint64_t at, uint64_t end)
{
    int rc = 0;
    do {
        rc = fallocate(fd, 0, (off_t)at, (off_t)(end - at));
    } while (rc != 0 && errno == EINTR);
    bool unknown = rc != 0 && (errno == EOPNOTSUPP || errno == ENOSYS);
    return rc == 0 || (unknown && write_zeros(fd, at, end));
}

/* The index grows with the frames, and takes blocks of the same disk. */
static bool extend_index(const struct data_file *file, uint64_t size)
{
    sqlite3_file *main = NULL;
    volatile void *piece = NULL;
    int last = (int)(size / FRAME_BYTES / INDEX_FRAMES) + 1;
    int rc = sqlite3_file_control(
        file->writer->handle, "main", SQLITE_FCNTL_FILE_POINTER, (void *)&main);
    return rc == SQLITE_OK && main && main->pMethods &&
           main->pMethods->xShmMap(main, last, INDEX_BYTES, 1, &piece) == SQLITE_OK;
}

static bool extend(struct data_file *file, uint64_t wanted)
{
    uint64_t end = (wanted + STEP_BYTES - 1) / STEP_BYTES * STEP_BYTES;
    bool done = take_blocks(file->wal, file->size, end) && extend_index(file, end);
    file->size = done ? end : size_of(file);
    return done;
}

/* ---- is it there */

static void note(struct data_sqlite *data, struct data_file *file, bool missing)
{
    if (missing == atomic_load_explicit(&file->missing, memory_order_relaxed)) {
        return;
    }
    atomic_store(&file->missing, missing);
    const char *name = file->writer->file;
    if (missing) {
        LOG_ERROR(data->logger, "store.disk_full",
            "file=%s reserve_bytes=%llu reason=\"no space for it or its reserve; nothing is taken "
            "until there is\"",
            name, (unsigned long long)file->reserve);
    } else {
        LOG_INFO(data->logger, "store.disk_has_space", "file=%s", name);
    }
}

/* One that begins again from the front is cut to its limit, one that is emptied to nothing. */
static bool may_be_shorter(struct data_file *file)
{
    bool began_again = file->frames_now <= file->frames_before;
    file->frames_before = file->frames_now;
    return atomic_exchange_explicit(&file->cut, false, memory_order_acquire) || began_again ||
           file->size > file->reserve + KEPT_BYTES;
}

static bool has_a_step(const struct data_sqlite *data)
{
    struct statvfs disk;
    return statvfs(data->dir, &disk) != 0 || (uint64_t)disk.f_bavail * disk.f_frsize >= STEP_BYTES;
}

void reserve_keep(struct data_sqlite *data, int number)
{
    struct data_file *file = &data->files[number];
    if (file->reserve == 0) {
        note(data, file, atomic_load(&file->missing) && !has_a_step(data));
        return;
    }
    if (may_be_shorter(file)) {
        file->size = size_of(file);
    }
    uint64_t wanted = HEAD_BYTES + (uint64_t)file->frames_now * FRAME_BYTES + file->reserve;
    note(data, file, wanted > file->size && !extend(file, wanted));
}

void reserve_note_full(struct data_sqlite *data)
{
    struct data_file *file = &data->files[DATA_LOG];
    note(data, file, atomic_load(&file->missing) || file->reserve == 0);
}

bool data_sqlite_is_full(const struct data_sqlite *data)
{
    return atomic_load_explicit(&data->files[DATA_LOG].missing, memory_order_relaxed) ||
           atomic_load_explicit(&data->files[DATA_STORE].missing, memory_order_relaxed);
}

/* ---- asking a writer to look */

static enum err run_look(struct op *op, struct db_job *job, void *thread)
{
    (void)op;
    (void)job;
    struct data_writer *writer = thread;
    atomic_store(&writer->data->looks_at_reserve, false);
    return OK; /* the writer looks after each batch */
}

void reserve_look(struct data_sqlite *data)
{
    if (data->files[DATA_STORE].reserve == 0 || atomic_exchange(&data->looks_at_reserve, true)) {
        return;
    }
    struct db_job *job = mem_new(sizeof(*job));
    job->run = run_look;
    if (!db_queue_try_put(&data->store.queue, &job->task)) {
        mem_free(job);
    }
}

bool reserve_may_append(struct data_sqlite *data)
{
    if (!data_sqlite_is_full(data)) {
        return true;
    }
    reserve_keep(data, DATA_LOG);
    if (atomic_load(&data->files[DATA_STORE].missing)) {
        reserve_look(data);
    }
    return !data_sqlite_is_full(data);
}

void data_sqlite_look_for_space(struct data_sqlite *data)
{
    if (data_sqlite_is_full(data)) {
        log_writer_look(data->log);
    }
}

/* ---- opening */

/* A disk that is small has something else to do than to keep a large file. */
static uint64_t bytes_for(struct data_sqlite *data)
{
    struct statvfs disk;
    if (data->reserve_bytes == 0 || statvfs(data->dir, &disk) != 0) {
        return data->reserve_bytes;
    }
    uint64_t most = (uint64_t)disk.f_blocks * disk.f_frsize / DISK_SHARE;
    if (data->reserve_bytes <= most) {
        return data->reserve_bytes;
    }
    LOG_WARN(data->logger, "store.small_disk", "reserve_bytes=%llu wanted=%llu",
        (unsigned long long)most, (unsigned long long)data->reserve_bytes);
    return most;
}

static uint64_t log_bytes_for(const struct data_sqlite *data)
{
    uint64_t bytes = data->reserve_bytes / LOG_SHARE;
    return bytes < LOG_BYTES_MAX ? bytes : LOG_BYTES_MAX;
}

enum err reserve_open(struct data_sqlite *data, int number, struct db *db)
{
    struct data_file *file = &data->files[number];
    char text[PATH_MAX];
    file->writer = db;
    file->reserve = number == DATA_STORE ? bytes_for(data) : log_bytes_for(data);
    if (file->reserve == 0) {
        return OK;
    }
    snprintf(text, sizeof(text), "PRAGMA journal_size_limit=%llu",
        (unsigned long long)(file->reserve + KEPT_BYTES));
    db_run(db, text);
    if (snprintf(text, sizeof(text), "%s/%s-wal", data->dir, db->file) >= (int)sizeof(text)) {
        return ERR_BAD_CONFIG;
    }
    file->wal = open(text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file->wal < 0) {
        LOG_ERROR(
            data->logger, "store.refused", "file=%s-wal reason=\"%s\"", db->file, strerror(errno));
        return ERR_IO;
    }
    reserve_keep(data, number);
    return db_err(db);
}

void reserve_close(struct data_sqlite *data)
{
    for (int i = 0; i < DATA_FILES; i++) {
        if (data->files[i].wal >= 0) {
            close(data->files[i].wal);
        }
    }
}
