#pragma once

/* pulsar_handle - what producers and consumers have in common: a place at the broker of a topic,
 * that is found, taken, lost and taken again. For the files of this library.
 *
 *               +-------------------------------------------------+
 *               v                                                 |
 *     IDLE --> LOOKING --> CONNECTING --> OPENING --> READY       |
 *               ^   |       ^    |          |        |  |  |      |
 *               |   v       |    v          v        |  |  v      |
 *               |  WAITING <-----+----------+--------+  | HELD ---+
 *               |   |       +---------------------------+ (a broker that was named)
 *               +---+                  ENDED, from any state
 *
 * Happy path: the lookup, the connection and the answer of the broker come one after the other, so
 * at most one op is in flight. How it fails: what may pass by itself is followed by a wait and
 * another lookup; what can not pass ends it. An end is told once, later in the turn.
 *
 * The struct is the first member of a producer's or consumer's and is freed by its kind when it was
 * destroyed and its op has answered. */

#include "base/task.h"
#include "flow/machine.h"
#include "pulsar_client/pulsar_client_inner.h"
#include "pulsar_client/pulsar_connection.h"
#include "pulsar_client/pulsar_lookup.h"

enum pulsar_handle_state {
    PULSAR_HANDLE_IDLE,
    PULSAR_HANDLE_LOOKING,
    PULSAR_HANDLE_CONNECTING,
    PULSAR_HANDLE_OPENING,
    PULSAR_HANDLE_READY,
    PULSAR_HANDLE_WAITING,
    PULSAR_HANDLE_HELD,
    PULSAR_HANDLE_ENDED,
    PULSAR_HANDLE_STATES
};

/* Why a place was lost. */
enum pulsar_loss {
    PULSAR_LOSS_CONNECTION, /* the connection has ended */
    PULSAR_LOSS_CLOSED,     /* the broker has closed it: the topic has moved, or the position */
    PULSAR_LOSS_SUSPECT,    /* what the broker says does not fit; it was told to close it */
};

struct pulsar_handle;

struct pulsar_handle_kind {
    enum pulsar_command_type opened, closed; /* the answer to write_open; the broker closes it */
    /* Write the whole command; false: it has no room. */
    bool (*write_open)(
        struct pulsar_handle *handle, uint64_t request_id, struct pulsar_writer *writer);
    bool (*write_close)(
        struct pulsar_handle *handle, uint64_t request_id, struct pulsar_writer *writer);
    /* It is READY. */
    void (*on_ready)(struct pulsar_handle *handle, const struct pulsar_answer *answer);
    /* It was READY and is not any more. `bytes_sent`: of what was written to the connection. */
    void (*on_lost)(struct pulsar_handle *handle, enum pulsar_loss loss, uint64_t bytes_sent);
    /* Whether it is to be opened again, or at all; NULL: yes. False ends it with ERR_CANCELLED. */
    bool (*may_open)(struct pulsar_handle *handle);
    /* A command with its id, whatever its state. `is_current`: of the connection that it is on. */
    void (*on_command)(
        struct pulsar_handle *handle, const struct pulsar_frame *frame, bool is_current);
    /* Something may be written again. */
    void (*on_room)(struct pulsar_handle *handle);
    /* It has ended by itself. */
    void (*on_ended)(struct pulsar_handle *handle, enum err err);
    /* It still waits for an answer to a question of its own (pulsar_handle_answered). NULL: never.
     */
    bool (*is_asking)(const struct pulsar_handle *handle);
    void (*free)(struct pulsar_handle *handle);
};

struct pulsar_handle {
    struct machine machine; /* first */
    const struct pulsar_handle_kind *kind;
    struct pulsar_client *client;
    uint64_t id;
    uint32_t slot;
    uint32_t group;
    char *topic;
    struct pulsar_connection *connection; /* OPENING, READY: that it is on */
    const void *left;                     /* the one that it was on; never followed */
    struct pulsar_place place; /* among those of the connection; destroyed: of the client */
    struct asker asker;
    struct pulsar_lookup_op lookup;
    struct pulsar_connect_op connect;
    struct pulsar_request request;
    struct pulsar_endpoint endpoint;
    struct timer timer;    /* of a wait */
    struct timer deadline; /* of the first opening */
    struct task task;
    uint64_t ready_ms;      /* since when */
    uint64_t busy_since_ms; /* the topic was somebody else's; 0: it was not */
    uint32_t failures;      /* in a row */
    enum err end;           /* of ENDED */
    bool asking;            /* an op is in flight */
    bool was_ready;
    bool holds; /* when its place is lost, it waits for pulsar_handle_release */
    bool task_waits;
    bool tells;  /* its end is to be told */
    bool doomed; /* destroyed */
};

/* False: the client has no room for another one; nothing is taken. `open_ms`: the time until it is
 * READY for the first time, else it ends with ERR_TIMEOUT; 0: no bound. */
bool pulsar_handle_init(struct pulsar_handle *handle, struct pulsar_client *client,
    const struct pulsar_handle_kind *kind, const char *topic, uint32_t group, uint32_t open_ms);

/* Closes its place, tells nothing more, and has it freed. */
void pulsar_handle_destroy(struct pulsar_handle *handle);

/* Frees at once: the loop runs no turn any more. */
void pulsar_handle_free(struct pulsar_handle *handle);

/* For good. Nothing happens if it has ended already. */
void pulsar_handle_end(struct pulsar_handle *handle, enum err err);

/* READY: the broker is told to close it, it is found and opened again after a wait. */
void pulsar_handle_suspect(struct pulsar_handle *handle);

/* READY: the same, but it is opened again at once. */
void pulsar_handle_reopen(struct pulsar_handle *handle);

/* HELD: it is opened again. */
void pulsar_handle_release(struct pulsar_handle *handle);

/* A question of a handle that was destroyed is answered: it may be freed now. */
void pulsar_handle_answered(struct pulsar_handle *handle);

/* For the connection: it has a command for it, or has ended. */
void pulsar_handle_command(struct pulsar_handle *handle, struct pulsar_connection *connection,
    const struct pulsar_frame *frame);
void pulsar_handle_connection_gone(struct pulsar_handle *handle, uint64_t bytes_sent);

static inline bool pulsar_handle_is(
    const struct pulsar_handle *handle, enum pulsar_handle_state state)
{
    return handle->machine.state == (uint8_t)state;
}
