#pragma once

/* store_inner - what the files of the model of the stores share. */

#include "store.h"

/* Room for one more row of `size` in a list of the world's memory. */
void *store_grow(void *rows, uint32_t count, uint32_t *capacity, size_t size);

/* Makes a hole at `at` for one row. */
void *store_insert(void *rows, uint32_t *count, uint32_t at, size_t size);
void store_remove(void *rows, uint32_t *count, uint32_t at, size_t size);

/* A copy that is the world's, and its end. */
struct cht_str store_own(struct cht_str text);
void store_disown(struct cht_str *text);

int store_compare(const struct cht_id *a, const struct cht_id *b);
struct stored_room *store_room(const struct store *store, const struct cht_id *room);
struct stored_mine *store_mine(
    const struct store *store, const struct cht_id *user, const struct cht_id *room);
const struct stored_user *store_user(const struct store *store, const struct cht_id *user);
void store_user_changed(struct store *store, const struct cht_id *user);
struct stored_message *store_message(const struct stored_room *room, uint64_t seq);
struct room_member *store_member(const struct stored_room *room, const struct cht_id *user);
struct stored_name *store_name(const struct store *store, struct cht_str folded);
void store_drop_name(struct store *store, const struct stored_name *name);
void store_put_name(
    struct store *store, struct cht_str folded, const struct cht_id *room, uint64_t claimed_at);

/* store_apply.c; in the world's memory. */
void store_apply(struct store *store, const struct history_change *change);

/* Copies for an answer. */
struct room_meta store_meta(const struct stored_room *room, struct arena *arena);
struct room_head store_head(const struct stored_room *room, struct arena *arena);
struct cht_entry store_entry(
    const struct stored_room *room, const struct stored_entry *row, struct arena *arena);

/* The ports' tables. */
extern const struct rooms_ops store_rooms_ops;
extern const struct history_ops store_history_ops;

#define STORE_ASK(port, asked, job_kind, function)                                                 \
    desk_ask((port)->desk,                                                                         \
        &(struct job){.op = &(asked)->op, .kind = (job_kind), .run = (function), .model = (port)})
