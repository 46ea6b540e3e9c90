#pragma once

/* cql_client - a client of Apache Cassandra on the loop: one for each worker, which shares nothing.
 *
 * It knows its statements from the start, as a table, and prepares each at a node before it is
 * first executed there. It finds the nodes of the cluster by itself, keeps connections to those of
 * the local datacenter, sends a statement to a replica of its partition, and knows what to do about
 * errors. Whoever asks hears one answer, with a class that says what may be done next.
 *
 *     enum { ROOM_GET, ROOM_PUT };
 *     static const struct cql_statement statements[] = {
 *         [ROOM_GET] = {.name = "room_get",
 *             .text = "SELECT name, kind FROM {keyspace}.rooms WHERE room_id = ?",
 *             .consistency = CQL_LOCAL_QUORUM,
 *             .idempotent = true},
 *         [ROOM_PUT] = {...},
 *     };
 *
 *     struct cql_writer *values = cql_ask_begin(client, &f->ask, ROOM_GET);
 *     cql_put_uuid(values, f->room);
 *     cql_client_ask(client, &flow->asker, &f->ask);
 *
 * and in the next step, if the answer was OK:
 *
 *     while (cql_ask_next(&f->ask)) {
 *         err = cql_get_text(f->ask.columns[0].type, f->ask.cells[0], &name) ? ERR_CORRUPT : OK;
 *     }
 *
 * The answer. Each ask is answered exactly once, later than the call, within its deadline:
 *
 *   OK               it was done, by as many replicas as its consistency says; a conditional
 *                    statement says in `applied` whether its condition held
 *   ERR_UNKNOWN      of a write: it may have happened, or may happen yet. Never said of a SELECT
 *   ERR_UNAVAILABLE  nothing was done; it may be asked again: no node, too few replicas, late read
 *   ERR_OVERLOADED   nothing was done; the nodes have too much to do: ask again later, and less
 *   ERR_FULL         nothing was done: too many asks wait in this client
 *   ERR_TOO_LARGE    nothing was done: the request is over request_bytes_max (a page of rows that
 *                    is over response_bytes_max: smaller pages)
 *   ERR_BAD_CONFIG   nothing was done, and repeating it does not help: the node refuses the
 *                    statement (no such table, no right, bad syntax)
 *   ERR_TAKEN        of DDL: the keyspace or table is there already
 *   ERR_CORRUPT      of a SELECT: what the node answered breaks the protocol
 *   ERR_CLOSED       nothing was done: the client closes
 *
 * `failure` says more, for the line of whoever logs.
 *
 * Repeating. A statement is sent again when certainly nothing of it has left, when the node says
 * that nothing was done and another one may do better, or when it is idempotent; never when it is
 * conditional and may have happened. At most `tries_max` times, and never past its deadline.
 * Idempotent is a plain INSERT, UPDATE or DELETE of given keys, values and timestamp (USING
 * TIMESTAMP ?, or timestamp_us), and a SELECT: not counters, additions to lists, conditions,
 * now() or uuid().
 *
 * Order. There is none between two asks: who needs one waits for the answer of the first.
 *
 * Limits. `connections_per_node` times `streams_max` asks are under way at a node; more wait, at
 * most `waiting_max` of them, longest waiting first; beyond, ERR_FULL. A stream whose ask gave up
 * is not used again before its answer has come.
 *
 * Nothing here logs: the news of the handler are for the lines of the user. They name no secret. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "cql/cql_consistency.h"
#include "cql/cql_error.h"
#include "cql/cql_result.h"
#include "cql/cql_value.h"
#include "cql/cql_write.h"
#include "flow/op.h"
#include "world/loop.h"
#include "world/net.h"
#include "world/world.h"

struct outbounds;
struct tls_client;
struct cql_client;

#define CQL_STATEMENTS_MAX 256u
#define CQL_BATCH_STATEMENTS_MAX 128u
#define CQL_KEYSPACE_BYTES_MAX 48u
#define CQL_NAME_BYTES_MAX 64u /* of a datacenter or a rack, with a NUL; longer ones are cut */
#define CQL_TRIES_MAX 8u

/* ---- statements */

struct cql_statement {
    const char *name;                 /* for lines and metrics: "room_get" */
    const char *text;                 /* "{keyspace}" in it becomes the keyspace, quoted */
    enum cql_consistency consistency; /* a SELECT may have CQL_SERIAL and CQL_LOCAL_SERIAL too */
    enum cql_consistency serial;      /* CQL_SERIAL or CQL_LOCAL_SERIAL; 0: it has no IF */
    bool idempotent;
};

/* Why an ask was not answered OK: cql_failures.def; CQL_FAILURE_NODE: a node said so. */
enum cql_failure_kind {
    CQL_FAILURE_NONE = 0,
#define FAILURE(name, word, text) CQL_FAILURE_##name,
#include "cql_client/cql_failures.def"
#undef FAILURE
    CQL_FAILURES
};

struct cql_failure {
    enum cql_failure_kind kind;
    uint32_t code;           /* of NODE: as sent, enum cql_error_code */
    const char *name;        /* "late"; of NODE the error's: "write_timeout" */
    struct cht_str message;  /* of NODE: its words, which may hold data of anybody; no line */
    struct net_address node; /* the last that it was sent to; zero: to none */
    uint32_t tries;          /* so often was it sent */
};

/* ---- an ask. A zeroed one is ready; cql_ask_deinit frees what it keeps. */

struct cql_ask {
    struct op op; /* first */

    /* More about the question, if it is wanted; stays for the next one. */
    uint32_t page_rows;          /* at most so many rows an answer; 0: limits.page_rows */
    struct cht_str paging_state; /* `next_page` of another ask; its owner's until answered */
    uint32_t deadline_ms;        /* from now; 0: limits.ask_ms. DDL has agreement_ms more */
    int64_t timestamp_us;        /* of writes that say none themselves; 0: the node's clock */

    /* The answer; lives until the ask is begun again, goes to the next page, or is freed. */
    const struct cql_column *columns; /* as many as the SELECT names, in its order */
    struct cql_cell *cells;           /* of the row that cql_ask_next went to */
    uint32_t column_count;
    struct cql_rows rows;
    struct cht_str next_page; /* empty: there are no more rows */
    bool applied;             /* of a conditional statement or batch: it was done */
    struct cql_failure failure;

    /* The client's. */
    struct arena question, answer;
    struct cql_client *client;
    struct cql_ask_part *parts; /* its statements */
    uint32_t part_count;        /* 0: it is a plain one */
    const uint8_t *values;
    size_t values_size;
    uint32_t value_count;
    struct cht_str page;                   /* where it begins */
    const struct cql_statement *statement; /* the first */
    struct cht_str text;                   /* of a plain one */
    struct cql_ask_list *list;             /* that it waits in */
    struct cql_ask *next, *previous;       /* there */
    struct cql_conn *conn;                 /* on its way there; or the only one that will do */
    struct timer timer;                    /* its deadline */
    uint64_t begun_ms, due_ms;
    uint64_t sent_at; /* the place of its first byte */
    int64_t token;
    uint16_t avoided[CQL_TRIES_MAX]; /* nodes that it was sent to */
    int16_t stream;
    uint8_t step, tries, prepares, avoided_count;
    bool is_batch, is_keyed, is_pinned, is_accepted, is_read, is_repeatable, may_be_done;
};

/* Begins a question about the statement at that place of the table: its values are put into what
 * this answers, in the order of its markers, before cql_client_ask. Until then no other ask of the
 * client is begun. What does not fit is answered ERR_TOO_LARGE. */
struct cql_writer *cql_ask_begin(struct cql_client *client, struct cql_ask *ask, uint32_t place);

/* The same for a statement that is not of the table and is not prepared: DDL, and what is asked
 * once. `statement` and its texts stay until the answer. */
struct cql_writer *cql_ask_begin_plain(
    struct cql_client *client, struct cql_ask *ask, const struct cql_statement *statement);

/* An unlogged batch: statements of the table about one partition, which the first one names; at
 * most CQL_BATCH_STATEMENTS_MAX of them, at least one. They are done together or not at all. Its
 * consistency and conditions are those of the first; it is idempotent if all are. Values are put
 * after each cql_batch_add.
 *
 *     struct cql_writer *values = cql_batch_begin(client, &f->ask);
 *     cql_batch_add(client, &f->ask, ENTRY_PUT);
 *     cql_put_uuid(values, room);
 *     ...
 *     cql_client_ask(client, &flow->asker, &f->ask); */
struct cql_writer *cql_batch_begin(struct cql_client *client, struct cql_ask *ask);
void cql_batch_add(struct cql_client *client, struct cql_ask *ask, uint32_t place);

/* Bytes of the values that were put since the beginning: for who keeps a batch small. */
size_t cql_batch_bytes(const struct cql_client *client);

/* Asks what was begun. */
void cql_client_ask(struct cql_client *client, struct asker *asker, struct cql_ask *ask);

/* After OK with `next_page`: asks the same again, for the rows that follow. */
void cql_client_ask_page(struct cql_client *client, struct asker *asker, struct cql_ask *ask);

/* True while there is a row; its values are in `cells`. Of a conditional statement that was not
 * applied the row has `[applied]` first, and then what is there. */
bool cql_ask_next(struct cql_ask *ask);

/* Frees what it keeps; not while it is asked. It is as a zeroed one then. */
void cql_ask_deinit(struct cql_ask *ask);

/* "late"; "none". Its sentence. */
const char *cql_failure_name(enum cql_failure_kind kind);
const char *cql_failure_text(enum cql_failure_kind kind);

/* ---- the client */

struct cql_client_limits {
    uint32_t connections_per_node; /* 1 to 4 */
    uint32_t streams_max;          /* asks under way on a connection; 1 to 2048 */
    uint32_t waiting_max;          /* asks that wait for a stream, a statement or a node */
    uint32_t tries_max;            /* of one ask, the first one too; 1 to CQL_TRIES_MAX */
    uint32_t nodes_max;            /* of the cluster that are looked at; 1 to 256 */
    uint32_t tokens_max;           /* of all of them */
    uint32_t request_bytes_max;    /* a whole request */
    uint32_t response_bytes_max;   /* a whole response, also uncompressed */
    uint32_t queue_bytes_max;      /* not yet sent, of a connection */
    uint32_t page_rows;            /* of an ask that names no number; at least 1 */
    uint32_t ask_ms;               /* the deadline of an ask that names none */
    uint32_t open_ms;              /* to connect, and again for the hello */
    uint32_t quiet_ms;             /* nothing came for so long: the node is asked for a sign */
    uint32_t silent_ms;            /* nothing came for so long: closed. More than quiet_ms */
    uint32_t orphans_max; /* streams of asks that gave up; more: the connection is closed */
    uint32_t overdue_ms;  /* the same if one of them is so old */
    uint32_t retry_first_ms, retry_max_ms; /* waits before the next try to connect */
    uint32_t denied_retry_ms;              /* the same after wrong credentials */
    uint32_t refresh_ms;                   /* after an event, before the nodes are read anew */
    uint32_t agreement_ms;       /* how long DDL waits for all nodes to have the same schema */
    uint32_t settle_ms;          /* after a change of the schema a failed write is repeated */
    uint32_t compress_bytes_min; /* smaller requests are not compressed; 0: none is, nor answers */
};

/* Good ones for a worker; a place to begin from. */
struct cql_client_limits cql_client_limits_default(void);

enum cql_news_kind {
#define NEWS(name, word, text) CQL_NEWS_##name,
#include "cql_client/cql_news.def"
#undef NEWS
    CQL_NEWS
};

/* Lent for the call. */
struct cql_news {
    enum cql_news_kind kind;
    struct net_address node; /* zero: of no node */
    const char *detail;      /* more, for a line; or "" */
    uint64_t retry_ms;       /* until the next try; 0: none is waited for */
};

/* "connected", and a sentence. */
const char *cql_news_name(enum cql_news_kind kind);
const char *cql_news_text(enum cql_news_kind kind);

struct cql_client_handler {
    /* Something that is worth a line. It asks nothing and destroys nothing from inside. May be
     * NULL. */
    void (*on_news)(struct cql_client_handler *handler, const struct cql_news *news);
};

struct cql_client_options {
    const struct world *world;
    struct outbounds *outbounds;       /* of the same loop */
    const char *const *contact_points; /* names or addresses to begin with; copied */
    uint32_t contact_point_count;      /* 1 to 16 */
    uint16_t port;                     /* of all nodes, unless they tell another one */
    struct tls_client *tls;            /* NULL: plain. Stays as long as the client */
    const char *tls_name; /* that each node's certificate has to be of; NULL: the host. Copied */
    const char *user, *password; /* NULL: none. Copied; the password is wiped at the end */
    const char *keyspace;        /* a name of [A-Za-z0-9_]; need not be there yet */
    const char *local_dc;        /* only its nodes are asked; NULL: that of the first node */
    const struct cql_statement *statements; /* stay as long as the client */
    uint32_t statement_count;               /* at most CQL_STATEMENTS_MAX */
    struct cql_client_limits limits;
    struct cql_client_handler *handler; /* NULL: nobody hears the news */
};

/* Begins to connect. Asks may be made at once: they wait. ERR_BAD_CONFIG: a contact point, the
 * keyspace or a limit is none. */
MUST_USE enum err cql_client_create(
    const struct cql_client_options *options, struct cql_client **ret_client);

/* All asks are answered, in this turn, those on their way as if their connection had been lost; no
 * connection is left, and what is asked from here on is answered ERR_CLOSED. */
void cql_client_close(struct cql_client *client);

/* In a turn after that of cql_client_close, or when the loop runs no turn any more. NULL is fine.
 */
void cql_client_destroy(struct cql_client *client);

/* ---- questions */

/* True if some node may be asked now. */
bool cql_client_is_ready(const struct cql_client *client);

struct cql_node_state {
    struct net_address address;
    struct cht_id host_id; /* zero: a contact point that has not told it yet */
    char datacenter[CQL_NAME_BYTES_MAX];
    bool is_local;        /* of the local datacenter: it is connected to */
    bool is_down;         /* by an event of another node */
    bool is_control;      /* the one that tells about the others */
    uint32_t connections; /* that may be asked */
    uint32_t in_flight;
    uint32_t prepared; /* statements */
};

/* Writes at most `capacity`; answers how many there are. */
uint32_t cql_client_nodes(
    const struct cql_client *client, struct cql_node_state *ret_nodes, uint32_t capacity);

/* Counted since the start, but for the last group. */
struct cql_client_stats {
    uint64_t asked, answered_ok, unknown, not_done, refused, full;
    uint64_t late;     /* of these: by their deadline */
    uint64_t sent;     /* EXECUTE, QUERY and BATCH, each try */
    uint64_t repeated; /* of these: not the first try */
    uint64_t prepares, reprepares;
    uint64_t late_answers; /* to asks that had given up */
    uint64_t events, refreshes;
    uint64_t opens, losses;       /* of connections */
    uint64_t bytes_in, bytes_out; /* of connections that are open: on the wire */
    uint64_t ask_ms_sum;          /* of all answered ones */
    uint64_t errors[32];          /* that nodes answered, by cql_client_error_name */

    uint32_t nodes, nodes_connected, connections; /* now */
    uint32_t waiting, in_flight, orphans;
};

struct cql_client_stats cql_client_stats(const struct cql_client *client);

/* The name of a place of `errors`: "write_timeout", the last one "other"; NULL: there is no such
 * place. */
const char *cql_client_error_name(uint32_t place);
