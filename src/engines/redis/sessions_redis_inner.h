#pragma once

/* sessions_redis_inner - what the files of the sessions in Redis share. Everything is on the loop
 * of one worker. */

#include "flow/flow.h"
#include "redis/redis_config.h"
#include "redis/redis_values.h"
#include "redis/sessions_redis.h"
#include "redis/sessions_scripts.h"
#include "world/loop.h"

#define OWN_REVOKED_MAX 4096u /* that are told again after Redis lost its content */

/* A connection of this worker, at the place of its slot. */
struct own_connection {
    struct session session;
    enum cht_presence_state state;
    bool taken;
};

/* What this node revoked, or read from the truth at its start. */
struct own_revocation {
    struct revocation revocation;
    uint64_t number;  /* 0: none */
    uint64_t told_ms; /* when Redis took it; 0: it has not; 1: somebody will have told it */
    bool on_its_way;
};

struct sessions_redis {
    struct sessions sessions; /* first */
    struct sessions_redis_options options;
    struct loop *loop;
    struct logger *logger;
    struct sessions *near;
    struct redis_client *client; /* NULL: stopped */
    struct redis_listener listener;
    struct sessions_scripts scripts;
    uint64_t lost_ms; /* when the connection was lost, for a line of the log; 0: it is there */
    uint64_t told_ms; /* when that was last said */
    struct sessions_redis_stats stats;
    struct redis_client_stats last; /* of the client that was */

    /* the node: sessions_beat.c */
    uint64_t life; /* counts connections to Redis */
    struct timer tick;
    uint64_t beat_at_ms;
    uint64_t unsure_until_ms; /* others may not have written what they have */
    bool looking;             /* the answer to the last look is on its way */

    /* its connections: sessions_connected.c */
    struct own_connection *own; /* by slot */
    uint32_t own_capacity;
    uint32_t publish_at;     /* the next slot to be written again; own_capacity: none */
    uint32_t publish_flying; /* on their way */
    uint64_t rotation;       /* slots that were passed since the last whole round */

    /* revocations: sessions_revoked.c */
    char cursor[48];
    struct own_revocation revoked[OWN_REVOKED_MAX]; /* a ring by number */
    uint64_t revoked_count;
    bool reading;
};

/* Something to be told, that nobody waits for: a command that frees itself. */
struct redis_telling {
    struct redis_op op;
    struct asker asker;
    struct sessions_redis *redis;
    void (*on_told)(struct redis_telling *telling); /* NULL: nothing */
    uint64_t number;                                /* whoever tells knows what it is */
};

/* sessions_redis.c */
struct sessions_redis *sessions_redis_of(struct sessions *sessions);
const char *sessions_redis_prefix(const struct sessions_redis *redis);

/* Asks the script; answers ERR_NOT_SENT if it is stopped. */
void sessions_redis_run(struct sessions_redis *redis, struct asker *asker, struct redis_op *op,
    const struct redis_call *call);
void sessions_redis_ask(struct sessions_redis *redis, struct asker *asker, struct redis_op *op,
    const struct cht_str *words, uint32_t count);

/* A new one. */
struct redis_telling *sessions_redis_telling(
    struct sessions_redis *redis, void (*on_told)(struct redis_telling *telling));

/* sessions_beat.c */
void sessions_redis_on_ready(struct sessions_redis *redis);
void sessions_redis_start_beating(struct sessions_redis *redis);
/* "<node>#<life>". Answers its size; `ret_text` of 2 * REDIS_PLACE_BYTES_MAX. */
uint32_t sessions_redis_place_write(const struct sessions_redis *redis, char *ret_text);
/* Redis does not know this node: whatever it had is lost. */
void sessions_redis_content_lost(struct sessions_redis *redis);
/* What Redis knows of other nodes may not be all. */
bool sessions_redis_is_unsure(const struct sessions_redis *redis);

/* sessions_connected.c */
void sessions_redis_enter(struct sessions *sessions, struct sessions_enter_op *op);
void sessions_redis_remove(struct sessions *sessions, const struct session *session);
void sessions_redis_set_state(
    struct sessions *sessions, const struct session *session, enum cht_presence_state state);
/* Writes all connections again, some at a time. */
void sessions_redis_publish(struct sessions_redis *redis);
void sessions_redis_publish_some(struct sessions_redis *redis);
/* Not all are written yet. */
bool sessions_redis_is_publishing(const struct sessions_redis *redis);
/* Some of them, so that all have been within a while. */
void sessions_redis_rotate(struct sessions_redis *redis);

/* sessions_online.c */
void sessions_redis_online(struct sessions *sessions, struct sessions_online_op *op);

/* sessions_passes.c */
void sessions_redis_ticket_put(struct sessions *sessions, struct sessions_ticket_op *op);
void sessions_redis_ticket_take(struct sessions *sessions, struct sessions_ticket_op *op);
void sessions_redis_limit(struct sessions *sessions, struct sessions_limit_op *op);

/* sessions_revoked.c */
void sessions_redis_revoke(struct sessions *sessions, const struct revocation *revocation);
/* Asks for what others revoked. */
void sessions_redis_read_revoked(struct sessions_redis *redis);
/* From the first one again, and tells again what was revoked here: all of it that still matters if
 * Redis has lost its content, else what it may not have taken. */
void sessions_redis_revoked_again(struct sessions_redis *redis, bool content_lost);
/* Tells what Redis has not taken yet. */
void sessions_redis_tell_revoked(struct sessions_redis *redis);
