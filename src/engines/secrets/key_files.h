#pragma once

/* key_files - the directory of keys: 0700, its files 0600, or no start.
 *
 * token-<ms since 1970>.pem is a private key for access tokens, made at that moment; mac.key holds
 * 32 random bytes. A file appears whole or not at all (written beside, flushed, linked). Processes
 * may share the directory: who writes has its lock.
 *
 * A directory on a mount that can not be written (a Kubernetes Secret) is sealed: its own mode says
 * nothing then, its files may be links, and may be root's with mode 0400 or 0440. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define KEY_FILES_MAC "mac.key"
#define KEY_FILES_NAME_BYTES 64

/* Opens the directory; if it is not there, makes it, or answers ERR_NOT_FOUND. ERR_BAD_CONFIG if
 * anybody but the owner may look inside, ERR_IO otherwise. */
MUST_USE enum err key_files_open(const char *directory, bool make, int *ret_dir);

/* True if nothing can be written there, by nobody who sees it as this process does. */
bool key_files_sealed(int dir);

/* The lock of all who write there; close(*ret_lock) gives it back, and so does the end of the
 * process. Does not wait: ERR_IN_USE if somebody has it, ERR_IO. */
MUST_USE enum err key_files_lock(int dir, int *ret_lock);

/* The whole file. ERR_NOT_FOUND; ERR_BAD_CONFIG for a file that others may read, that is no regular
 * one, or is too long. */
MUST_USE enum err key_files_read(
    int dir, const char *name, void *ret_bytes, size_t capacity, size_t *ret_size);

/* ERR_IN_USE if it is there already. For who has the lock, or a directory that no other knows. */
MUST_USE enum err key_files_write(int dir, const char *name, const void *bytes, size_t size);

/* Copies every key of the directory `from` into `to`, which is made. If it fails, `ret_name` is the
 * file that it was at, "" for a directory. */
MUST_USE enum err key_files_copy(
    const char *from, const char *to, char ret_name[KEY_FILES_NAME_BYTES]);

/* After a refusal, for people: what is wrong with that file, or with the directory ("" or NULL). */
const char *key_files_why(const char *directory, const char *name, enum err err);

/* The moments of the newest token keys, newest first. Answers how many, at most `capacity`. */
size_t key_files_token_keys(int dir, uint64_t *ret_created, size_t capacity);

/* "token-<created>.pem", NUL-terminated. */
void key_files_token_name(uint64_t created, char *ret_name, size_t size);

void key_files_remove(int dir, const char *name);
