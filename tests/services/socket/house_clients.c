/* house_clients - the edge and who is behind it. Happy path: what a client is sent is kept as
 * pieces and becomes text at the end of the turn. How it fails: by an assertion. */

#include "house_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define PIECES_MAX 256
#define TEXT_MAX 65536

struct piece {
    struct edge_block *block; /* or copied bytes */
    uint8_t *bytes;
    size_t size;
};

struct client {
    uint32_t generation;
    bool open, refuses, paused;
    uint16_t code;
    struct piece replies[PIECES_MAX], pushes[PIECES_MAX];
    uint32_t reply_count, push_count;
    char heard[TEXT_MAX];
    size_t heard_size;
};

static struct client clients[HOUSE_CONNECTIONS];
static struct edge_ws_handler *ws;
static bool upgrade_lost;
static const struct edge_request *asking; /* the HTTP request under way */
static int http_status;
static char http_body[4096];
static char http_header[256];
static char heard[TEXT_MAX];

/* ---- the edge */

const struct edge_request *edge_keep(struct edge *edge, struct conn_id conn)
{
    (void)edge;
    (void)conn;
    return asking;
}

void edge_respond(struct edge *edge, struct conn_id conn, const struct edge_response *response)
{
    (void)edge;
    (void)conn;
    http_status = response->status;
    snprintf(http_body, sizeof(http_body), "%.*s", (int)response->body.size,
        response->body.at ? response->body.at : "");
    http_header[0] = '\0';
    if (response->field_count > 0) {
        snprintf(http_header, sizeof(http_header), "%.*s: %.*s", (int)response->fields[0].name.size,
            response->fields[0].name.at, (int)response->fields[0].value.size,
            response->fields[0].value.at);
    }
}

void edge_respond_error(
    struct edge *edge, struct conn_id conn, enum err err, const char *field, uint64_t wait_ms)
{
    (void)edge;
    (void)conn;
    http_status = err_http_status(err);
    snprintf(http_body, sizeof(http_body), "%s %s %llu", err_name(err), field ? field : "-",
        (unsigned long long)wait_ms);
}

void edge_upgrade(
    struct edge *edge, struct conn_id conn, struct edge_ws_handler *handler, const char *protocol)
{
    (void)edge;
    assert_string_equal(protocol, "chattifier.v1");
    ws = handler;
    clients[conn.slot].open = !upgrade_lost;
    clients[conn.slot].code = 0;
    clients[conn.slot].generation = conn.generation;
}

bool edge_is_open(const struct edge *edge, struct conn_id conn)
{
    (void)edge;
    return clients[conn.slot].open && clients[conn.slot].generation == conn.generation;
}

static void add_copy(struct piece *pieces, uint32_t *count, const void *bytes, size_t size)
{
    assert_true(*count < PIECES_MAX);
    pieces[(*count)++] = (struct piece){.bytes = mem_copy(bytes, size), .size = size};
}

void edge_reply(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    (void)edge;
    add_copy(clients[slot].replies, &clients[slot].reply_count, bytes, size);
}

bool edge_push(struct edge *edge, uint32_t slot, struct edge_block *block)
{
    (void)edge;
    struct client *client = &clients[slot];
    assert_true(client->open);
    if (client->refuses) {
        return false;
    }
    block->refs++;
    assert_true(client->push_count < PIECES_MAX);
    client->pushes[client->push_count++] = (struct piece){.block = block};
    return true;
}

bool edge_push_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size)
{
    (void)edge;
    if (clients[slot].refuses) {
        return false;
    }
    add_copy(clients[slot].pushes, &clients[slot].push_count, bytes, size);
    return true;
}

uint32_t edge_queued_bytes(const struct edge *edge, uint32_t slot)
{
    (void)edge;
    return clients[slot].refuses ? 1000 : 0;
}

void edge_pause(struct edge *edge, uint32_t slot)
{
    (void)edge;
    clients[slot].paused = true;
}

void edge_resume(struct edge *edge, uint32_t slot)
{
    (void)edge;
    clients[slot].paused = false;
}

void edge_close(struct edge *edge, uint32_t slot, uint16_t code, const char *reason)
{
    (void)edge;
    (void)reason;
    clients[slot].open = false;
    clients[slot].code = code;
    ws->on_closed(ws, slot, code);
}

static void hear(struct client *client, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        size_t length = bytes[at + 1];
        size_t header = 2;
        if (length == 126) {
            length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
            header = 4;
        }
        assert_true(at + header + length <= size);
        assert_true(client->heard_size + length + 1 < TEXT_MAX);
        memcpy(client->heard + client->heard_size, bytes + at + header, length);
        client->heard_size += length;
        client->heard[client->heard_size++] = '\n';
        at += header + length;
    }
}

static void flush(struct client *client, struct piece *pieces, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++) {
        struct piece *piece = &pieces[i];
        if (piece->block) {
            hear(client, piece->block->bytes, piece->block->size);
            edge_block_unref(NULL, piece->block);
        } else {
            hear(client, piece->bytes, piece->size);
            mem_free(piece->bytes);
        }
    }
    *count = 0;
}

/* ---- clients */

void house_clients_init(void)
{
    memset(clients, 0, sizeof(clients));
    upgrade_lost = false;
    ws = NULL;
}

void house_clients_leave(struct house *house)
{
    house_turn(house);
    for (uint32_t slot = 0; slot < HOUSE_CONNECTIONS; slot++) {
        if (clients[slot].open) {
            house_leave(house, slot);
        }
    }
}

void house_connect(struct house *house, uint32_t slot, uint8_t user)
{
    house_connect_with(house, slot, user, NULL);
}

void house_connect_with(struct house *house, uint32_t slot, uint8_t user, const char *query)
{
    static uint32_t generation = 1;
    struct http_field field = {str("sec-websocket-protocol"), str("other, chattifier.v1")};
    struct edge_request request = {.conn = {slot, ++generation},
        .method = HTTP_GET,
        .path = str("/api/socket"),
        .query = str(query),
        .fields = &field,
        .field_count = 1,
        .wants_websocket = true};
    struct identity who = {.user = house_id(user),
        .device = house_id((uint8_t)(100 + slot)),
        .token_version = 1,
        .expires_at = house->now_ms + 900000};
    struct upstream_call call = {.request = &request, .identity = &who};
    struct upstream_server *server = socket_upstream(house->service);
    server->on_call(server, &call);
    house_run_deferred(house);
}

void house_upgrade_lost(struct house *house)
{
    (void)house;
    upgrade_lost = true;
}

void house_say(struct house *house, uint32_t slot, const char *text)
{
    (void)house;
    char *copy = mem_string(text);
    ws->on_text(ws, slot, copy, (uint32_t)strlen(text));
    mem_free(copy);
}

void house_leave(struct house *house, uint32_t slot)
{
    house_turn(house);
    house_leave_at_once(house, slot);
}

void house_leave_at_once(struct house *house, uint32_t slot)
{
    (void)house;
    clients[slot].open = false;
    ws->on_closed(ws, slot, 1000);
}

void house_turn(struct house *house)
{
    house_run_deferred(house);
    if (ws && !ws->on_turn_end(ws)) {
        return;
    }
    for (uint32_t i = 0; i < HOUSE_CONNECTIONS; i++) {
        flush(&clients[i], clients[i].replies, &clients[i].reply_count);
        flush(&clients[i], clients[i].pushes, &clients[i].push_count);
    }
}

const char *house_heard(struct house *house, uint32_t slot)
{
    house_turn(house);
    struct client *client = &clients[slot];
    memcpy(heard, client->heard, client->heard_size);
    heard[client->heard_size] = '\0';
    client->heard_size = 0;
    return heard;
}

uint16_t house_close_code(struct house *house, uint32_t slot)
{
    (void)house;
    return clients[slot].code;
}

bool house_paused(struct house *house, uint32_t slot)
{
    (void)house;
    return clients[slot].paused;
}

void house_slow(struct house *house, uint32_t slot)
{
    (void)house;
    clients[slot].refuses = true;
}

void house_drained(struct house *house, uint32_t slot)
{
    (void)house;
    clients[slot].refuses = false;
    ws->on_drained(ws, slot);
}

/* ---- HTTP */

void house_http(struct house *house, uint32_t slot, uint8_t user, const struct house_call *call)
{
    struct http_field fields[2];
    uint32_t count = 0;
    if (call->content_type) {
        fields[count++] = (struct http_field){str("content-type"), str(call->content_type)};
    }
    if (call->cid) {
        fields[count++] = (struct http_field){str("idempotency-key"), str(call->cid)};
    }
    struct edge_request request = {.conn = {slot, 1},
        .method = http1_method_by_name(str(call->method)),
        .path = str(call->path),
        .query = str(call->query),
        .body = str(call->body),
        .fields = fields,
        .field_count = count};
    struct identity who = {.user = house_id(user), .device = house_id(99), .token_version = 1};
    struct upstream_call upstream = {.request = &request, .identity = user ? &who : NULL};
    struct upstream_server *server = socket_upstream(house->service);
    http_status = 0;
    http_body[0] = '\0';
    asking = &request;
    server->on_call(server, &upstream);
    house_run_deferred(house);
    asking = NULL;
}

int house_status(void)
{
    return http_status;
}

const char *house_body(void)
{
    return http_body;
}

const char *house_header(void)
{
    return http_header;
}
