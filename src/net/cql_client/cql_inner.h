#pragma once

/* cql_inner - what the files of Cassandra's client share: the client, its nodes, connections and
 * streams, and who does what.
 *
 *     cql_ask        what is asked, until it is given away, and its rows
 *     cql_dispatch   which connection an ask goes to, those that wait, deadlines, answers
 *     cql_route      nodes that have the replicas of an ask's partition
 *     cql_verdict    what follows an error, a lost connection, a deadline (pure)
 *     cql_prepare    statements at nodes
 *     cql_conn       a connection: hello, frames, streams
 *     cql_reply      a response to an ask, read and kept
 *     cql_control    the connection that tells about the others: events, the flow that reads tables
 *     cql_nodes      the nodes that there are, their connections, and the ring
 *
 * An ask is at one place at a time (enum cql_step): in a list, or on a stream. It is answered by
 * cql_ask_answer alone, always through a task of the loop, so nobody's code runs inside of ours. */

#include "base/check.h"
#include "base/timers.h"
#include "cql/cql_ring.h"
#include "cql_client/cql_client.h"
#include "flow/flow.h"
#include "flow/machine.h"
#include "link/outbound.h"
#include "world/resolver.h"

#define CQL_CONNECTIONS_MAX 4u
#define CQL_CONTACTS_MAX 16u
#define CQL_NODES_MAX 256u
#define CQL_STREAMS_MAX 2048u
#define CQL_STREAMS_OWN 8u /* beside asks and PREPAREs: hello and pings */
#define CQL_ID_BYTES_MAX 64u
#define CQL_REPLICAS_MAX 32u
#define CQL_TICK_MS 1000u
#define CQL_STEADY_MS 10000u /* a connection that lasted so long was a good one */

/* ---- asks */

enum cql_step {
    CQL_STEP_IDLE,
    CQL_STEP_WAITING,   /* for a stream of any node */
    CQL_STEP_DELAYED,   /* for a moment */
    CQL_STEP_PREPARING, /* for a statement, at a node */
    CQL_STEP_SENT,
    CQL_STEP_AGREEING, /* it was done; for all nodes to have the same schema */
};

struct cql_ask_list {
    struct cql_ask *first, *last;
    uint32_t count;
};

/* A statement of an ask, with its values in the ask's arena. */
struct cql_ask_part {
    uint32_t place;
    uint32_t value_count;
    size_t at; /* where its values begin, among those of the ask */
    size_t size;
};

/* ---- connections */

enum cql_use {
    CQL_USE_FREE,
    CQL_USE_HELLO,
    CQL_USE_PING,
    CQL_USE_PREPARE,
    CQL_USE_ASK,
    CQL_USE_ORPHAN,
    CQL_USES
};

struct cql_stream {
    uint8_t use;
    uint16_t place; /* of the statement, of PREPARE */
    struct cql_ask *ask;
    uint64_t since_ms; /* of PREPARE and ORPHAN */
};

struct cql_streams {
    struct cql_stream *all;
    uint16_t *free; /* numbers, the next one last */
    uint16_t count, free_count;
    uint32_t used[CQL_USES];
};

enum cql_conn_state {
    CQL_CONN_AWAY,        /* outbound connects, or waits */
    CQL_CONN_OFFERING,    /* OPTIONS */
    CQL_CONN_STARTING,    /* STARTUP */
    CQL_CONN_PROVING,     /* AUTH_RESPONSE */
    CQL_CONN_REGISTERING, /* REGISTER; the control connection */
    CQL_CONN_READY,
    CQL_CONN_STATES
};

struct cql_conn {
    struct machine machine; /* first */
    struct outbound_handler handler;
    struct outbound *outbound;
    struct cql_client *client;
    struct cql_node *node; /* NULL: the control connection */
    struct cql_streams streams;
    struct timer timer; /* of the hello, and of the wait after wrong credentials */
    uint64_t skipped;   /* bytes that are left of a body that is too large */
    bool is_compressed;
    bool is_full;   /* a write was refused; on_drained comes */
    bool is_broken; /* dropped; on_closed comes */
    bool is_denied;
};

/* ---- nodes */

enum cql_prepared_state { CQL_PREPARED_NOT, CQL_PREPARED_ASKED, CQL_PREPARED_KNOWN };

/* A statement at a node. */
struct cql_prepared_at {
    uint8_t state;
    uint8_t id_size;
    uint8_t id[CQL_ID_BYTES_MAX];
    struct cql_conn *conn; /* that was asked */
    struct cql_ask_list waiters;
};

struct cql_node {
    struct cql_client *client;
    uint16_t place;
    uint16_t datacenter;
    struct net_address address;
    struct cht_id host_id;
    char rack[CQL_NAME_BYTES_MAX];
    bool is_local, is_down, is_seen;
    struct cql_prepared_at *prepared;
    uint32_t preparing;                         /* asks that wait for a statement here */
    struct cql_conn conns[CQL_CONNECTIONS_MAX]; /* connections_per_node of them, if it is local */
};

/* Asks that hold a stream of it. */
static inline uint32_t cql_conn_asks(const struct cql_conn *conn)
{
    return conn->streams.used[CQL_USE_ASK] + conn->streams.used[CQL_USE_ORPHAN];
}

/* What a node that hangs has more of than others: asks that wait for it in any way. */
static inline uint32_t cql_conn_load(const struct cql_conn *conn)
{
    return cql_conn_asks(conn) + conn->node->preparing;
}

/* A row of the system's tables: lies in the answers that it was read from. */
struct cql_member {
    struct net_address address;
    struct cht_id host_id, schema;
    struct cht_str datacenter, rack;
    struct cql_type tokens_type;
    struct cql_cell tokens;
    bool has_schema;
};

enum cql_strategy { CQL_STRATEGY_NONE, CQL_STRATEGY_SIMPLE, CQL_STRATEGY_NETWORK };

/* Where partitions of the keyspace are. Without a strategy, anywhere. */
struct cql_places {
    char datacenters[CQL_DATACENTERS_MAX][CQL_NAME_BYTES_MAX];
    uint16_t datacenter_count;
    struct cql_ring_token *tokens;
    struct cql_host hosts[CQL_NODES_MAX];
    struct cql_ring ring;
    uint16_t host_count, local_count; /* nodes: all, and those of the local datacenter */
    enum cql_strategy strategy;
    uint16_t replicas; /* of SIMPLE */
    struct cql_factor factors[CQL_DATACENTERS_MAX];
    uint32_t factor_count;
    bool is_murmur3;
};

/* What all nodes know alike about a statement. */
struct cql_known {
    const char *text; /* with its keyspace */
    bool is_read;
    bool has_key; /* all parts of the partition key are values */
    uint8_t key_part_count;
    uint16_t key_parts[CQL_KEY_PARTS_MAX];
};

struct cql_control {
    struct flow flow; /* first */
    struct cql_client *client;
    struct cql_conn conn;
    struct cql_ask local, peers, keyspace;
    struct timer timer;      /* the next look, or the next try to connect */
    uint32_t at;             /* the candidate: a place of a node, or behind those a contact point */
    struct net_address left; /* where it was connected last */
    uint32_t tried;          /* in this round */
    uint32_t rounds;         /* without one that lasted */
    uint64_t ready_ms;       /* since when it is ready; 0: it is not */
    uint64_t look_changes;   /* of the schema, when it began to look */
    bool is_looking, looks_again, has_old_peers, was_denied;
};

struct cql_client {
    struct cql_client_options options; /* its texts are ours */
    struct cql_client_limits limits;
    const struct world *world;
    char *contacts[CQL_CONTACTS_MAX];
    struct cql_known *known; /* as many as statements */
    struct arena texts;      /* of them */
    struct cql_node *nodes[CQL_NODES_MAX];
    struct cql_places places;
    struct cql_control control;
    uint16_t local_datacenter; /* UINT16_MAX: not known yet */
    bool is_closed;

    struct cql_ask_list waiting, delayed, agreeing;
    uint32_t preparing;      /* asks that wait for a statement, at all nodes */
    struct timers deadlines; /* of asks */
    struct timer deadline_timer, delay_timer, tick_timer;
    uint64_t schema_changed_ms; /* 0: never */
    uint64_t schema_changes;
    uint32_t turn; /* of those that are as good as each other */

    struct cql_ask *begun; /* the one that values are put for */
    struct cql_writer values;
    struct cql_ask_part parts[CQL_BATCH_STATEMENTS_MAX];
    uint32_t part_count;

    uint8_t *frame, *packed; /* room for a request, and for it compressed */
    size_t frame_room;
    struct arena scratch; /* of a response that is read at once */
    struct cql_column columns[2][CQL_COLUMNS_MAX];
    struct cql_client_stats stats;
};

static inline uint64_t cql_now_ms(const struct cql_client *client)
{
    return loop_now_ms(client->world->loop);
}

/* ---- lists (cql_lists.c). An ask is in at most one. */
void cql_list_add(struct cql_ask_list *list, struct cql_ask *ask);
void cql_list_add_first(struct cql_ask_list *list, struct cql_ask *ask);
void cql_list_leave(struct cql_ask *ask); /* nothing, if it is in none */

/* ---- streams (cql_streams.c) */
void cql_streams_init(struct cql_streams *streams, uint16_t count);
void cql_streams_deinit(struct cql_streams *streams);

/* -1: all are used. */
int16_t cql_streams_take(struct cql_streams *streams, enum cql_use use);
void cql_streams_give(struct cql_streams *streams, int16_t number);
void cql_streams_use(struct cql_streams *streams, int16_t number, enum cql_use use);

/* ---- connections (cql_conn.c) */

/* The client and the node are filled in. ERR_BAD_CONFIG: there is no such host or TLS name. */
MUST_USE enum err cql_conn_init(struct cql_conn *conn, const char *host, uint16_t port);
void cql_conn_deinit(struct cql_conn *conn);

/* At once, to that host from here on; nothing happens if it is connected. False: it can be none. */
MUST_USE bool cql_conn_start(struct cql_conn *conn, const char *host, uint16_t port);

/* Ends it as if it had been lost: all that was sent may have arrived. */
void cql_conn_stop(struct cql_conn *conn);

/* It is of no use: closed later in this turn. */
void cql_conn_drop(struct cql_conn *conn, const char *detail);

static inline bool cql_conn_is_ready(const struct cql_conn *conn)
{
    return conn->machine.state == CQL_CONN_READY && !conn->is_broken;
}

/* It may be sent an ask. */
bool cql_conn_has_room(const struct cql_conn *conn);

/* Sends a request that lies in client->frame, compressed if that is agreed on. */
MUST_USE enum err cql_conn_write(struct cql_conn *conn, size_t size);

/* Closes it, if an answer is overdue that others wait for; once a second. */
void cql_conn_tick(struct cql_conn *conn);

/* ---- hello (cql_hello.c) */
extern const struct machine_row cql_conn_rows[CQL_CONN_STATES];
void cql_hello_begin(struct cql_conn *conn);
void cql_hello_ping(struct cql_conn *conn);
void cql_hello_heard(struct cql_conn *conn, const struct cql_response *response);

/* ---- responses to asks (cql_reply.c) */
struct cql_reply {
    bool is_error;
    bool is_schema;
    struct cql_error error;
};

/* Reads it and keeps in the ask what is to be kept. */
enum cql_flaw cql_reply_read(struct cql_client *client, struct cql_ask *ask,
    const struct cql_header *header, const uint8_t *body, struct cql_reply *ret_reply);

/* Any other response, in client->scratch if it was compressed. */
enum cql_flaw cql_reply_open(struct cql_client *client, const struct cql_header *header,
    const uint8_t *body, struct cql_response *ret_response);

/* ---- statements at nodes (cql_prepare.c) */

/* The ask waits until the node knows the statement. False: the connection takes no more. */
MUST_USE bool cql_prepare(struct cql_conn *conn, uint32_t place, struct cql_ask *ask);
void cql_prepare_heard(struct cql_conn *conn, uint32_t place, const struct cql_response *response);

/* The node does not know one of the ask's statements any more. False: it is none of them. */
bool cql_prepare_forgotten(struct cql_conn *conn, const struct cql_ask *ask, struct cql_cell id);

/* The connection is lost: what it was asked to prepare is not. */
void cql_prepare_lost(struct cql_conn *conn);

/* ---- dispatch (cql_dispatch.c) */

/* Sends it to where it belongs, or has it wait. It is in no list and on no stream. */
void cql_dispatch(struct cql_client *client, struct cql_ask *ask);

/* The same on that connection, if it takes more. */
void cql_dispatch_to(struct cql_conn *conn, struct cql_ask *ask);

/* Writes its request, or has its statement prepared first. False: the connection takes no more.
 * cql_send.c */
MUST_USE bool cql_dispatch_send(struct cql_conn *conn, struct cql_ask *ask);

/* There may be room: those that wait go. */
void cql_dispatch_waiting(struct cql_client *client);

void cql_ask_answer(struct cql_ask *ask, enum err err);
void cql_ask_refuse(struct cql_ask *ask, enum cql_failure_kind kind, enum err err);

/* False: too many wait already; it was answered. */
MUST_USE bool cql_ask_may_wait(struct cql_ask *ask);

/* Its deadline is so much later. The client has a heap of its own for them, so that asks which
 * never end (the loop does, before) are in no list but the client's. */
void cql_ask_limit(struct cql_ask *ask, uint32_t after_ms);

/* A response to it. False: it breaks the protocol; the ask was dealt with. */
MUST_USE bool cql_ask_heard(struct cql_conn *conn, struct cql_ask *ask,
    const struct cql_header *header, const uint8_t *body);

/* Its connection is lost. `has_left`: it may have arrived. */
void cql_ask_lost(struct cql_ask *ask, bool has_left);

/* Its response is over the limit, and is passed over. */
void cql_ask_too_large(struct cql_ask *ask);

/* It waited for a statement on a connection that is lost. */
void cql_ask_reroute(struct cql_ask *ask);

/* Its statement is known now, or a node has refused to prepare it. */
void cql_ask_prepared(struct cql_conn *conn, struct cql_ask *ask);
void cql_ask_unprepared(struct cql_conn *conn, struct cql_ask *ask, const struct cql_error *error);

/* The schema of all nodes is the same. */
void cql_dispatch_agreed(struct cql_client *client);

/* All that wait anywhere are answered ERR_CLOSED, or what the outcome is. */
void cql_dispatch_close(struct cql_client *client);

/* ---- routes (cql_route.c) */

/* NULL: no connection has room now. */
struct cql_conn *cql_route(struct cql_client *client, struct cql_ask *ask);

/* ---- nodes (cql_nodes.c) */

/* What the tables say: nodes come, change and go; the ring is made anew. */
void cql_nodes_apply(struct cql_client *client, const struct cql_member *members, uint32_t count);
struct cql_node *cql_nodes_find(const struct cql_client *client, const struct net_address *address);
void cql_nodes_destroy(struct cql_client *client);

/* The same, and asks are not touched any more. */
void cql_nodes_forget(struct cql_client *client);

/* ---- places (cql_places.c) */

/* The number of a datacenter; UINT16_MAX: there are too many. */
uint16_t cql_places_datacenter(struct cql_places *places, struct cht_str name);

/* The ring of those nodes that are there and the tokens of `members`. False: more than the limit.
 */
bool cql_places_make(struct cql_client *client, const struct cql_member *members, uint32_t count);

/* Of the keyspace; a map of texts. */
void cql_places_replication(struct cql_places *places, struct cql_type type, struct cql_cell cell);

/* ---- the control connection (cql_control.c) */
/* ERR_BAD_CONFIG: the first contact point, or the TLS name, can be none. */
MUST_USE enum err cql_control_init(struct cql_client *client);
void cql_control_close(struct cql_control *control);
void cql_control_deinit(struct cql_control *control);
void cql_control_opened(struct cql_control *control);
void cql_control_closed(struct cql_control *control, const struct net_address *from);
void cql_control_event(struct cql_control *control, const struct cql_event *event);

/* Reads the tables so much later. */
void cql_control_look(struct cql_control *control, uint32_t after_ms);

/* The rows of both tables; cql_members.c. `ret_members` has room for so many. */
uint32_t cql_members_read(
    struct cql_control *control, struct cql_member *ret_members, uint32_t capacity, bool *ret_more);

/* ---- texts (cql_text.c) */

/* With the keyspace in its place, in the arena. */
const char *cql_statement_text(
    const struct cql_client *client, const char *text, struct arena *arena);
bool cql_statement_reads(const char *text);

/* ---- words (cql_text.c) */

/* Of the place that cql_client_error_name names. */
uint32_t cql_client_error_code(uint32_t place);

void cql_tell(struct cql_client *client, enum cql_news_kind kind, const struct net_address *node,
    const char *detail, uint64_t retry_ms);
