#pragma once

/* sessions_local_inner - what the files of the in-process sessions share. Every function here is
 * called with the lock held. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "local/revocations.h"
#include "local/sessions_local.h"

/* A user who is connected or was so lately. */
struct known_user {
    struct cht_id user;
    uint64_t last_seen;
    struct known_session *sessions;   /* newest first */
    uint32_t gone_before, gone_after; /* in the list of those without one */
    struct sessions_rates rates;
};

/* One of each connection, so what its user has already is not in it again. */
struct known_session {
    struct known_session *next;
    struct cht_id device, id;
    uint64_t node, boot;
    uint32_t slot, generation;
    enum cht_presence_state state;
    bool replaced; /* its node closes it: it counts no more, but uses the user's buckets */
};

struct limit_row {
    uint64_t key_hash;   /* 0: free */
    uint64_t full_at_us; /* when the bucket is full again; a bucket is this one number */
};

struct logger;

struct sessions_port {
    struct sessions sessions;
    struct sessions_local *shared;
    struct loop *loop;
    struct sessions_listener *listeners;
    struct task news; /* revocations wait to be told */
    bool news_asked;  /* under the lock */
    uint64_t told;    /* revocations told to the listeners so far; the worker's own */
    struct logger *logger;
};

struct sessions_local {
    pthread_mutex_t lock;
    struct sessions_local_options options;
    struct sessions_port *ports;
    struct map user_index;
    struct known_user *users;
    uint32_t user_count;
    uint32_t gone_first, gone_last; /* users without a connection, gone for longest first */
    struct ticket *tickets;
    struct limit_row *limits;
    struct revocations revocations;
    _Atomic(bool) any_revoked; /* ever */
    uint64_t warned_at;        /* of a floor that had to rise */
};

/* sessions_users.c */
void sessions_local_users_init(struct sessions_local *shared);
void sessions_local_users_deinit(struct sessions_local *shared);
struct known_user *sessions_local_find(struct sessions_local *shared, const struct cht_id *user);
enum err sessions_local_enter(
    struct sessions_local *shared, struct sessions_enter_op *op, uint64_t now);
void sessions_local_remove(
    struct sessions_local *shared, const struct session *session, uint64_t now);
void sessions_local_set_state(struct sessions_local *shared, const struct session *session,
    enum cht_presence_state state, uint64_t now);
void sessions_local_answer(const struct known_user *known, struct online_user *online);

/* sessions_tables.c */
void sessions_local_put_ticket(struct sessions_local *shared, const struct ticket *ticket);
bool sessions_local_take_ticket(struct sessions_local *shared, struct ticket *ticket, uint64_t now);
enum err sessions_local_limit(
    struct sessions_local *shared, struct sessions_limit_op *op, uint64_t now_us);
