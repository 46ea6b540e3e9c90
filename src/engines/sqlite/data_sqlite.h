#pragma once

/* data_sqlite - one data directory: the log, the store and the users of one machine in three SQLite
 * files.
 *
 * A process opens the directory once and makes one instance of each port per worker; ops are
 * answered on that worker's loop. Files: `log.db` (synchronous FULL: what was answered OK survives
 * the loss of power), `users.db` (FULL), `store.db` (NORMAL: a projection of the log, written again
 * from the recorded progress), `lock` (held for life). Each file has a writer thread of its own;
 * two reader threads serve all three; one more copies the write-ahead logs back, beside the
 * writers.
 *
 * The disk: full means UNAVAILABLE (appends: UNKNOWN, their term is over); what is in the log by
 * then is stored all the same, within the reserve. Any other failed write or flush ends the process
 * with one line, because what the disk holds is then not known. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct logger;
struct loop;
struct log;
struct rooms;
struct history;
struct users;
struct data_sqlite;

struct data_sqlite_options {
    const char *dir; /* made if its parent exists */
    uint32_t shards; /* recorded at the first start, checked at every later one; at most 1,024 */
    uint64_t retention_ms;  /* of log records that the store has */
    uint64_t reserve_bytes; /* of the disk, for what the store may lack when it is full; 0: none */
    struct logger *logger;  /* must stay */
};

/* Refusals, each with one log line: IN_USE (another process has it), CORRUPT, NEWER, IO, BAD_CONFIG
 * (number of shards). */
MUST_USE enum err data_sqlite_open(
    const struct data_sqlite_options *options, struct data_sqlite **ret_data);

/* How often this directory has been opened, from 1. */
uint64_t data_sqlite_boot(const struct data_sqlite *data);

/* The disk has no space, so appends are refused. Any thread. */
bool data_sqlite_is_full(const struct data_sqlite *data);

/* While it is: look soon whether it still is, though nobody appends. Any thread. */
void data_sqlite_look_for_space(struct data_sqlite *data);

/* Answers everything in flight, writes back, joins the threads. All port instances are destroyed
 * before it, or after the loops have run the answers. NULL is fine. */
void data_sqlite_close(struct data_sqlite *data);

/* Copies the three files of the data directory `from` into the directory `to`, while a process
 * works with them or not. The copy is consistent: it has what was answered OK before, its log
 * reaches at least as far as its store, its users at least as far as its log. It has to take less
 * than `retention_ms`. A line was logged if it fails. */
MUST_USE enum err data_sqlite_backup(const char *from, const char *to, struct logger *logger);

/* One instance of a port for the worker that runs `loop`. Destroyed when no op of it is in flight.
 * NULL is fine. */
struct log *log_sqlite_create(struct data_sqlite *data, struct loop *loop);
void log_sqlite_destroy(struct log *log);
struct rooms *rooms_sqlite_create(struct data_sqlite *data, struct loop *loop);
void rooms_sqlite_destroy(struct rooms *rooms);
struct history *history_sqlite_create(struct data_sqlite *data, struct loop *loop);
void history_sqlite_destroy(struct history *history);
struct users *users_sqlite_create(struct data_sqlite *data, struct loop *loop);
void users_sqlite_destroy(struct users *users);
