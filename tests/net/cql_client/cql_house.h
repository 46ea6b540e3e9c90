#pragma once

/* cql_house - a client of Cassandra on a toy network and a virtual clock, and a toy cluster that it
 * talks with: nodes 192.0.2.1 and so on.
 *
 * The cluster answers by itself what is not of interest: the hello, its tables, PREPARE. What
 * remains (EXECUTE, BATCH, other QUERYs) is kept for the test, which answers it or does not. */

#include "test.h"

#include "cql_client/cql_client.h"
#include "link/outbound.h"
#include "test_loop.h"
#include "toy_net.h"
#include "world/resolver.h"

#define HOUSE_NODES 4u
#define HOUSE_KEPT_MAX 64u
#define HOUSE_NEWS_MAX 64u
#define HOUSE_ASKS 16u
#define HOUSE_BYTES_MAX 60000u

enum { GET, PUT, ADD, CAS, STATEMENTS };

/* A request of the client; `body` lies in the toy network, until its connection sends more. */
struct house_request {
    struct toy_socket *socket;
    uint32_t node; /* 1 and so on */
    uint8_t opcode, flags;
    int16_t stream;
    const uint8_t *body;
    size_t body_at; /* of what was sent */
    uint32_t size;
};

/* An answer of a node, put together. */
struct house_bytes {
    uint8_t at[HOUSE_BYTES_MAX];
    size_t size;
};

struct fixture {
    struct test_loop loop;
    struct toy_net net;
    struct resolver resolver;
    struct world world;
    struct outbounds *outbounds;
    struct cql_client_options options;
    struct cql_client *client;
    struct cql_client_handler handler;
    struct test_asker asker;
    struct cql_ask asks[HOUSE_ASKS];

    /* how the cluster is; nodes are numbered from 1 */
    uint32_t node_count;           /* that its tables name */
    bool is_away[HOUSE_NODES + 1]; /* nobody listens there */
    bool is_mute[HOUSE_NODES + 1]; /* it answers nothing at all */
    bool hides[HOUSE_NODES + 1];   /* its address is 0.0.0.0 */
    uint8_t schema[HOUSE_NODES + 1];
    const char *datacenter[HOUSE_NODES + 1]; /* NULL: dc1 */
    uint8_t port_offset;                     /* of all but the first */
    const char *password; /* NULL: none is wanted; "\1user\1password" as it is sent */
    bool challenges;      /* instead of looking at the password */
    bool refuses_tables, keeps_tables;
    bool offers_lz4, has_old_tables, keeps_prepares, keeps_options;
    bool has_keyspace;
    uint8_t replicas; /* of each partition; in dc1, if there are several */
    bool has_datacenters;
    const char *partitioner;
    uint8_t id_of_ids; /* another one: other ids */

    /* what came */
    struct toy_socket *control;   /* the newest that has registered */
    size_t read[TOY_SOCKETS_MAX]; /* of what was sent through each */
    struct house_request kept[HOUSE_KEPT_MAX];
    uint32_t kept_count;
    uint32_t prepares[STATEMENTS];
    uint32_t startups, registers, looks, pings;
    bool asked_for_lz4;
    enum cql_news_kind news[HOUSE_NEWS_MAX];
    uint32_t news_count;
    char detail[200];
    uint64_t retry_ms;
};

/* Of the test that runs. */
extern struct fixture *fx;
extern const struct cql_statement house_statements[STATEMENTS];

/* One node; limits as usual, but asks of 2000 ms, waits of 100 to 1600 ms. */
int cql_house_setup(void **state);
int cql_house_teardown(void **state);

/* Of a node; the ring is shared evenly. */
int64_t house_token(uint32_t node);

/* With fx->options. */
void house_make(void);

/* Everything that can happen at this moment; the cluster answers. */
void house_settle(void);
void house_advance(uint64_t ms);

/* A client that is connected to all nodes of the local datacenter. */
void house_begin(void);

/* ---- asks */
/* Of `fx->asks` that one. */
struct cql_ask *house_ask(uint32_t number, uint32_t place, int64_t key);
struct cql_ask *house_plain(uint32_t number, const struct cql_statement *statement);

/* Answered, just now, in that way. */
void assert_answered(const struct cql_ask *ask, enum err err);
void assert_waits(const struct cql_ask *ask);

/* ---- the cluster's side */

/* The oldest request that was kept; fails the test if there is none. */
struct house_request house_take(void);
void assert_nothing_kept(void);

/* The connections of a node, as far as they are open. The first one is the control connection, if
 * it is that node's. */
struct toy_socket *house_socket(uint32_t node, uint32_t index);
uint32_t house_open_sockets(uint32_t node);

void house_void(const struct house_request *request);
/* Rows of one bigint each: `first`, first + 1, ... `page`: NULL or where the next page begins. */
void house_rows(
    const struct house_request *request, int64_t first, uint32_t count, const char *page);
void house_applied(const struct house_request *request, bool applied);
void house_error(const struct house_request *request, uint32_t code);
void house_write_timeout(const struct house_request *request, const char *type);
void house_unprepared(const struct house_request *request, uint8_t id_of_ids);
void house_schema_change(const struct house_request *request);
/* A question for the system's tables that was kept. */
void house_tables(const struct house_request *request);
void house_say(struct toy_socket *socket, uint8_t flags, int16_t stream, uint8_t opcode,
    const struct house_bytes *body);

/* An event, to everybody who listens. */
void house_event_status(const char *change, uint32_t node);
void house_event_topology(const char *change, uint32_t node);
void house_event_keyspace(const char *keyspace);

void put_u8(struct house_bytes *bytes, uint8_t value);
void put_u16(struct house_bytes *bytes, uint16_t value);
void put_u32(struct house_bytes *bytes, uint32_t value);
void put_string(struct house_bytes *bytes, const char *text);

bool house_heard(enum cql_news_kind kind);

#define T(name) cmocka_unit_test_setup_teardown(name, cql_house_setup, cql_house_teardown)
