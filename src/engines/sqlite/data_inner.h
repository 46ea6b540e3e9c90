#pragma once

/* data_inner - what the files of this engine share: the directory, its writers and its readers.
 *
 * Everything here is made before the threads start and given up after they ended. A writer's db
 * belongs to its thread; a reader has a connection of its own to each file. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "data_sqlite.h"
#include "db.h"
#include "db_queue.h"
#include "stamps.h"

#define DATA_READERS 3 /* the last one searches, so that searches hold up nothing else */
#define DATA_SEARCHES_MAX 32
#define DATA_SEARCHES_OF_USER_MAX 4
#define DATA_STORE_STAMPS 8192

enum { DATA_LOG, DATA_STORE, DATA_USERS, DATA_FILES };

struct data_sqlite;
struct log_shared;

/* The thread behind store.db or users.db: takes what arrived, runs it in one transaction, answers.
 */
struct data_writer {
    struct data_sqlite *data;
    struct db db;
    struct db_queue queue;
    struct stamps stamps; /* of rooms and of their members; of all users together */
    pthread_t thread;
    bool running;
    /* May be NULL: */
    void (*before_commit)(struct data_writer *writer); /* as the last part of the transaction */
    void (*on_rollback)(struct data_writer *writer);
    void (*on_idle)(struct data_writer *writer);
    void *state;
};

struct data_reader {
    struct data_sqlite *data;
    struct db_queue *queue;
    struct db log, store, users;
    pthread_t thread;
    bool running;
};

/* Copies one write-ahead log back into its file when it is long enough. */
struct data_file {
    struct db db;
    int copy_frames;     /* so many more than were copied make it long */
    _Atomic(int) frames; /* of its write-ahead log, after the last commit */
    _Atomic(int) copied; /* of them, by the last copying */
    _Atomic(bool) purge; /* deleted text is in the write-ahead log: empty it soon */
    /* reserve.c, on the writer's thread: */
    struct db *writer; /* its connection */
    int wal;           /* the write-ahead log; -1: without a reserve */
    int frames_now, frames_before;
    uint64_t reserve;      /* so many bytes it is longer than what is in it */
    uint64_t size;         /* at least */
    _Atomic(bool) cut;     /* by the keeper */
    _Atomic(bool) missing; /* the reserve is less than it should be, or without one an append found
                              no space: nothing is appended */
};

/* Whose searches are asked for and not answered. */
struct data_searches {
    pthread_mutex_t mutex;
    struct cht_id users[DATA_SEARCHES_MAX];
    uint32_t count;
};

struct data_sqlite {
    char *dir;
    struct logger *logger;
    int lock_fd;
    uint32_t shards;
    uint64_t retention_ms;
    uint64_t reserve_bytes;
    uint64_t boot;
    struct log_shared *log;
    struct data_writer store, users;
    struct db_queue reads, searches;
    struct data_searches searching;
    struct data_reader readers[DATA_READERS];
    struct data_file files[DATA_FILES];
    _Atomic(bool) looks_at_reserve; /* the store's writer was asked to */
    pthread_mutex_t keeper_mutex;
    pthread_cond_t keeper_wake;
    pthread_t keeper;
    bool keeper_running, keeper_stopped, keeper_wanted;
};

extern const struct db_schema log_schema;
extern const struct db_schema store_schema;
extern const struct db_schema users_schema;

/* Starts the writer's thread; its db is open. */
void data_writer_start(struct data_writer *writer);
void data_writer_stop(struct data_writer *writer);

/* keeper.c: the thread that writes back. `db` is a writer's connection to that file. */
void data_keeper_watch(struct data_sqlite *data, int file, struct db *db);
/* After a commit to that file. */
void data_keeper_nudge(struct data_sqlite *data, int file);
void data_keeper_purge(struct data_sqlite *data, int file);
MUST_USE enum err data_keeper_start(struct data_sqlite *data);
void data_keeper_stop(struct data_sqlite *data);

/* reserve.c. Before the writer's thread starts; `db` is its connection. */
MUST_USE enum err reserve_open(struct data_sqlite *data, int file, struct db *db);
void reserve_close(struct data_sqlite *data);
/* On the writer's thread, after a commit: what is behind it is enough, or is made so. */
void reserve_keep(struct data_sqlite *data, int file);
/* The writer of the store looks soon. Any thread. */
void reserve_look(struct data_sqlite *data);
/* On the log's thread: a batch found the disk full. */
void reserve_note_full(struct data_sqlite *data);
/* On the log's thread: the reserves are there; tries to make them again where they are not. */
bool reserve_may_append(struct data_sqlite *data);

/* log_open.c */
MUST_USE enum err log_shared_open(struct data_sqlite *data);
void log_shared_close(struct data_sqlite *data);

/* store_writer.c, users_sqlite.c */
MUST_USE enum err store_writer_open(struct data_sqlite *data);
void store_writer_close(struct data_sqlite *data);
MUST_USE enum err users_writer_open(struct data_sqlite *data);

/* The statements of a reader's connections. */
void log_set_statements(struct db *db);
void store_set_statements(struct db *db);
void users_set_statements(struct db *db);
