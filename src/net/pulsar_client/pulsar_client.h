#pragma once

/* pulsar_client - Apache Pulsar for one loop: brokers that are found, connections that are shared,
 * and the producers and consumers on them.
 *
 * One client a worker. Everything of it runs on the loop of its world, nothing blocks, nothing is
 * called back from inside a call. Producers and consumers (pulsar_publisher.h, pulsar_consumer.h,
 * pulsar_reader.h) are made with a client and live until they are destroyed:
 *
 *     look up the topic -> connect to its broker -> open there -> READY
 *          ^                                                        |
 *          +---- a wait, doubled at each failure <---- lost --------+
 *
 * So a broker that restarts, a topic that moves, a name server that is away cost time and are seen
 * by nobody above, as long as deadlines hold. What ends one of them for good is its own end, told
 * once.
 *
 * Connections are shared by everything that names the same broker and the same `group`; group 0 is
 * everybody's, another one keeps its members' connections apart from the others', for a broker ends
 * a whole connection for the mistake of one producer.
 *
 * The protocol: https://pulsar.apache.org/docs/developing-binary-protocol/, version 19; the codec
 * is net/pulsar. Nothing here logs; pulsar_client_last_trouble has words for whoever does. */

#include <stdint.h>

#include "base/err.h"
#include "world/world.h"

struct outbounds;
struct pulsar_client;
struct tls_client;

#define PULSAR_TROUBLE_BYTES 256u
#define PULSAR_SERVICE_HOSTS_MAX 16u
#define PULSAR_TOKEN_BYTES_MAX 8192u

/* Where the token comes from. It is asked for each connection and for each challenge of a broker,
 * so one that was renewed is used from then on. */
struct pulsar_credentials {
    /* Writes the token, at most `capacity` bytes, and answers its size; 0: there is none now, and
     * the connection is not made. Called from inside the loop: it does not wait. The bytes are
     * wiped when they were sent. */
    uint32_t (*token)(struct pulsar_credentials *credentials, char *ret_token, uint32_t capacity);
};

/* What pulsar_client_limits_default has is in brackets. */
struct pulsar_client_limits {
    uint32_t connections_max;   /* [64] */
    uint32_t handles_max;       /* producers, consumers and readers [4096] */
    uint32_t requests_max;      /* without an answer, of a connection [4096] */
    uint32_t lookups_max;       /* under way; one for each topic [256] */
    uint32_t message_bytes_max; /* metadata and payload; a broker may have less [5 MiB] */
    uint32_t queue_bytes_max;   /* of a connection, written and not yet sent [6 MiB]; more than
                                   message_bytes_max */
    uint64_t pending_bytes_max; /* of all producers: payloads without a receipt [64 MiB] */
    uint32_t open_ms;           /* from looking up a name to a broker's welcome [10 s] */
    uint32_t request_ms;        /* for the answer to a request [30 s] */
    uint32_t keep_alive_ms;     /* silence after which a ping is sent; twice of it ends [30 s] */
    uint32_t retry_first_ms;    /* the wait after a failure, doubled by each [100 ms] */
    uint32_t retry_max_ms;      /* at most [15 s]; link/retry_wait.h */
    uint32_t busy_ms;           /* so long a topic may be busy before that is an error [15 s] */
};

struct pulsar_client_options {
    const char *service_hosts; /* "broker-1:6650, broker-2:6650"; copied */
    const char *listener_name; /* which of its addresses a broker is to name; NULL: none. Copied */
    struct tls_client *tls;    /* NULL: plain. Stays as long as the client */
    struct pulsar_credentials *credentials; /* NULL: nobody signs in. Stays likewise */
    struct pulsar_client_limits limits;
};

struct pulsar_client_stats {
    uint32_t connections, ready_connections, handles, ready_handles, lookups;
    uint64_t opens;          /* connections that became ready */
    uint64_t losses;         /* those that ended */
    uint64_t reopens;        /* producers and consumers that were open before */
    uint64_t timeouts;       /* requests that were not answered */
    uint64_t pending_bytes;  /* of all producers */
    uint64_t flaws;          /* frames and messages that break the protocol */
    uint64_t unknown_frames; /* commands for nobody, or not known here */
};

struct pulsar_client_limits pulsar_client_limits_default(void);

/* `outbounds` is the loop's and stays longer. ERR_BAD_CONFIG: no host, one that is none, or too
 * many. Limits that contradict each other are a defect of the program. */
MUST_USE enum err pulsar_client_create(const struct world *world, struct outbounds *outbounds,
    const struct pulsar_client_options *options, struct pulsar_client **ret_client);

/* With everything that was made with it; nobody is told, and ops, which stay until it returns, are
 * not answered. The loop runs no turn any more. NULL is fine. */
void pulsar_client_destroy(struct pulsar_client *client);

struct pulsar_client_stats pulsar_client_stats(const struct pulsar_client *client);

/* What last went wrong, as one line of text for logs: which broker or topic, and why; "" at first.
 * May hold words of a broker, none of a message or a token. */
const char *pulsar_client_last_trouble(const struct pulsar_client *client);
