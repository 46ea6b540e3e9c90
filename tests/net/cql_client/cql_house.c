/* cql_house - see the header. Happy path: as there. How it fails: what never comes to rest fails
 * the test by its bound of turns, as does a request that no node could read. */

#include "cql_house.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/big_endian.h"
#include "base/mem.h"

#define TURNS_MAX 100000
#define PORT 9042

struct fixture *fx;

const struct cql_statement house_statements[STATEMENTS] = {
    [GET] = {.name = "get",
        .text = "SELECT v FROM {keyspace}.t WHERE k = ?",
        .consistency = CQL_LOCAL_QUORUM},
    [PUT] = {.name = "put",
        .text = "INSERT INTO {keyspace}.t (k, v) VALUES (?, ?)",
        .consistency = CQL_LOCAL_QUORUM,
        .idempotent = true},
    [ADD] = {.name = "add",
        .text = "UPDATE {keyspace}.n SET n = n + 1 WHERE k = ?",
        .consistency = CQL_LOCAL_QUORUM},
    [CAS] = {.name = "cas",
        .text = "INSERT INTO {keyspace}.t (k, v) VALUES (?, ?) IF NOT EXISTS",
        .consistency = CQL_LOCAL_QUORUM,
        .serial = CQL_LOCAL_SERIAL,
        .idempotent = true},
};

int64_t house_token(uint32_t node)
{
    return (int64_t)((UINT64_MAX / HOUSE_NODES) * node - (UINT64_C(1) << 63));
}

/* ---- bytes of a node */

static void put(struct house_bytes *bytes, const void *from, size_t size)
{
    assert_true(size <= sizeof(bytes->at) - bytes->size);
    memcpy(bytes->at + bytes->size, from, size);
    bytes->size += size;
}

static void put_number(struct house_bytes *bytes, uint64_t number, size_t size)
{
    uint8_t made[8];
    big_endian_put_sized(made, number, size);
    put(bytes, made, size);
}

void put_u8(struct house_bytes *bytes, uint8_t value)
{
    put_number(bytes, value, 1);
}

void put_u16(struct house_bytes *bytes, uint16_t value)
{
    put_number(bytes, value, 2);
}

void put_u32(struct house_bytes *bytes, uint32_t value)
{
    put_number(bytes, value, 4);
}

void put_string(struct house_bytes *bytes, const char *text)
{
    put_u16(bytes, (uint16_t)strlen(text));
    put(bytes, text, strlen(text));
}

static void put_cell(struct house_bytes *bytes, const void *value, size_t size)
{
    put_u32(bytes, (uint32_t)size);
    put(bytes, value, size);
}

static void put_text_cell(struct house_bytes *bytes, const char *text)
{
    put_cell(bytes, text, strlen(text));
}

void house_say(struct toy_socket *socket, uint8_t flags, int16_t stream, uint8_t opcode,
    const struct house_bytes *body)
{
    uint8_t header[CQL_HEADER_BYTES];
    struct cql_header made = {.version = CQL_VERSION_RESPONSE,
        .flags = flags,
        .stream = stream,
        .opcode = opcode,
        .body_size = body ? (uint32_t)body->size : 0};
    cql_write_header(header, &made);
    toy_socket_say(socket, header, sizeof(header));
    if (body) {
        toy_socket_say(socket, body->at, body->size);
    }
}

static void reply(
    const struct house_request *request, uint8_t opcode, const struct house_bytes *body)
{
    house_say(request->socket, 0, request->stream, opcode, body);
}

/* ---- what the cluster answers by itself */

static void answer_options(const struct house_request *request)
{
    struct house_bytes body = {.size = 0};
    put_u16(&body, 1);
    put_string(&body, "COMPRESSION");
    put_u16(&body, fx->offers_lz4 ? 2 : 1);
    put_string(&body, "snappy");
    if (fx->offers_lz4) {
        put_string(&body, "lz4");
    }
    reply(request, CQL_OP_SUPPORTED, &body);
}

static void answer_startup(const struct house_request *request)
{
    struct house_bytes body = {.size = 0};
    fx->startups++;
    fx->asked_for_lz4 = memmem(request->body, request->size, "lz4", 3) != NULL;
    if (fx->password) {
        put_string(&body, "org.apache.cassandra.auth.PasswordAuthenticator");
        reply(request, CQL_OP_AUTHENTICATE, &body);
    } else {
        reply(request, CQL_OP_READY, NULL);
    }
}

static void answer_proof(const struct house_request *request)
{
    struct house_bytes body = {.size = 0};
    size_t size = strlen(fx->password);
    uint8_t wanted[100];
    for (size_t i = 0; i < size; i++) {
        wanted[i] = fx->password[i] == '\1' ? 0 : (uint8_t)fx->password[i];
    }
    if (fx->challenges) {
        put_u32(&body, 1);
        put_u8(&body, 1);
        reply(request, CQL_OP_AUTH_CHALLENGE, &body);
    } else if (request->size == 4 + size && memcmp(request->body + 4, wanted, size) == 0) {
        put_u32(&body, UINT32_MAX);
        reply(request, CQL_OP_AUTH_SUCCESS, &body);
    } else {
        house_error(request, CQL_ERROR_AUTH);
    }
}

static void put_columns(struct house_bytes *body, const char *const *names, uint32_t count)
{
    put_u32(body, CQL_RESULT_ROWS);
    put_u32(body, 1);
    put_u32(body, count);
    put_string(body, "system");
    put_string(body, "table");
    for (uint32_t i = 0; i < count; i++) {
        put_string(body, names[i]);
        bool is_set = strcmp(names[i], "tokens") == 0;
        bool is_id = strstr(names[i], "_id") || strstr(names[i], "schema");
        bool is_port = strstr(names[i], "port") != NULL;
        put_u16(body, strstr(names[i], "address") ? CQL_TYPE_INET
                      : is_set                    ? CQL_TYPE_SET
                      : is_id                     ? CQL_TYPE_UUID
                      : is_port                   ? CQL_TYPE_INT
                                                  : CQL_TYPE_VARCHAR);
        if (is_set) {
            put_u16(body, CQL_TYPE_VARCHAR);
        }
    }
}

/* The cells that all three tables have. */
static void put_member(struct house_bytes *body, uint32_t node)
{
    const uint8_t ip[4] = {192, 0, 2, (uint8_t)node};
    static const uint8_t any[4];
    uint8_t id[16] = {[0] = 7, [15] = (uint8_t)node};
    uint8_t schema[16] = {[0] = 9, [15] = fx->schema[node]};
    struct house_bytes tokens = {.size = 0};
    char token[24];
    int size = snprintf(token, sizeof(token), "%lld", (long long)house_token(node));
    put_u32(&tokens, 1);
    put_cell(&tokens, token, (size_t)size);
    put_cell(body, fx->hides[node] ? any : ip, sizeof(ip));
    put_text_cell(body, fx->datacenter[node] ? fx->datacenter[node] : "dc1");
    put_text_cell(body, "rack1");
    put_cell(body, id, sizeof(id));
    put_cell(body, tokens.at, tokens.size);
    put_cell(body, schema, sizeof(schema));
}

static void answer_local(const struct house_request *request)
{
    static const char *const names[] = {
        "rpc_address", "data_center", "rack", "host_id", "tokens", "schema_version", "partitioner"};
    struct house_bytes body = {.size = 0};
    fx->looks++;
    if (fx->refuses_tables) {
        house_error(request, CQL_ERROR_UNAUTHORIZED);
        return;
    }
    put_columns(&body, names, 7);
    put_u32(&body, 1);
    put_member(&body, request->node);
    put_text_cell(&body, fx->partitioner);
    reply(request, CQL_OP_RESULT, &body);
}

static void answer_peers(const struct house_request *request, bool is_old)
{
    static const char *const names[] = {"native_address", "data_center", "rack", "host_id",
        "tokens", "schema_version", "native_port"};
    struct house_bytes body = {.size = 0};
    if (fx->has_old_tables && !is_old) {
        house_error(request, CQL_ERROR_INVALID);
        return;
    }
    put_columns(&body, names, is_old ? 6 : 7);
    bool is_named = request->node <= fx->node_count;
    put_u32(&body, fx->node_count - is_named);
    for (uint32_t node = 1; node <= fx->node_count; node++) {
        if (node != request->node) {
            put_member(&body, node);
            if (!is_old) {
                uint8_t port[4];
                big_endian_put_sized(port, (uint64_t)PORT + fx->port_offset, 4);
                put_cell(&body, port, 4);
            }
        }
    }
    reply(request, CQL_OP_RESULT, &body);
}

static void answer_keyspace(const struct house_request *request)
{
    struct house_bytes body = {.size = 0};
    struct house_bytes map = {.size = 0};
    put_u32(&body, CQL_RESULT_ROWS);
    put_u32(&body, 1);
    put_u32(&body, 1);
    put_string(&body, "system_schema");
    put_string(&body, "keyspaces");
    put_string(&body, "replication");
    put_u16(&body, CQL_TYPE_MAP);
    put_u16(&body, CQL_TYPE_VARCHAR);
    put_u16(&body, CQL_TYPE_VARCHAR);
    put_u32(&body, fx->has_keyspace);
    if (fx->has_keyspace) {
        put_u32(&map, fx->has_datacenters ? 3 : 2);
        put_text_cell(&map, "class");
        put_text_cell(&map, fx->has_datacenters
                                ? "org.apache.cassandra.locator.NetworkTopologyStrategy"
                                : "org.apache.cassandra.locator.SimpleStrategy");
        put_text_cell(&map, fx->has_datacenters ? "dc1" : "replication_factor");
        put_u32(&map, 1);
        put_u8(&map, (uint8_t)('0' + fx->replicas));
        if (fx->has_datacenters) {
            put_text_cell(&map, "dc2");
            put_text_cell(&map, "3");
        }
        put_cell(&body, map.at, map.size);
    }
    reply(request, CQL_OP_RESULT, &body);
}

static uint32_t place_of(const struct house_request *request)
{
    for (uint32_t i = 0; i < STATEMENTS; i++) {
        const char *text = strstr(house_statements[i].text, "{keyspace}") + strlen("{keyspace}");
        const char *begin = house_statements[i].text;
        size_t before = (size_t)(strstr(begin, "{keyspace}") - begin);
        size_t after = strlen(text);
        if (request->size == 4 + before + strlen("\"Chat\"") + after &&
            memcmp(request->body + 4, begin, before) == 0 &&
            memcmp(request->body + request->size - after, text, after) == 0) {
            return i;
        }
    }
    fail_msg("a text that is none of the statements");
    return 0;
}

static void answer_prepare(const struct house_request *request)
{
    struct house_bytes body = {.size = 0};
    uint32_t place = place_of(request);
    uint32_t markers = place == PUT || place == CAS ? 2 : 1;
    uint8_t id[16] = {(uint8_t)place, fx->id_of_ids};
    fx->prepares[place]++;
    put_u32(&body, CQL_RESULT_PREPARED);
    put_u16(&body, sizeof(id));
    put(&body, id, sizeof(id));
    put_u32(&body, 1);
    put_u32(&body, markers);
    put_u32(&body, 1);
    put_u16(&body, 0); /* the partition key is the first marker */
    put_string(&body, "Chat");
    put_string(&body, "t");
    for (uint32_t i = 0; i < markers; i++) {
        put_string(&body, i ? "v" : "k");
        put_u16(&body, CQL_TYPE_BIGINT);
    }
    put_u32(&body, 4);
    put_u32(&body, 0);
    reply(request, CQL_OP_RESULT, &body);
}

static bool has_text(const struct house_request *request, const char *text)
{
    return memmem(request->body, request->size, text, strlen(text)) != NULL;
}

static bool asks_for_tables(const struct house_request *request)
{
    return has_text(request, "FROM system.") || has_text(request, "FROM system_schema.");
}

static bool answer_query(const struct house_request *request)
{
    if (fx->keeps_tables && asks_for_tables(request)) {
        return false;
    }
    if (has_text(request, "FROM system.local")) {
        answer_local(request);
    } else if (has_text(request, "FROM system.peers")) {
        answer_peers(request, !has_text(request, "peers_v2"));
    } else if (has_text(request, "system_schema.keyspaces")) {
        answer_keyspace(request);
    } else {
        return false;
    }
    return true;
}

static bool answer_by_itself(const struct house_request *request)
{
    switch (request->opcode) {
    case CQL_OP_OPTIONS:
        fx->pings++;
        if (!fx->keeps_options) {
            answer_options(request);
        }
        return true;
    case CQL_OP_STARTUP:
        answer_startup(request);
        return true;
    case CQL_OP_AUTH_RESPONSE:
        answer_proof(request);
        return true;
    case CQL_OP_REGISTER:
        fx->registers++;
        fx->control = request->socket;
        reply(request, CQL_OP_READY, NULL);
        return true;
    case CQL_OP_PREPARE:
        if (!fx->keeps_prepares) {
            answer_prepare(request);
        }
        return !fx->keeps_prepares;
    case CQL_OP_QUERY:
        return answer_query(request);
    default:
        return false;
    }
}

/* ---- requests */

static uint32_t node_of(const struct toy_socket *socket)
{
    return socket->to.ip[15];
}

/* The next whole request of a socket. */
static bool read_request(uint32_t index, struct house_request *ret_request)
{
    struct toy_socket *socket = &fx->net.sockets[index];
    size_t left = socket->out_size - fx->read[index];
    const uint8_t *at = socket->out + fx->read[index];
    if (left < CQL_HEADER_BYTES) {
        return false;
    }
    uint32_t size = (uint32_t)big_endian_get_sized(at + 5, 4);
    assert_int_equal(at[0], CQL_VERSION_REQUEST);
    if (left - CQL_HEADER_BYTES < size) {
        return false;
    }
    *ret_request = (struct house_request){.socket = socket,
        .node = node_of(socket),
        .flags = at[1],
        .opcode = at[4],
        .stream = (int16_t)big_endian_get_sized(at + 2, 2),
        .body = at + CQL_HEADER_BYTES,
        .body_at = fx->read[index] + CQL_HEADER_BYTES,
        .size = size};
    fx->read[index] += CQL_HEADER_BYTES + size;
    return true;
}

static void keep(const struct house_request *request)
{
    assert_true(fx->kept_count < HOUSE_KEPT_MAX);
    fx->kept[fx->kept_count++] = *request;
}

static bool serve_socket(uint32_t index)
{
    struct toy_socket *socket = &fx->net.sockets[index];
    struct house_request request;
    bool any = false;
    uint32_t node = node_of(socket);
    assert_in_range(node, 1, HOUSE_NODES);
    if (socket->closed) {
        return false;
    }
    if (!socket->known) {
        toy_socket_answer(socket, fx->is_away[node] ? ERR_REFUSED : OK);
        return true;
    }
    while (!fx->is_mute[node] && read_request(index, &request)) {
        any = true;
        if (!answer_by_itself(&request)) {
            keep(&request);
        }
    }
    return any;
}

static bool serve(void)
{
    bool any = false;
    for (uint32_t i = 0; i < fx->net.count; i++) {
        any |= serve_socket(i);
    }
    return any;
}

void house_settle(void)
{
    int turns = 0;
    bool more = true;
    while (more) {
        more = toy_net_turn(&fx->net);
        more |= test_loop_turn(&fx->loop);
        more |= serve();
        assert_true(++turns < TURNS_MAX);
    }
}

void house_advance(uint64_t ms)
{
    house_settle();
    for (; ms > 0; ms--) {
        test_loop_advance(&fx->loop, 1);
        house_settle();
    }
}

/* ---- the house */

static void find(struct resolver *resolver, struct resolver_op *op)
{
    (void)resolver;
    struct in_addr ip = {htonl(0xc0000201)}; /* a name is node 1 */
    op->count = 1;
    op->addresses[0] = (struct net_address){.port = op->port, .ip = {[10] = 0xff, [11] = 0xff}};
    if (strcmp(op->host, "node2") == 0) {
        ip.s_addr = htonl(0xc0000202);
    } else {
        inet_pton(AF_INET, op->host, &ip);
    }
    memcpy(op->addresses[0].ip + 12, &ip, 4);
    op_answer_later(&op->op, &fx->loop.loop, OK);
}

static void on_news(struct cql_client_handler *handler, const struct cql_news *news)
{
    assert_ptr_equal(handler, &fx->handler);
    if (fx->news_count < HOUSE_NEWS_MAX) {
        fx->news[fx->news_count++] = news->kind;
    }
    assert_non_null(news->detail);
    if (news->detail[0]) {
        snprintf(fx->detail, sizeof(fx->detail), "%s", news->detail);
    }
    fx->retry_ms = news->retry_ms;
}

bool house_heard(enum cql_news_kind kind)
{
    for (uint32_t i = 0; i < fx->news_count; i++) {
        if (fx->news[i] == kind) {
            return true;
        }
    }
    return false;
}

int cql_house_setup(void **state)
{
    static const char *const contacts[] = {"node1", "node2"};
    (void)state;
    fx = mem_new(sizeof(*fx));
    test_loop_init(&fx->loop);
    toy_net_init(&fx->net);
    fx->resolver.find = find;
    fx->world = fx->loop.world;
    fx->world.net = &fx->net.net;
    fx->world.resolver = &fx->resolver;
    fx->outbounds = outbounds_create(&fx->world);
    fx->handler.on_news = on_news;
    fx->node_count = 1;
    fx->has_keyspace = true;
    fx->replicas = 1;
    fx->partitioner = "org.apache.cassandra.dht.Murmur3Partitioner";
    test_asker_init(&fx->asker);
    fx->options = (struct cql_client_options){.world = &fx->world,
        .outbounds = fx->outbounds,
        .contact_points = contacts,
        .contact_point_count = 1,
        .port = PORT,
        .keyspace = "Chat",
        .local_dc = "dc1",
        .statements = house_statements,
        .statement_count = STATEMENTS,
        .limits = cql_client_limits_default(),
        .handler = &fx->handler};
    fx->options.limits.ask_ms = 2000;
    fx->options.limits.retry_first_ms = 100;
    fx->options.limits.retry_max_ms = 1600;
    return 0;
}

int cql_house_teardown(void **state)
{
    (void)state;
    if (fx->client) {
        cql_client_close(fx->client);
        house_settle();
        assert_int_equal(toy_net_open_count(&fx->net), 0);
        cql_client_destroy(fx->client);
    }
    for (uint32_t i = 0; i < HOUSE_ASKS; i++) {
        cql_ask_deinit(&fx->asks[i]);
    }
    outbounds_destroy(fx->outbounds);
    toy_net_deinit(&fx->net);
    test_loop_deinit(&fx->loop);
    mem_free(fx);
    return 0;
}

void house_make(void)
{
    assert_int_equal(cql_client_create(&fx->options, &fx->client), OK);
}

void house_begin(void)
{
    house_make();
    house_settle();
    house_advance(1);
    assert_true(cql_client_is_ready(fx->client));
}

/* ---- asks */

struct cql_ask *house_ask(uint32_t number, uint32_t place, int64_t key)
{
    struct cql_ask *ask = &fx->asks[number];
    struct cql_writer *values = cql_ask_begin(fx->client, ask, place);
    cql_put_bigint(values, key);
    if (place == PUT || place == CAS) {
        cql_put_bigint(values, key + 1);
    }
    cql_client_ask(fx->client, &fx->asker.asker, ask);
    house_settle();
    return ask;
}

struct cql_ask *house_plain(uint32_t number, const struct cql_statement *statement)
{
    struct cql_ask *ask = &fx->asks[number];
    cql_ask_begin_plain(fx->client, ask, statement);
    cql_client_ask(fx->client, &fx->asker.asker, ask);
    house_settle();
    return ask;
}

void assert_answered(const struct cql_ask *ask, enum err err)
{
    assert_false(ask->op.asked);
    assert_string_equal(err_name(ask->op.err), err_name(err));
}

void assert_waits(const struct cql_ask *ask)
{
    assert_true(ask->op.asked);
}

/* ---- the cluster's side */

struct house_request house_take(void)
{
    house_settle();
    assert_true(fx->kept_count > 0);
    struct house_request request = fx->kept[0];
    fx->kept_count--;
    memmove(fx->kept, fx->kept + 1, fx->kept_count * sizeof(fx->kept[0]));
    request.body = request.socket->out + request.body_at;
    return request;
}

void assert_nothing_kept(void)
{
    house_settle();
    assert_int_equal(fx->kept_count, 0);
}

struct toy_socket *house_socket(uint32_t node, uint32_t index)
{
    for (uint32_t i = 0; i < fx->net.count; i++) {
        struct toy_socket *socket = &fx->net.sockets[i];
        if (!socket->closed && node_of(socket) == node && index-- == 0) {
            return socket;
        }
    }
    fail_msg("the node has no such connection");
    return NULL;
}

uint32_t house_open_sockets(uint32_t node)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fx->net.count; i++) {
        count += !fx->net.sockets[i].closed && node_of(&fx->net.sockets[i]) == node;
    }
    return count;
}

void house_void(const struct house_request *request)
{
    struct house_bytes body = {.size = 0};
    put_u32(&body, CQL_RESULT_VOID);
    reply(request, CQL_OP_RESULT, &body);
    house_settle();
}

void house_rows(
    const struct house_request *request, int64_t first, uint32_t count, const char *page)
{
    struct house_bytes body = {.size = 0};
    put_u32(&body, CQL_RESULT_ROWS);
    put_u32(&body, page ? 3 : 1);
    put_u32(&body, 1);
    if (page) {
        put_text_cell(&body, page);
    }
    put_string(&body, "Chat");
    put_string(&body, "t");
    put_string(&body, "v");
    put_u16(&body, CQL_TYPE_BIGINT);
    put_u32(&body, count);
    for (uint32_t i = 0; i < count; i++) {
        put_u32(&body, 8);
        put_number(&body, (uint64_t)first + i, 8);
    }
    reply(request, CQL_OP_RESULT, &body);
    house_settle();
}

void house_applied(const struct house_request *request, bool applied)
{
    struct house_bytes body = {.size = 0};
    put_u32(&body, CQL_RESULT_ROWS);
    put_u32(&body, 1);
    put_u32(&body, applied ? 1 : 2);
    put_string(&body, "Chat");
    put_string(&body, "t");
    put_string(&body, "[applied]");
    put_u16(&body, CQL_TYPE_BOOLEAN);
    if (!applied) {
        put_string(&body, "v");
        put_u16(&body, CQL_TYPE_BIGINT);
    }
    put_u32(&body, 1);
    put_u32(&body, 1);
    put_u8(&body, applied);
    if (!applied) {
        put_u32(&body, 8);
        put_number(&body, 77, 8);
    }
    reply(request, CQL_OP_RESULT, &body);
    house_settle();
}

void house_error(const struct house_request *request, uint32_t code)
{
    struct house_bytes body = {.size = 0};
    put_u32(&body, code);
    put_string(&body, "words of a node");
    for (const char *field = cql_error_row(code)->fields; *field; field++) {
        if (*field == 'c') {
            put_u16(&body, CQL_LOCAL_QUORUM);
        } else if (*field == 't') {
            put_string(&body, "SIMPLE");
        } else if (*field == 'd') {
            put_u8(&body, 0);
        } else if (*field == 'k' || *field == 'o') {
            put_string(&body, "t");
        } else if (*field == 'a') {
            put_u16(&body, 0);
        } else {
            put_u32(&body, 1);
        }
    }
    reply(request, CQL_OP_ERROR, &body);
}

void house_write_timeout(const struct house_request *request, const char *type)
{
    struct house_bytes body = {.size = 0};
    put_u32(&body, CQL_ERROR_WRITE_TIMEOUT);
    put_string(&body, "late");
    put_u16(&body, CQL_LOCAL_QUORUM);
    put_u32(&body, 1);
    put_u32(&body, 2);
    put_string(&body, type);
    reply(request, CQL_OP_ERROR, &body);
    house_settle();
}

void house_unprepared(const struct house_request *request, uint8_t id_of_ids)
{
    struct house_bytes body = {.size = 0};
    uint8_t id[16];
    memcpy(id, request->body + 2, sizeof(id));
    id[1] = id_of_ids;
    put_u32(&body, CQL_ERROR_UNPREPARED);
    put_string(&body, "who is that");
    put_u16(&body, sizeof(id));
    put(&body, id, sizeof(id));
    reply(request, CQL_OP_ERROR, &body);
    house_settle();
}

void house_schema_change(const struct house_request *request)
{
    struct house_bytes body = {.size = 0};
    put_u32(&body, CQL_RESULT_SCHEMA_CHANGE);
    put_string(&body, "CREATED");
    put_string(&body, "TABLE");
    put_string(&body, "Chat");
    put_string(&body, "t");
    reply(request, CQL_OP_RESULT, &body);
    house_settle();
}

void house_tables(const struct house_request *request)
{
    bool keeps = fx->keeps_tables;
    fx->keeps_tables = false;
    assert_true(answer_query(request));
    fx->keeps_tables = keeps;
}

static void say_event(const char *kind, const char *change, uint32_t node)
{
    struct house_bytes body = {.size = 0};
    put_string(&body, kind);
    put_string(&body, change);
    put_u8(&body, 4);
    put(&body, (uint8_t[]){192, 0, 2, (uint8_t)node}, 4);
    put_u32(&body, (uint32_t)PORT + (node == 1 ? 0u : fx->port_offset));
    house_say(fx->control, 0, CQL_STREAM_EVENT, CQL_OP_EVENT, &body);
    house_settle();
}

void house_event_status(const char *change, uint32_t node)
{
    say_event("STATUS_CHANGE", change, node);
}

void house_event_topology(const char *change, uint32_t node)
{
    say_event("TOPOLOGY_CHANGE", change, node);
}

void house_event_keyspace(const char *keyspace)
{
    struct house_bytes body = {.size = 0};
    put_string(&body, "SCHEMA_CHANGE");
    put_string(&body, "CREATED");
    put_string(&body, "KEYSPACE");
    put_string(&body, keyspace);
    house_say(fx->control, 0, CQL_STREAM_EVENT, CQL_OP_EVENT, &body);
    house_settle();
}
