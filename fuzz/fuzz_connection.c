/* fuzz_connection - one connection of an edge, from its first byte to its last: requests, perhaps
 * an upgrade, then frames. The first byte says in which pieces the rest arrives, the second how
 * much the socket takes at a time.
 *
 * Happy path: whatever comes, the connection ends and leaves nothing, every socket that was opened
 * is told closed once, and the answers are the same however the bytes were cut. How it fails: a
 * trap, which the fuzzer reports with its input. */

#include <stdio.h>
#include <string.h>

#include "../tests/support/test_loop.h"
#include "base/mem.h"
#include "demand.h"
#include "link/edge.h"
#include "world/addresses.h"

#define LISTENER 1
#define SOCK 2
#define ROUNDS_MAX 200000
#define ECHO_BYTES_MAX 125

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The network of one connection. */
struct line {
    struct net net;
    struct net_handler *accepts, *reads;
    uint64_t token;
    uint32_t watched;
    bool accepted, ended, closed;
    const uint8_t *bytes;
    size_t arrived, taken;
    size_t room; /* of the socket, at a time; 0: endless */
    size_t left; /* of it */
    uint8_t *sent;
    size_t sent_size;
};

struct town {
    struct test_loop loop;
    struct line line;
    struct addresses addresses;
    struct edge *edge;
    struct edge_http_handler http;
    struct edge_ws_handler ws;
    struct conn_id late; /* waits for its answer */
    int opened, told_closed;
};

static struct line *line_of(struct net *net)
{
    return container_of(net, struct line, net);
}

/* ---- the network */

static enum err add_handler(struct net *net, struct net_handler *handler)
{
    struct line *line = line_of(net);
    *(line->reads ? &line->accepts : &line->reads) = handler;
    return OK;
}

static enum err listen_here(
    struct net *net, const char *host, uint16_t port, bool shared, int *ret_sock)
{
    (void)net;
    (void)host;
    (void)port;
    (void)shared;
    *ret_sock = LISTENER;
    return OK;
}

static enum err accept_here(
    struct net *net, int listener, int *ret_sock, struct net_address *ret_peer)
{
    (void)listener;
    struct line *line = line_of(net);
    *ret_sock = SOCK;
    *ret_peer = (struct net_address){.ip = {9}, .port = 9};
    bool first = !line->accepted;
    line->accepted = true;
    return first ? OK : ERR_AGAIN;
}

static void rewatch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    (void)handler;
    struct line *line = line_of(net);
    if (sock == SOCK) {
        DEMAND(!line->closed);
        line->token = token;
        line->watched = events;
    }
}

static enum err watch(
    struct net *net, int sock, struct net_handler *handler, uint64_t token, uint32_t events)
{
    rewatch(net, sock, handler, token, events);
    return OK;
}

static int64_t recv_here(struct net *net, int sock, void *ret_bytes, size_t size)
{
    struct line *line = line_of(net);
    size_t there = line->arrived - line->taken;
    DEMAND(sock == SOCK && !line->closed);
    size = size < there ? size : there;
    if (size == 0) {
        return line->ended ? NET_END : NET_WOULD_BLOCK;
    }
    memcpy(ret_bytes, line->bytes + line->taken, size);
    line->taken += size;
    return (int64_t)size;
}

static size_t put(struct line *line, const void *bytes, size_t size)
{
    size_t most = line->room ? line->left : size;
    size = size < most ? size : most;
    line->left -= line->room ? size : 0;
    if (size > 0) {
        line->sent = mem_resize(line->sent, line->sent_size + size);
        memcpy(line->sent + line->sent_size, bytes, size);
        line->sent_size += size;
    }
    return size;
}

static int64_t send_here(struct net *net, int sock, const struct iovec *parts, int count)
{
    struct line *line = line_of(net);
    int64_t sum = 0;
    DEMAND(sock == SOCK && !line->closed);
    for (int i = 0; i < count; i++) {
        size_t size = put(line, parts[i].iov_base, parts[i].iov_len);
        sum += (int64_t)size;
        if (size < parts[i].iov_len) {
            break;
        }
    }
    return sum > 0 ? sum : NET_WOULD_BLOCK;
}

static void send_many(struct net *net, struct net_send *sends, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct iovec part = {(void *)(uintptr_t)sends[i].bytes, sends[i].size};
        sends[i].result = send_here(net, sends[i].sock, &part, 1);
    }
}

static void finish(struct net *net, int sock)
{
    DEMAND(sock == SOCK && !line_of(net)->closed);
}

static void close_here(struct net *net, int sock)
{
    struct line *line = line_of(net);
    DEMAND(sock == LISTENER || !line->closed);
    line->closed |= sock == SOCK;
}

static uint16_t local_port(struct net *net, int sock)
{
    (void)net;
    (void)sock;
    return 1;
}

static enum address_verdict count_nobody(struct addresses *addresses, struct arrival *arrival)
{
    (void)addresses;
    arrival->entry = ADDRESS_UNCOUNTED;
    return ADDRESS_FINE;
}

static void forget_nobody(struct addresses *addresses, uint32_t entry)
{
    (void)addresses;
    (void)entry;
}

/* ---- the service: an answer that depends on the whole request, and an echo */

static void answer(struct town *town, const struct edge_request *request)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "%d %u %u %u", (int)request->method, request->path.size,
        request->body.size, request->field_count);
    struct edge_response response = {.status = request->method == HTTP_DELETE ? 204 : 200,
        .content_type = "text/plain; charset=utf-8",
        .body = {text, (uint32_t)size},
        .close = request->body.size == 3};
    edge_respond(town->edge, request->conn, &response);
}

static void on_request(struct edge_http_handler *handler, const struct edge_request *request)
{
    struct town *town = container_of(handler, struct town, http);
    if (request->path.size % 4 == 3) {
        town->late = request->conn;
        DEMAND(edge_keep(town->edge, request->conn) != NULL);
    } else if (request->wants_websocket) {
        edge_upgrade(town->edge, request->conn, &town->ws, "chattifier.v1");
        town->opened++;
    } else {
        answer(town, request);
    }
}

static void on_gone(struct edge_http_handler *handler, struct conn_id conn)
{
    struct town *town = container_of(handler, struct town, http);
    DEMAND(conn.generation == town->late.generation);
    town->late = (struct conn_id){0};
}

static void on_text(struct edge_ws_handler *handler, uint32_t slot, char *bytes, uint32_t size)
{
    struct town *town = container_of(handler, struct town, ws);
    uint8_t frame[2 + ECHO_BYTES_MAX] = {0x81, (uint8_t)(size % (ECHO_BYTES_MAX + 1))};
    memcpy(frame + 2, bytes, frame[1]);
    edge_reply(town->edge, slot, frame, 2u + frame[1]);
    if (size > 0 && bytes[0] == 'x') {
        edge_close(town->edge, slot, 4002, "asked for");
    }
}

static void on_closed(struct edge_ws_handler *handler, uint32_t slot, uint16_t code)
{
    (void)slot;
    DEMAND(code >= 1000);
    container_of(handler, struct town, ws)->told_closed++;
}

/* ---- a run */

static void answer_late(struct town *town)
{
    const struct edge_request *kept = edge_keep(town->edge, town->late);
    if (kept) {
        answer(town, kept);
        town->late = (struct conn_id){0};
    }
}

/* True if anything happened. */
static bool turn(struct town *town)
{
    struct line *line = &town->line;
    size_t before = line->taken + line->sent_size + line->closed;
    uint32_t watched = line->watched;
    line->left = line->room;
    uint32_t events =
        line->watched &
        (line->arrived > line->taken || line->ended ? NET_READABLE | NET_WRITABLE : NET_WRITABLE);
    if (events && !line->closed) {
        line->reads->on_ready(line->reads, line->token, events);
    }
    answer_late(town);
    test_loop_settle(&town->loop);
    return line->taken + line->sent_size + line->closed != before || line->watched != watched;
}

static void settle(struct town *town)
{
    int rounds = 0;
    while (turn(town)) {
        DEMAND(++rounds < ROUNDS_MAX);
    }
}

static void open_town(struct town *town)
{
    static const struct net_ops net_ops = {.add_handler = add_handler,
        .listen = listen_here,
        .accept = accept_here,
        .watch = watch,
        .rewatch = rewatch,
        .recv = recv_here,
        .send = send_here,
        .send_many = send_many,
        .finish = finish,
        .close = close_here,
        .local_port = local_port};
    static const struct addresses_ops addresses_ops = {count_nobody, forget_nobody};
    static const struct edge_limits limits = {.connections_max = 1,
        .queued_bytes_max = 1 << 24,
        .queued_bytes_total_max = 1 << 24,
        .message_bytes_max = 2048,
        .body_bytes_max = 1024,
        .header_timeout_ms = 5000,
        .body_timeout_ms = 5000,
        .keep_alive_ms = 5000,
        .requests_per_connection = 20,
        .heartbeat_ms = 30000,
        .message_timeout_ms = 10000,
        .close_timeout_ms = 5000,
        .control_frames_per_second = 50};
    test_loop_init(&town->loop);
    town->line.net.ops = &net_ops;
    town->loop.world.net = &town->line.net;
    town->addresses.ops = &addresses_ops;
    town->http = (struct edge_http_handler){.on_request = on_request, .on_gone = on_gone};
    town->ws = (struct edge_ws_handler){.on_text = on_text, .on_closed = on_closed};
    town->edge = edge_create(&town->loop.world, &limits, &town->addresses);
    DEMAND(edge_listen(town->edge, "", 0, false, &town->http, NULL) == OK);
    town->line.accepts->on_ready(town->line.accepts, 0, NET_READABLE);
}

static void run(struct town *town, struct cht_str bytes, size_t step, size_t room)
{
    struct line *line = &town->line;
    open_town(town);
    line->bytes = (const uint8_t *)bytes.at;
    line->room = room;
    while (line->arrived < bytes.size) {
        size_t rest = bytes.size - line->arrived;
        line->arrived += rest < step ? rest : step;
        settle(town);
    }
    line->ended = true;
    settle(town);
    DEMAND(line->closed && edge_stats(town->edge).connections == 0);
    DEMAND(edge_stats(town->edge).queued_bytes == 0);
    DEMAND(town->opened == town->told_closed);
    edge_destroy(town->edge);
    test_loop_deinit(&town->loop);
}

/* Whether a body was asked for depends on whether it was there already. */
static void leave_out_continue(struct line *line)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t size = sizeof(text) - 1;
    uint8_t *at;
    while ((at = memmem(line->sent, line->sent_size, text, size))) {
        line->sent_size -= size;
        memmove(at, at + size, line->sent_size - (size_t)(at - line->sent));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct town whole, cut;
    if (size < 2) {
        return 0;
    }
    whole = cut = (struct town){0};
    struct cht_str rest = {(const char *)bytes + 2, (uint32_t)size - 2};
    run(&whole, rest, size, 0);
    run(&cut, rest, 1 + bytes[0], bytes[1]);
    leave_out_continue(&whole.line);
    leave_out_continue(&cut.line);
    DEMAND(whole.line.sent_size == cut.line.sent_size);
    DEMAND(
        cut.line.sent_size == 0 || memcmp(whole.line.sent, cut.line.sent, cut.line.sent_size) == 0);
    mem_free(whole.line.sent);
    mem_free(cut.line.sent);
    return 0;
}
