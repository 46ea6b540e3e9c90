/* edge_house - see the header. Happy path: as there. How it fails: what a client waits for does not
 * come within the bound of turns. */

#include "edge_house.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "local/addresses_local.h"

struct fixture *fx;

static void on_request(struct edge_http_handler *handler, const struct edge_request *request)
{
    (void)handler;
    fx->requests++;
    fx->asked = request->conn;
    if (fx->answer_later) {
        assert_non_null(edge_keep(fx->edge, request->conn));
        return;
    }
    if (request->wants_websocket) {
        fx->slot = request->conn.slot;
        edge_upgrade(fx->edge, request->conn, &fx->ws, "chattifier.v1");
        edge_reply(fx->edge, fx->slot, "\x81\x05ready", 7);
        return;
    }
    struct edge_response response = {.status = 200,
        .content_type = "text/plain; charset=utf-8",
        .body = request->body.size ? request->body : request->path};
    edge_respond(fx->edge, request->conn, &response);
}

static void on_gone(struct edge_http_handler *handler, struct conn_id conn)
{
    (void)handler;
    assert_int_equal(conn.slot, fx->asked.slot);
    fx->gone++;
}

static void on_text(struct edge_ws_handler *handler, uint32_t slot, char *bytes, uint32_t size)
{
    (void)handler;
    fx->texts++;
    assert_true(size <= sizeof(fx->text));
    memcpy(fx->text, bytes, size);
    fx->text_size = size;
    if (fx->close_in_text) {
        edge_close(fx->edge, slot, 4002, "bye");
        assert_int_equal(fx->closed, 0);
    }
}

static void on_closed(struct edge_ws_handler *handler, uint32_t slot, uint16_t code)
{
    (void)handler;
    assert_int_equal(slot, fx->slot);
    fx->closed++;
    fx->close_code = code;
}

static void on_drained(struct edge_ws_handler *handler, uint32_t slot)
{
    (void)handler;
    assert_int_equal(edge_queued_bytes(fx->edge, slot), 0);
    fx->drained++;
}

struct edge_limits edge_house_limits(void)
{
    return (struct edge_limits){.connections_max = 100,
        .connections_per_address = 90,
        .queued_bytes_max = 100000,
        .queued_bytes_total_max = 1000000,
        .message_bytes_max = 65536,
        .body_bytes_max = 65536,
        .header_timeout_ms = 5000,
        .body_timeout_ms = 5000,
        .keep_alive_ms = 5000,
        .requests_per_connection = 1000,
        .heartbeat_ms = 30000,
        .message_timeout_ms = 10000,
        .close_timeout_ms = 5000,
        .control_frames_per_second = 50};
}

int edge_house_setup(void **state)
{
    (void)state;
    fx = mem_new(sizeof(*fx));
    logger_init(&fx->logger, "test", LOG_LEVEL_ERROR, false);
    struct loop_uv_options options = {.logger = &fx->logger};
    fx->loop = loop_uv_create(&options, &fx->world);
    struct edge_limits l = edge_house_limits();
    fx->addresses = addresses_local_create(fx->world.random, l.connections_max);
    fx->edge = edge_create(&fx->world, &l, fx->addresses);
    fx->http = (struct edge_http_handler){on_request, on_gone};
    fx->ws = (struct edge_ws_handler){
        .on_text = on_text, .on_closed = on_closed, .on_drained = on_drained};
    return edge_listen(fx->edge, "127.0.0.1", 0, false, &fx->http, &fx->port);
}

int edge_house_teardown(void **state)
{
    (void)state;
    edge_destroy(fx->edge);
    addresses_local_destroy(fx->addresses);
    loop_uv_destroy(fx->loop);
    mem_free(fx);
    return 0;
}

/* ---- a client */

void turn(void)
{
    loop_uv_turn(fx->loop, 1);
}

struct client *client_create(void)
{
    struct client *client = mem_new(sizeof(*client));
    struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons(fx->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    client->sock = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client->sock, (struct sockaddr *)&to, sizeof(to)), 0);
    return client;
}

void client_destroy(struct client *client)
{
    close(client->sock);
    mem_free(client);
}

void put(struct client *client, const void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t sent =
            send(client->sock, (const char *)bytes + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_true(sent > 0 || errno == EAGAIN);
        at += sent > 0 ? (size_t)sent : 0;
        turn();
    }
}

void put_text(struct client *client, const char *text)
{
    put(client, text, strlen(text));
}

void take(struct client *client)
{
    turn();
    ssize_t got = recv(client->sock, client->in + client->size,
        sizeof(client->in) - client->size - 1, MSG_DONTWAIT);
    client->ended |= got == 0 || (got < 0 && errno != EAGAIN);
    client->size += got > 0 ? (size_t)got : 0;
}

void wait_bytes(struct client *client, size_t size)
{
    for (int i = 0; i < TURNS_MAX && client->size < size && !client->ended; i++) {
        take(client);
    }
    assert_true(client->size >= size);
}

void wait_text(struct client *client, const char *text)
{
    for (int i = 0; i < TURNS_MAX && !memmem(client->in, client->size, text, strlen(text)); i++) {
        take(client);
    }
    if (!memmem(client->in, client->size, text, strlen(text))) {
        fail_msg("no '%s' in '%s'", text, client->in);
    }
}

void wait_end(struct client *client)
{
    for (int i = 0; i < TURNS_MAX && !client->ended; i++) {
        take(client);
    }
    assert_true(client->ended);
}

void wait_no_connections(void)
{
    for (int i = 0; i < TURNS_MAX && edge_stats(fx->edge).connections > 0; i++) {
        turn();
    }
    assert_int_equal(edge_stats(fx->edge).connections, 0);
    assert_int_equal(edge_stats(fx->edge).queued_bytes, 0);
}

void drop_input(struct client *client)
{
    client->size = 0;
    memset(client->in, 0, sizeof(client->in));
}

struct client *ws_create(void)
{
    struct client *client = client_create();
    put_text(client, OFFER);
    wait_text(client, "\r\n\r\n\x81\x05ready");
    assert_non_null(strstr(client->in, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    drop_input(client);
    return client;
}

size_t ws_frame(uint8_t first, const void *payload, size_t size, uint8_t *ret_frame)
{
    static const uint8_t mask[4] = {0x11, 0x22, 0x33, 0x44};
    size_t at = 2;
    ret_frame[0] = first;
    if (size < 126) {
        ret_frame[1] = (uint8_t)(0x80 | size);
    } else {
        ret_frame[1] = 0x80 | 126;
        ret_frame[2] = (uint8_t)(size >> 8);
        ret_frame[3] = (uint8_t)size;
        at = 4;
    }
    memcpy(ret_frame + at, mask, 4);
    for (size_t i = 0; i < size; i++) {
        ret_frame[at + 4 + i] = ((const uint8_t *)payload)[i] ^ mask[i & 3];
    }
    return at + 4 + size;
}

void put_frame(struct client *client, uint8_t first, const void *payload, size_t size)
{
    static uint8_t bytes[70000];
    put(client, bytes, ws_frame(first, payload, size, bytes));
}
