#pragma once

/* all_settings - the tables of all parts of the program, and their structs as one.
 *
 * Every worker has such a struct of its own, so that a refresh can change what is reloadable on
 * each worker's loop, between two turns. Texts point into the `struct settings`. */

#include "app_settings.h"
#include "cassandra/cassandra_settings.h"
#include "chat/chat_settings.h"
#include "gateway/gateway_settings.h"
#include "message/message_settings.h"
#include "pulsar/pulsar_settings.h"
#include "redis/redis_settings.h"
#include "socket/socket_settings.h"
#include "user/user_settings.h"

struct all_settings {
    struct app_settings app;
    struct cassandra_settings cassandra;
    struct pulsar_settings pulsar;
    struct redis_settings redis;
    struct gateway_settings gateway;
    struct socket_settings socket;
    struct chat_settings chat;
    struct message_settings message;
    struct user_settings user;
};

extern const struct settings_table *const settings_tables[];
extern const size_t settings_table_count;

void all_settings_fill(struct all_settings *all, const struct settings *settings);

/* The values that are reloadable. */
void all_settings_copy_reloadable(struct all_settings *into, const struct all_settings *from);
