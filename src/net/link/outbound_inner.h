#pragma once

/* outbound_inner - what the files of the outbound connections share: the connection, the set of
 * those of a loop, and the rules of calling their users.
 *
 * A callback runs only from a readiness event, a timer or the set's task, never from inside a
 * function of outbound.h and never while a list is gone through: lists are emptied from their
 * front, one at a time. `generation` changes whenever the connection is detached from its socket:
 * whoever calls back compares it afterwards. */

#include "base/check.h"
#include "base/task.h"
#include "flow/machine.h"
#include "link/outbound.h"
#include "link/outbound_queue.h"
#include "link/tls_client.h"
#include "world/loop.h"
#include "world/resolver.h"

#define OUTBOUND_READ_BYTES (64u * 1024)
#define OUTBOUND_DETAIL_BYTES TLS_WHY_BYTES

enum outbound_state {
    OUTBOUND_IDLE,
    OUTBOUND_RESOLVING,
    OUTBOUND_CONNECTING,
    OUTBOUND_SHAKING,
    OUTBOUND_OPEN,
    OUTBOUND_CLOSED,
    OUTBOUND_WAITING,
    OUTBOUND_STATES
};

/* A place in a ring whose head is one too. Zeroed: in none. */
struct outbound_place {
    struct outbound_place *next, *prev;
};

struct outbound_endpoint {
    char host[RESOLVER_HOST_BYTES_MAX + 1];
    uint16_t port;
};

/* A question for addresses, which may outlive whoever asked. */
struct outbound_lookup {
    struct resolver_op op;
    struct asker asker;
    struct outbound *outbound; /* NULL: nobody wants to know any more */
    char host[RESOLVER_HOST_BYTES_MAX + 1];
};

struct outbound {
    struct machine machine; /* first */
    struct outbounds *set;
    uint32_t slot;
    struct outbound_handler *handler;
    struct outbound_limits limits;
    struct outbound_stats stats;
    struct tls_client *tls_client;
    char *tls_name;                    /* NULL: the host */
    struct outbound_endpoint endpoint; /* of the next try */
    struct outbound_place due;         /* something is to be done or told, by the set's task */
    struct outbound_place touched;     /* something was written in this turn */
    struct timer timer;                /* the one deadline of the state */
    bool doomed;                       /* destroyed while its handler runs */
    bool at_once;                      /* outbound_retry in on_closed */
    uint32_t failures;                 /* in a row, each of which doubled the wait */
    uint32_t turned;                   /* which of its addresses a name begins with */

    /* of a try */
    struct outbound_lookup *lookup;
    char host[RESOLVER_HOST_BYTES_MAX + 1];
    struct net_address addresses[RESOLVER_ADDRESSES_MAX];
    uint32_t address_count, address_at; /* the one that is tried or connected */
    uint64_t deadline_ms;
    struct outbound_end end; /* of this try, as far as it is known */
    bool shook;              /* `end` is of an address that got as far as TLS */
    char detail[OUTBOUND_DETAIL_BYTES];

    /* of a socket */
    int sock; /* -1: none */
    uint32_t generation;
    uint32_t watched;
    struct tls_session *tls;

    /* of an open connection */
    struct outbound_queue queue;
    uint64_t opened_ms, last_in_ms;
    uint64_t refused_bytes; /* of the first refused write since on_drained; 0: none */
    bool blocked;           /* the socket takes nothing more */
    bool broken;            /* it is lost; what came before that is still to be read */
    bool held;
    bool again; /* what was not taken is to be given again */
    bool quiet; /* on_quiet was called */
    uint8_t *input;
    size_t input_at, input_end, input_capacity;
};

struct outbounds {
    struct net_handler net_handler;
    struct loop_hook turn_end;
    struct task task;
    bool task_waits;
    const struct world *world;
    struct outbound **slots;
    uint32_t slot_count;
    uint32_t free_from;                 /* no slot below it is free */
    uint32_t generation;                /* the newest; no two connections of a set have the same */
    struct outbound_place due, touched; /* heads */
    struct outbound *calling;           /* whose handler runs */
    uint8_t *plain;                     /* OUTBOUND_READ_BYTES */
    uint8_t *cipher;                    /* OUTBOUND_READ_BYTES, of TLS */
};

static inline bool place_is_taken(const struct outbound_place *place)
{
    return place->next != NULL;
}

static inline void place_leave(struct outbound_place *place)
{
    if (place->next) {
        place->next->prev = place->prev;
        place->prev->next = place->next;
        *place = (struct outbound_place){0};
    }
}

/* At the end of the ring; nothing happens if it is in it already. */
static inline void place_join(struct outbound_place *head, struct outbound_place *place)
{
    if (!place->next) {
        *place = (struct outbound_place){.next = head, .prev = head->prev};
        head->prev->next = place;
        head->prev = place;
    }
}

static inline bool outbound_is(const struct outbound *outbound, enum outbound_state state)
{
    return outbound->machine.state == (uint8_t)state;
}

static inline uint64_t outbound_now(const struct outbound *outbound)
{
    return loop_now_ms(outbound->set->world->loop);
}

static inline uint64_t outbound_token(const struct outbound *outbound)
{
    return (uint64_t)outbound->slot << 32 | outbound->generation;
}

/* ---- outbound.c */

/* The handler is called between these two. The second answers whether the connection is the same as
 * before; if not, it may not even be there any more. */
uint32_t outbound_call_begin(struct outbound *outbound);
bool outbound_call_end(struct outbound *outbound, uint32_t generation);

/* The end of a try or of a connection: everything is detached, and the user is told later in this
 * turn. `detail` may lie in what is detached. */
void outbound_close(struct outbound *outbound, enum outbound_reason reason, const char *detail);

/* This address will not do: the next one, or the end of the try. */
void outbound_address_failed(
    struct outbound *outbound, enum outbound_reason reason, const char *detail);

/* What net_connect or net_connected answered. */
enum outbound_reason outbound_reason_of(enum err err);

/* Something has come: it is not silent. */
void outbound_heard(struct outbound *outbound);

/* A connection that was closed, whose turn has come in the set's task. */
void outbound_tell_closed(struct outbound *outbound);

/* ---- outbounds.c */

/* Its set's task looks at it, later in this turn. */
void outbound_is_due(struct outbound *outbound);

/* Something was written: it is flushed at the turn's end. */
void outbound_is_touched(struct outbound *outbound);

/* Gives a new connection its slot. */
void outbounds_add(struct outbound *outbound);

/* ---- outbound_io.c */
void outbound_update_watch(struct outbound *outbound);

/* Without a socket, TLS, queue or input, as far as it is not in use by a handler that runs. */
void outbound_socket_close(struct outbound *outbound);
void outbound_input_free(struct outbound *outbound);

/* The socket is ready, in a state that has one. */
void outbound_ready(struct outbound *outbound, uint32_t events);

/* Sends what is queued, as far as the socket takes it. */
void outbound_flush(struct outbound *outbound);

/* An open connection whose turn has come in the set's task. */
void outbound_go_on(struct outbound *outbound);
