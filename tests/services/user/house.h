#pragma once

/* house - a user service on real engines in virtual time: SQLite users, local sessions and bus,
 * real secrets; a fake edge. */

#include "base/logger.h"
#include "fake_edge.h"
#include "test_loop.h"
#include "user/user.h"
#include "world/work.h"

struct house {
    struct test_loop loop;
    struct world world;
    struct work work;
    struct logger logger;
    char dir[64];
    struct bus_local *bus;
    struct sessions_local *sessions;
    struct secrets_openssl *keys;
    struct data_sqlite *data;
    struct user_settings settings;
    struct user_service_deps deps;
    struct user_service *service;
    struct shards_handler owner;
    uint32_t creates, joins, leaves; /* commands that the owner of rooms saw */
    bool silent;                     /* the owner answers nothing */
    enum err refusal;                /* of its leaves, `refusals` times */
    uint32_t refusals;
    struct buf *refused[256]; /* what the owner refused: it does not answer that again */
    uint32_t refused_count;
    uint64_t owner_ahead_ms; /* its clock */
    struct mail_handler lister; /* of rooms, in the place of the message service */
    uint8_t rooms;              /* everybody is in so many */
    uint32_t lists, no_lists;   /* it was asked so often, and answers nothing so often */
    bool busy;                  /* the pool of slow work is full */
    uint32_t hashes;            /* slow jobs so far */
    uint32_t next_slot;
};

void house_init(struct house *house);
void house_deinit(struct house *house);

/* Sends a request and waits for its answer; the slot that was used. `identity` may be NULL. */
uint32_t house_ask(struct house *house, enum http_method method, const char *path, const char *body,
    const struct identity *identity);

#define HOUSE_PASSWORD "violet staircase"

/* A new user of that name, signed in. */
struct identity house_user(struct house *house, const char *name);

/* Who the access token of an answer is. */
struct identity house_identity(struct house *house, uint32_t slot);
