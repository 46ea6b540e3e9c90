#pragma once

/* pulsar_connection - one connection to one broker: its welcome, its pings, who asked what, and
 * whose commands are whose. For the files of this library.
 *
 *     OPENING (TCP, TLS) --> GREETING (CONNECT is sent) --> READY --> CLOSED
 *
 * Happy path: whoever wants a broker is answered when it is READY; requests are answered by their
 * ids, everything else goes to the handle that has the id. A ping of the broker is answered ahead
 * of all that is queued; silence is answered by a ping, and ends the connection when it lasts. How
 * it fails: it is not READY within `open_ms` of its first byte, the broker refuses, breaks the
 * protocol, is silent, or is gone: the connection leaves the client's list, those who wait for it
 * and its requests are answered with an error, then its handles are told, and it is freed. None of
 * them is touched afterwards. It is never tried again; handles ask for a new one. */

#include "flow/machine.h"
#include "flow/op.h"
#include "link/outbound.h"
#include "pulsar/pulsar_error.h"
#include "pulsar/pulsar_frame.h"
#include "pulsar_client/pulsar_client_inner.h"

#define PULSAR_COMMAND_BYTES_MAX 16384u /* a command of ours, without a message */
#define PULSAR_NAME_BYTES 256u
#define PULSAR_VERSION_BYTES 64u

/* Which connection is wanted. */
struct pulsar_endpoint {
    struct pulsar_address broker;   /* who is to answer */
    struct pulsar_address physical; /* where to connect: another one if it is behind a proxy */
    uint32_t group;
};

/* The answer is OK and a connection that is READY, of use until the turn's end unless a handle is
 * added to it; ERR_UNAVAILABLE: it could not be made; ERR_UNAUTHORIZED, ERR_FORBIDDEN: the broker
 * does not let this client in; ERR_FULL: there are connections_max, all of them in use. */
struct pulsar_connect_op {
    struct op op;
    struct pulsar_endpoint endpoint;
    struct pulsar_connection *connection;
    struct pulsar_place place; /* among those who wait */
};

void pulsar_connect(
    struct pulsar_client *client, struct asker *asker, struct pulsar_connect_op *op);

/* What of an answer outlives its frame. */
struct pulsar_answer {
    bool refused;
    uint32_t error;                      /* its code (pulsar_error.h) */
    char text[PULSAR_TROUBLE_BYTES / 2]; /* and the broker's words */
    union {
        struct {
            char name[PULSAR_NAME_BYTES];
            int64_t last_sequence_id;
            bool has_topic_epoch;
            uint64_t topic_epoch;
        } opened; /* PRODUCER_SUCCESS */
        struct {
            uint32_t response;            /* enum pulsar_lookup_response */
            struct pulsar_address broker; /* none: the broker named none that is one */
            bool authoritative, through_service;
        } found;             /* LOOKUP_RESPONSE */
        uint32_t partitions; /* PARTITIONED_METADATA_RESPONSE */
        struct {
            uint64_t ledger, entry;
            int32_t batch_index;
        } last; /* GET_LAST_MESSAGE_ID_RESPONSE */
    };
};

/* The answer is OK (look at `answer.refused`), ERR_TIMEOUT, ERR_CLOSED: the connection has ended;
 * ERR_FULL, ERR_NOT_SENT: it was not written. */
struct pulsar_request {
    struct op op;
    uint64_t id;
    uint32_t wanted; /* enum pulsar_command_type of the answer */
    uint64_t until_ms;
    struct pulsar_place place;
    struct pulsar_answer answer;
};

struct pulsar_connection {
    struct machine machine; /* first */
    struct pulsar_client *client;
    struct pulsar_place place;
    struct pulsar_endpoint endpoint;
    struct outbound *outbound;
    struct outbound_handler handler;
    struct timer timer;           /* until READY; then of the oldest request */
    struct task task;             /* answers those who wait */
    struct pulsar_place waiting;  /* pulsar_connect_op */
    struct pulsar_place requests; /* in the order in which they end */
    struct pulsar_place handles;
    uint32_t request_count;
    uint32_t message_bytes_max; /* the broker's, and ours */
    enum err refusal;           /* why it can not become READY; OK: none is known */
    bool task_waits;
    bool makes_no_topics; /* the broker can tell partitions without making the topic */
    char server_version[PULSAR_VERSION_BYTES];
};

/* Asks what was written, which has `request->id` in it (pulsar_client_next_request); an answer of
 * another kind than `wanted` breaks the protocol. */
void pulsar_request_ask(struct pulsar_connection *connection, struct asker *asker,
    struct pulsar_request *request, enum pulsar_command_type wanted,
    const struct pulsar_writer *written);

/* Writes what needs no answer. False: it has no room, or has ended. */
bool pulsar_connection_write(
    struct pulsar_connection *connection, const struct pulsar_writer *written);

/* It is of no use any more; those on it are told later in this turn. */
void pulsar_connection_drop(struct pulsar_connection *connection, const char *why);

bool pulsar_connection_is_ready(const struct pulsar_connection *connection);

/* Frees all of a client's: the loop runs no turn any more. */
void pulsar_connections_free(struct pulsar_client *client);

/* ---- pulsar_dispatch.c: to whom a frame is. False: it breaks the protocol. */
bool pulsar_dispatch(struct pulsar_connection *connection, const struct pulsar_frame *frame);

/* For it: answers the request and forgets it. */
struct pulsar_request *pulsar_request_find(struct pulsar_connection *connection, uint64_t id);
void pulsar_request_answer(
    struct pulsar_connection *connection, struct pulsar_request *request, enum err err);
