#pragma once

/* users_inner - the parts of the port users, a file each. */

#include "cassandra/call.h"
#include "ports/users.h"

struct users_cassandra {
    struct users users; /* first */
    struct cassandra *store;
};

/* The row of USER_GET where the ask is. */
enum err users_take(const struct cql_ask *ask, struct arena *arena, struct user *ret_user);
void users_ask_one(struct cassandra *store, struct cql_ask *ask, const struct cht_id *id);

/* users_write.c */
void users_cassandra_create_one(struct cassandra *store, struct users_create_op *op);
void users_cassandra_change(struct cassandra *store, struct users_change_op *op);

/* devices_cassandra.c */
void devices_put(struct cassandra *store, struct users_device_put_op *op);
void devices_get(struct cassandra *store, struct users_device_get_op *op);
void devices_change(struct cassandra *store, struct users_device_change_op *op);
void devices_list(struct cassandra *store, struct users_devices_op *op);

/* blocks_cassandra.c */
void blocks_change(struct cassandra *store, struct users_block_op *op);
void blocks_list(struct cassandra *store, struct users_blocks_op *op);
void blocks_apart(struct cassandra *store, struct users_apart_op *op);
void blocks_among(struct cassandra *store, struct users_blocking_op *op);

/* The names of two bytes that all sorted names of a partition begin with. */
#define USERS_BEGINNING_BYTES 2u

static inline struct cht_str users_beginning(struct cht_str name)
{
    return (struct cht_str){
        name.at, name.size < USERS_BEGINNING_BYTES ? name.size : USERS_BEGINNING_BYTES};
}
