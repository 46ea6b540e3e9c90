/* data_sqlite - the data directory: lock, files, threads.
 *
 * Happy path: lock, open the three files, start writers, readers and the keeper. Closing goes the
 * other way round: queues are emptied, threads joined, write-ahead logs copied back. How it fails:
 * the first refusal undoes what was opened and is returned. */

#include "data_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "data_inner.h"

/* ---- writers of store.db and users.db */

static void run_batch(struct data_writer *writer, struct task *first)
{
    db_begin(&writer->db);
    for (struct task *task = first; task; task = task->next) {
        struct db_job *job = container_of(task, struct db_job, task);
        job->err = job->run(job->op, job, writer);
    }
    if (writer->before_commit) {
        writer->before_commit(writer);
    }
    enum err err = db_commit(&writer->db);
    if (err != OK && writer->on_rollback) {
        writer->on_rollback(writer);
    }
    stamps_close(&writer->stamps);
    for (struct task *task = first, *next; task; task = next) {
        next = task->next;
        struct db_job *job = container_of(task, struct db_job, task);
        db_job_answer(job, err != OK ? err : job->err);
    }
}

static void *run_writer(void *argument)
{
    struct data_writer *writer = argument;
    int file = writer == &writer->data->store ? DATA_STORE : DATA_USERS;
    struct task *first;
    while ((first = db_queue_take_all(&writer->queue)) != NULL) {
        run_batch(writer, first);
        reserve_keep(writer->data, file);
        if (writer->on_idle && db_queue_is_empty(&writer->queue)) {
            writer->on_idle(writer);
        }
        data_keeper_nudge(writer->data, file);
    }
    return NULL;
}

void data_writer_start(struct data_writer *writer)
{
    writer->db.fatal = true;
    CHECK(pthread_create(&writer->thread, NULL, run_writer, writer) == 0);
    pthread_setname_np(writer->thread, writer == &writer->data->store ? "store" : "users");
    writer->running = true;
}

void data_writer_stop(struct data_writer *writer)
{
    if (writer->running) {
        db_queue_stop(&writer->queue);
        pthread_join(writer->thread, NULL);
        writer->running = false;
    }
    db_close(&writer->db);
    db_queue_deinit(&writer->queue);
    stamps_deinit(&writer->stamps);
}

/* ---- readers */

static void *run_reader(void *argument)
{
    struct data_reader *reader = argument;
    struct task *task;
    while ((task = db_queue_take_one(reader->queue)) != NULL) {
        struct db_job *job = container_of(task, struct db_job, task);
        db_begin_work(&reader->log);
        db_begin_work(&reader->store);
        db_begin_work(&reader->users);
        db_job_answer(job, job->run(job->op, job, reader));
    }
    return NULL;
}

static enum err start_reader(struct data_sqlite *data, struct data_reader *reader)
{
    bool searches = reader == &data->readers[DATA_READERS - 1];
    reader->data = data;
    reader->queue = searches ? &data->searches : &data->reads;
    enum err err = db_open(&reader->log, data->dir, &log_schema, false, data->logger);
    if (err == OK) {
        log_set_statements(&reader->log);
        err = db_open(&reader->store, data->dir, &store_schema, false, data->logger);
    }
    if (err == OK) {
        store_set_statements(&reader->store);
        err = db_open(&reader->users, data->dir, &users_schema, false, data->logger);
    }
    if (err == OK) {
        users_set_statements(&reader->users);
        CHECK(pthread_create(&reader->thread, NULL, run_reader, reader) == 0);
        pthread_setname_np(reader->thread, "reader");
        reader->running = true;
    }
    return err;
}

static void stop_readers(struct data_sqlite *data)
{
    db_queue_stop(&data->reads);
    db_queue_stop(&data->searches);
    for (int i = 0; i < DATA_READERS; i++) {
        struct data_reader *reader = &data->readers[i];
        if (reader->running) {
            pthread_join(reader->thread, NULL);
        }
        db_close(&reader->log);
        db_close(&reader->store);
        db_close(&reader->users);
    }
}

/* ---- the directory */

static enum err refuse(struct data_sqlite *data, enum err err, const char *reason)
{
    LOG_ERROR(data->logger, "store.refused", "dir=\"%s\" reason=\"%s\"", data->dir, reason);
    return err;
}

static enum err lock_dir(struct data_sqlite *data)
{
    char path[PATH_MAX];
    if (!data->dir[0]) {
        return refuse(data, ERR_BAD_CONFIG, "data.dir is empty: name a directory with --data");
    }
    if (snprintf(path, sizeof(path), "%s/lock", data->dir) >= (int)sizeof(path)) {
        return refuse(data, ERR_BAD_CONFIG, "its name is too long");
    }
    if (mkdir(data->dir, 0700) != 0 && errno != EEXIST) {
        return refuse(data, ERR_IO, strerror(errno));
    }
    data->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (data->lock_fd < 0) {
        return refuse(data, ERR_IO, strerror(errno));
    }
    if (flock(data->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? refuse(data, ERR_IN_USE,
                         "another process works with this data: stop it, or name another --data")
                   : refuse(data, ERR_IO, strerror(errno));
    }
    return OK;
}

static enum err open_files(struct data_sqlite *data)
{
    enum err err = lock_dir(data);
    if (err == OK) {
        err = log_shared_open(data);
    }
    if (err == OK) {
        err = store_writer_open(data);
    }
    if (err == OK) {
        err = users_writer_open(data);
    }
    for (int i = 0; i < DATA_READERS && err == OK; i++) {
        err = start_reader(data, &data->readers[i]);
    }
    if (err == OK) {
        err = data_keeper_start(data);
    }
    return err;
}

static struct data_sqlite *create(const struct data_sqlite_options *options)
{
    struct data_sqlite *data = mem_new(sizeof(*data));
    data->dir = mem_string(options->dir);
    data->logger = options->logger;
    data->shards = options->shards;
    data->retention_ms = options->retention_ms;
    data->reserve_bytes = options->reserve_bytes;
    for (int i = 0; i < DATA_FILES; i++) {
        data->files[i].wal = -1;
    }
    data->lock_fd = -1;
    data->store.data = data;
    data->users.data = data;
    db_queue_init(&data->reads);
    db_queue_init(&data->searches);
    db_queue_init(&data->store.queue);
    db_queue_init(&data->users.queue);
    stamps_init(&data->store.stamps, DATA_STORE_STAMPS);
    stamps_init(&data->users.stamps, 1);
    CHECK(pthread_mutex_init(&data->searching.mutex, NULL) == 0);
    CHECK(pthread_mutex_init(&data->keeper_mutex, NULL) == 0);
    CHECK(pthread_cond_init(&data->keeper_wake, NULL) == 0);
    return data;
}

/* SQLite would count its memory under one lock for all threads; nobody asks for the count. It
 * refuses to be told again, once a file was opened. */
static void count_no_memory(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum err data_sqlite_open(const struct data_sqlite_options *options, struct data_sqlite **ret_data)
{
    count_no_memory();
    struct data_sqlite *data = create(options);
    enum err err = open_files(data);
    if (err != OK) {
        data_sqlite_close(data);
        data = NULL;
    } else {
        LOG_INFO(data->logger, "store.opened", "dir=\"%s\" boot=%llu shards=%u", data->dir,
            (unsigned long long)data->boot, data->shards);
    }
    *ret_data = data;
    return err;
}

uint64_t data_sqlite_boot(const struct data_sqlite *data)
{
    return data->boot;
}

void data_sqlite_close(struct data_sqlite *data)
{
    if (!data) {
        return;
    }
    stop_readers(data);
    data_keeper_stop(data);
    store_writer_close(data);
    data_writer_stop(&data->users);
    log_shared_close(data);
    reserve_close(data);
    db_queue_deinit(&data->reads);
    db_queue_deinit(&data->searches);
    pthread_cond_destroy(&data->keeper_wake);
    pthread_mutex_destroy(&data->searching.mutex);
    pthread_mutex_destroy(&data->keeper_mutex);
    if (data->lock_fd >= 0) {
        close(data->lock_fd);
    }
    mem_free(data->dir);
    mem_free(data);
}
