/* keeper - writes the write-ahead logs back into their files, beside the writers.
 *
 * Happy path: when commits have made a write-ahead log longer by copy_frames, the keeper copies it
 * back without stopping the writer (PASSIVE). A page that was written many times in between is
 * copied once, so the store, whose commits write the same pages again and again, waits longer. A
 * writer that never rests would let the log grow all the same; past a second mark the little that
 * is left is copied under the writer's lock (RESTART), so that the file begins again from the
 * front. When text was deleted, the write-ahead log is emptied (TRUNCATE), because it still holds
 * that text. How it fails: a reader or writer that is busy makes it try again after the next
 * commit. */

#include "base/check.h"
#include "data_inner.h"

#define COPY_FRAMES 1000
#define COPY_FRAMES_STORE 4000
#define RESTART_FRAMES 8000
#define WAIT_MS 2000

static int on_commit(void *argument, sqlite3 *handle, const char *name, int frames)
{
    (void)handle;
    (void)name;
    struct data_file *file = argument;
    atomic_store_explicit(&file->frames, frames, memory_order_relaxed);
    file->frames_now = frames;
    return SQLITE_OK;
}

void data_keeper_watch(struct data_sqlite *data, int file, struct db *db)
{
    data->files[file].copy_frames = file == DATA_STORE ? COPY_FRAMES_STORE : COPY_FRAMES;
    sqlite3_wal_hook(db->handle, on_commit, &data->files[file]);
}

static bool is_long(const struct data_file *file)
{
    int frames = atomic_load_explicit(&file->frames, memory_order_relaxed);
    int copied = atomic_load_explicit(&file->copied, memory_order_relaxed);
    return frames - copied >= file->copy_frames;
}

void data_keeper_nudge(struct data_sqlite *data, int file)
{
    const struct data_file *watched = &data->files[file];
    if (!is_long(watched) && !atomic_load_explicit(&watched->purge, memory_order_relaxed)) {
        return;
    }
    pthread_mutex_lock(&data->keeper_mutex);
    data->keeper_wanted = true;
    pthread_cond_signal(&data->keeper_wake);
    pthread_mutex_unlock(&data->keeper_mutex);
}

void data_keeper_purge(struct data_sqlite *data, int file)
{
    atomic_store(&data->files[file].purge, true);
    data_keeper_nudge(data, file);
}

static bool copy_back(struct data_file *file, int mode, int *ret_frames)
{
    int frames = 0, copied = 0;
    int rc = sqlite3_wal_checkpoint_v2(file->db.handle, NULL, mode, &frames, &copied);
    *ret_frames = frames;
    /* One that is copied to its end begins again from the front. */
    atomic_store_explicit(&file->copied, copied < frames ? copied : 0, memory_order_relaxed);
    if ((rc & 0xff) == SQLITE_BUSY) {
        return false;
    }
    db_begin_work(&file->db);
    db_note(&file->db, rc);
    return db_err(&file->db) == OK;
}

static void keep(struct data_sqlite *data, struct data_file *file)
{
    int frames = 0;
    bool purge = atomic_exchange(&file->purge, false);
    if (!purge && !is_long(file)) {
        return;
    }
    bool done = copy_back(file, SQLITE_CHECKPOINT_PASSIVE, &frames);
    if (purge) {
        done = copy_back(file, SQLITE_CHECKPOINT_TRUNCATE, &frames);
        atomic_store(&file->purge, !done || atomic_load(&file->purge));
        atomic_store(&file->cut, true);
        reserve_look(data);
    } else if (done && frames > RESTART_FRAMES) {
        (void)copy_back(file, SQLITE_CHECKPOINT_RESTART, &frames);
    }
    atomic_store(&file->frames, 0); /* the next commit says it anew */
}

static void *run_keeper(void *argument)
{
    struct data_sqlite *data = argument;
    pthread_mutex_lock(&data->keeper_mutex);
    while (!data->keeper_stopped) {
        if (!data->keeper_wanted) {
            pthread_cond_wait(&data->keeper_wake, &data->keeper_mutex);
            continue;
        }
        data->keeper_wanted = false;
        pthread_mutex_unlock(&data->keeper_mutex);
        for (int i = 0; i < 3; i++) {
            keep(data, &data->files[i]);
        }
        pthread_mutex_lock(&data->keeper_mutex);
    }
    pthread_mutex_unlock(&data->keeper_mutex);
    return NULL;
}

enum err data_keeper_start(struct data_sqlite *data)
{
    const struct db_schema *const schemas[3] = {&log_schema, &store_schema, &users_schema};
    for (int i = 0; i < 3; i++) {
        struct data_file *file = &data->files[i];
        enum err err = db_open(&file->db, data->dir, schemas[i], false, data->logger);
        if (err != OK) {
            return err;
        }
        sqlite3_busy_timeout(file->db.handle, WAIT_MS);
        file->db.fatal = true;
    }
    CHECK(pthread_create(&data->keeper, NULL, run_keeper, data) == 0);
    pthread_setname_np(data->keeper, "keeper");
    data->keeper_running = true;
    return OK;
}

void data_keeper_stop(struct data_sqlite *data)
{
    if (data->keeper_running) {
        pthread_mutex_lock(&data->keeper_mutex);
        data->keeper_stopped = true;
        pthread_cond_signal(&data->keeper_wake);
        pthread_mutex_unlock(&data->keeper_mutex);
        pthread_join(data->keeper, NULL);
        data->keeper_running = false;
    }
    for (int i = 0; i < 3; i++) {
        db_close(&data->files[i].db);
    }
}
