#pragma once

/* log_shared - the log of a process: its file, its writer thread, and of each shard the newest
 * records in memory.
 *
 * The writer thread alone changes the file. It publishes what is durable to the shard's ring, under
 * the shard's mutex, and wakes the followers; loops read rings and what is stored under the same
 * mutex.
 *
 * One table for all shards, whose row id is the place: it only grows, so what arrives together goes
 * to the right edge of one tree, whatever its shards, and is a page or two. Marks say for a shard
 * from which place on an index is to be looked for. */

#include <pthread.h>

#include "data_inner.h"
#include "ports/log.h"

#define LOG_RING_RECORDS 1024u
#define LOG_RING_BYTES_MAX (1u << 20)

struct log_follower;

struct log_recent {
    uint64_t index, term;
    struct buf *record;
};

struct log_shard {
    struct log_shared *log;
    uint32_t number;
    /* The writer thread's: */
    uint64_t term;       /* newest claim */
    uint64_t next;       /* index */
    uint64_t mark_index; /* of its newest mark */
    uint64_t trim_until; /* where the trim under way will leave `oldest`; 0: where it is */
    bool touched;        /* something of this batch is durable */
    pthread_mutex_t mutex;
    uint64_t durable; /* from here on under the mutex */
    uint64_t oldest;  /* in the file; 1 if it never had one */
    uint64_t stored;
    struct log_recent ring[LOG_RING_RECORDS]; /* by index modulo its size */
    uint64_t ring_first;                      /* the oldest index in it; durable + 1 if empty */
    uint64_t ring_bytes;
    struct log_follower *followers;
};

/* What was stored and is older than the retention leaves, from the front, piece by piece. */
struct log_trim {
    struct task task; /* the writer's, while queued */
    bool more;        /* the writer thread's */
    pthread_mutex_t mutex;
    bool queued; /* from here on under the mutex */
    uint64_t next_ms;
    uint64_t wall_ms;  /* when it was asked for */
    bool purge_wanted; /* something has left since the write-ahead log was emptied */
    uint64_t purge_ms; /* not to be emptied before */
};

/* What the writer thread answers to one loop after a batch. */
struct log_answers {
    struct loop *loop;
    struct task_queue tasks;
};

struct log_shared {
    struct data_sqlite *data;
    struct db db;
    struct db_queue queue;
    pthread_t thread;
    bool running;
    struct log_shard *shards;
    uint32_t shard_count;
    struct log_trim trim;
    struct task look; /* the writer's, while `looks` */
    _Atomic(bool) looks;
    uint64_t next_place;         /* the writer thread's */
    uint64_t round_place;        /* the writer thread's: at the newest round of marks */
    struct log_answers *answers; /* the writer thread's: one for each loop that ever asked */
    uint32_t loop_count;
};

struct log_writer {
    struct task task; /* the writer thread's, once released */
    struct log_sqlite *home;
    struct log_shared *log;
    struct loop *loop;
    uint32_t shard;
    uint64_t term;
    _Atomic(uint64_t) wall_ms; /* of the newest append's asking */
    enum err dead;             /* the writer thread's: what appends are answered from here on */
};

/* Per-worker instance. What a turn asks of the writer thread is handed over together, so that it
 * lands in one flush. */
struct log_sqlite {
    struct log log; /* first */
    struct log_shared *shared;
    struct loop *loop;
    struct task_queue asked; /* not handed over yet */
    struct task hand_over;   /* deferred, while `handing` */
    bool handing;
};

enum log_statement {
    LOG_CLAIM,
    LOG_TERM,
    LOG_META_GET,
    LOG_META_PUT,
    LOG_INSERT,
    LOG_READ,
    LOG_PLACES,
    LOG_NEWEST,
    LOG_MARK_PUT,
    LOG_MARK_AT,
    LOG_MARK_NEWEST,
    LOG_MARKS_DROP,
    LOG_OLDEST_GET,
    LOG_OLDEST_PUT,
    LOG_FRONT,
    LOG_TRIM,
    LOG_STATEMENT_COUNT
};

/* Called by loops; run by the writer thread. */
void log_writer_append(struct log_append_op *op);
void log_writer_claim(struct log_sqlite *log, struct log_claim_op *op);
void log_writer_release(struct log_writer *writer);
/* Any thread: while the disk is full, the writer sees soon whether it still is. */
void log_writer_look(struct log_shared *log);

void log_writer_start(struct log_shared *log);
void log_writer_stop(struct log_shared *log);

/* log_trim.c. By loops: the store has the shard up to `index`. */
void log_trim_stored(struct log_shard *shard, uint64_t index, uint64_t wall_ms);
/* By the writer thread, after the commit. */
void log_trim_settle(struct log_shared *log, bool committed);

/* log_follow.c. Under the shard's mutex: its followers have something to look at. */
void log_followers_wake(struct log_shard *shard);

/* At the end of the process, on a thread that no loop runs beside. */
void log_followers_drop(struct log_shard *shard);

/* Under the shard's mutex: the record in memory, or NULL. */
const struct log_recent *log_ring_find(const struct log_shard *shard, uint64_t index);

/* Under the shard's mutex, or when nobody else is there. */
void log_ring_drop_oldest(struct log_shard *shard);

struct position log_position(uint64_t index);

/* The port's functions on a loop that log_follow.c has. */
void log_sqlite_follow(struct log *log, struct log_follow *follow);
void log_sqlite_unfollow(struct log *log, struct log_follow *follow);
