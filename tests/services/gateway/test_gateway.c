/* The gateway: what exists, who may pass, what of a request is believed. */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/logger.h"
#include "fake_edge.h"
#include "gateway/gateway.h"
#include "gateway/gateway_inner.h"
#include "local/sessions_local.h"
#include "local/upstream_local.h"
#include "secrets/secrets_openssl.h"
#include "test_loop.h"

#define HOST "chat.example:8080"

struct service {
    struct upstream_server server;
    uint32_t calls;
    bool has_identity;
    struct identity identity;
    enum upstream_refusal refusal;
    uint32_t fields;
    struct net_address peer;
    bool wants_websocket;
};

struct fixture {
    struct test_loop loop;
    struct world world;
    struct logger logger;
    char dir[64];
    struct sessions_local *sessions;
    struct secrets_openssl *keys;
    struct upstream *upstream;
    struct gateway_settings settings;
    struct gateway_deps deps;
    struct gateway *gateway;
    struct static_files *files;
    struct service socket, user;
    char token[TOKEN_BYTES_MAX + 16]; /* with "Bearer " */
    struct identity identity;
    struct http_field fields[8];
    uint32_t field_count;
    bool client_goes; /* while its ticket is looked up */
    bool offers;      /* a WebSocket, on whatever path */
};

static void on_call(struct upstream_server *server, const struct upstream_call *call)
{
    struct service *service = container_of(server, struct service, server);
    service->calls++;
    service->has_identity = call->identity != NULL;
    service->identity = call->identity ? *call->identity : (struct identity){0};
    service->refusal = call->refusal;
    service->fields = call->request->field_count;
    service->peer = call->request->peer;
    service->wants_websocket = call->request->wants_websocket;
}

static void write_file(struct fixture *f, const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(content, out);
    fclose(out);
}

static void sign(struct fixture *f)
{
    uint64_t now_ms = loop_wall_ms(&f->loop.loop);
    f->identity = (struct identity){.user = {{1}},
        .device = {{2}},
        .token_version = 1,
        .issued_at = now_ms / 1000 * 1000,
        .expires_at = now_ms / 1000 * 1000 + 900000};
    memcpy(f->token, "Bearer ", 7);
    size_t size = secrets_sign_token(f->deps.secrets, &f->identity, f->token + 7, TOKEN_BYTES_MAX);
    f->token[7 + size] = '\0';
}

static int set_up(void **state)
{
    static struct fixture f;
    char keys[96];
    memset(&f, 0, sizeof(f));
    fake_edge_reset();
    test_loop_init(&f.loop);
    logger_init(&f.logger, "test", LOG_LEVEL_ERROR, false);
    f.world = f.loop.world;
    f.world.logger = &f.logger;
    snprintf(f.dir, sizeof(f.dir), "/tmp/chattifier-gateway-XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    write_file(&f, "index.html", "<!doctype html>");
    write_file(&f, "app.js", "export {};");
    write_file(&f, "README.md", "secret");
    write_file(&f, ".hidden.js", "secret");
    snprintf(keys, sizeof(keys), "%s/keys", f.dir);
    struct sessions_local_options sessions = {.workers = 1,
        .users_max = 16,
        .tickets_max = 16,
        .limits_max = 16,
        .revocations_max = 16,
        .secret = {1, 2}};
    struct secrets_openssl_options secrets = {
        keys, "us", "them", 900000, loop_wall_ms(&f.loop.loop), &f.logger};
    f.sessions = sessions_local_create(&sessions);
    assert_int_equal(secrets_openssl_create(&secrets, &f.keys), OK);
    f.upstream = upstream_local_create(NULL);
    f.socket.server.on_call = on_call;
    f.user.server.on_call = on_call;
    upstream_serve(f.upstream, UPSTREAM_SOCKET, &f.socket.server);
    upstream_serve(f.upstream, UPSTREAM_USER, &f.user.server);
    f.settings = (struct gateway_settings){.origins = "https://app.example, http://localhost:3000"};
    static const struct gateway_info info = {"1.2.3", "[\"x\"]", "{\"in_flight\":64}", true};
    f.files = static_files_load(f.dir, &f.logger);
    f.deps = (struct gateway_deps){.world = &f.world,
        .secrets = secrets_openssl_open(f.keys, &f.world),
        .sessions = sessions_local_join(f.sessions, 0, &f.world),
        .upstream = f.upstream,
        .settings = &f.settings,
        .files = f.files,
        .info = &info};
    f.gateway = gateway_create(&f.deps);
    sign(&f);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    gateway_destroy(f->gateway);
    static_files_destroy(f->files);
    upstream_local_destroy(f->upstream);
    secrets_openssl_destroy(f->keys);
    sessions_local_destroy(f->sessions);
    test_loop_deinit(&f->loop);
    snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
    return system(command);
}

static void with(struct fixture *f, const char *name, const char *value)
{
    f->fields[f->field_count++] = (struct http_field){str(name), str(value)};
}

/* Sends a request with the fields of `with`; the status, 0 if it went on to a service. */
static int ask(struct fixture *f, enum http_method method, const char *path, const char *body)
{
    struct edge_request request = fake_edge_request(1, method, path, body);
    struct edge_http_handler *handler = gateway_handler(f->gateway);
    request.fields = f->fields;
    request.field_count = f->field_count;
    request.wants_websocket = f->offers || strncmp(path, "/api/socket", 11) == 0;
    memset(fake_edge_answer(1), 0, sizeof(struct fake_answer));
    f->socket.calls = f->user.calls = 0;
    fake_edge_asks(&request);
    handler->on_request(handler, &request);
    fake_edge_asks(f->client_goes ? NULL : &request);
    test_loop_settle(&f->loop);
    fake_edge_asks(NULL);
    f->field_count = 0;
    return fake_edge_answer(1)->status;
}

static bool answered_with(const char *header)
{
    return strstr(fake_edge_answer(1)->headers, header) != NULL;
}

static void every_route_but_the_open_ones_needs_a_token(void **state)
{
    struct fixture *f = *state;
    static const char *const closed[] = {"/user/me", "/user/me/devices", "/api/rooms", "/api/sync",
        "/api/search", "/user/11111111-1111-4111-8111-111111111111",
        "/api/rooms/11111111-1111-4111-8111-111111111111/messages"};
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        assert_int_equal(ask(f, HTTP_GET, closed[i], NULL), 401);
        assert_true(answered_with("WWW-Authenticate: Bearer\n"));
        with(f, "authorization", f->token);
        assert_int_equal(ask(f, HTTP_GET, closed[i], NULL), 0);
        assert_int_equal(f->socket.calls + f->user.calls, 1);
    }
    with(f, "content-type", "application/json");
    assert_int_equal(ask(f, HTTP_POST, "/user/login", "{}"), 0);
    assert_false(f->user.has_identity);
    assert_int_equal(ask(f, HTTP_GET, "/.well-known/jwks.json", NULL), 0);
    assert_int_equal(ask(f, HTTP_GET, "/api/info", NULL), 200);
    assert_string_equal(fake_edge_answer(1)->body,
        "{\"version\":\"1.2.3\",\"protocol\":1,\"features\":[\"x\"],"
        "\"limits\":{\"in_flight\":64},\"registration\":true}");
}

static void the_identity_is_the_token_s(void **state)
{
    struct fixture *f = *state;
    with(f, "Authorization", f->token);
    with(f, "X-User-Id", "33333333-3333-4333-8333-333333333333");
    with(f, "x_user_id", "1");
    with(f, "X-Gateway.Device", "1");
    with(f, "Forwarded", "for=1.2.3.4");
    with(f, "X-Forwarded-For", "1.2.3.4");
    assert_int_equal(ask(f, HTTP_GET, "/user/me", NULL), 0);
    assert_true(cht_id_equal(&f->user.identity.user, &f->identity.user));
    assert_int_equal(f->user.fields, 1);
    assert_int_equal(f->user.peer.ip[12], 192);
}

static void bad_credentials_are_all_alike(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {
        "", "Bearer", "Bearer ", "Basic YTpi", "Bearer a.b.c", "Bearer x y"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        with(f, "authorization", bad[i]);
        assert_int_equal(ask(f, HTTP_GET, "/user/me", NULL), 401);
    }
    with(f, "authorization", f->token);
    with(f, "Authorization", f->token);
    assert_int_equal(ask(f, HTTP_GET, "/user/me", NULL), 401);
    struct revocation revocation = {.user = f->identity.user, .version = 2};
    sessions_revoke(f->deps.sessions, &revocation);
    with(f, "authorization", f->token);
    assert_int_equal(ask(f, HTTP_GET, "/user/me", NULL), 401);
}

static void unknown_paths_methods_and_types_are_told_apart(void **state)
{
    struct fixture *f = *state;
    static const char *const unknown[] = {"/api", "/api/nothing", "/user/me/nothing",
        "/.well-known/x", "/user/", "/api/rooms/", "/actuator"};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_int_equal(ask(f, HTTP_GET, unknown[i], NULL), 404);
    }
    assert_int_equal(ask(f, HTTP_GET, "/user/login", NULL), 405);
    assert_true(answered_with("Allow: POST, OPTIONS\n"));
    assert_int_equal(ask(f, HTTP_PUT, "/user/me", NULL), 405);
    assert_true(answered_with("Allow: GET, HEAD, PATCH, DELETE, OPTIONS\n"));
    assert_int_equal(ask(f, HTTP_OTHER, "/api/rooms", NULL), 405);
    with(f, "content-type", "text/plain");
    assert_int_equal(ask(f, HTTP_POST, "/user/login", "{}"), 415);
    with(f, "content-type", "application/jsonx");
    assert_int_equal(ask(f, HTTP_POST, "/user/login", "{}"), 415);
    with(f, "content-type", "Application/JSON; charset=utf-8");
    assert_int_equal(ask(f, HTTP_POST, "/user/login", "{}"), 0);
}

static void options_names_methods_and_cors_only_for_listed_origins(void **state)
{
    struct fixture *f = *state;
    with(f, "origin", "https://evil.example");
    assert_int_equal(ask(f, HTTP_OPTIONS, "/api/rooms", NULL), 204);
    assert_true(answered_with("Allow: GET, HEAD, POST, OPTIONS\n"));
    assert_false(answered_with("Access-Control"));
    with(f, "origin", "https://app.example");
    assert_int_equal(ask(f, HTTP_OPTIONS, "/api/rooms", NULL), 204);
    assert_true(answered_with("Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\n"));
    assert_true(answered_with("Idempotency-Key"));
}

static const struct edge_readers *readers(struct fixture *f, const char *path, const char *origin)
{
    struct edge_http_handler *handler = gateway_handler(f->gateway);
    struct http_field field = {str("Origin"), str(origin)};
    struct http_head head = {.path = str(path), .fields = &field, .field_count = 1};
    return handler->on_head(handler, &head);
}

static void pages_of_listed_origins_alone_may_read_answers_of_the_api(void **state)
{
    struct fixture *f = *state;
    static const char *const others[] = {"https://evil.example", "null", "", "https://app.exampl",
        "https://app.example ", "https://APP.example", "https://app.example.evil",
        "https://app.example, http://localhost:3000"};
    assert_true(cht_str_equal(
        readers(f, "/api/rooms", "https://app.example")->origin, str("https://app.example")));
    assert_true(cht_str_equal(
        readers(f, "/user/login", "http://localhost:3000")->origin, str("http://localhost:3000")));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(readers(f, "/api/rooms", others[i])->origin.size, 0);
    }
    assert_null(readers(f, "/index.html", "https://app.example"));
}

static void without_listed_origins_answers_are_the_same_for_all(void **state)
{
    struct fixture *f = *state;
    gateway_destroy(f->gateway);
    f->settings.origins = " , ";
    f->gateway = gateway_create(&f->deps);
    assert_null(readers(f, "/api/rooms", "https://app.example"));
    assert_null(readers(f, "/api/rooms", ""));
}

static void origins_are_compared_letter_by_letter(void **state)
{
    static const struct {
        const char *origin;
        bool allowed;
    } table[] = {{"http://" HOST, true}, {"https://" HOST, true}, {"https://app.example", true},
        {"http://localhost:3000", true}, {"null", false}, {"", false}, {"http://", false},
        {"http://chat.example", false}, {"http://chat.example:8081", false},
        {"http://chat.example:80801", false}, {"http://evil" HOST, false},
        {"http://" HOST ".evil", false}, {"http://" HOST "/", false},
        {"http://CHAT.example:8080", false}, {"HTTP://" HOST, false}, {"ftp://" HOST, false},
        {"file://" HOST, false}, {"http://app.example", false}, {"https://app.example:443", false},
        {"https://app.example, http://localhost:3000", false}, {"https://app.exampl", false},
        {"http://user@" HOST, false}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        with(f, "host", HOST);
        with(f, "origin", table[i].origin);
        with(f, "authorization", f->token);
        int status = ask(f, HTTP_GET, "/api/socket", NULL);
        if (status != (table[i].allowed ? 0 : 403)) {
            fail_msg("%s", table[i].origin);
        }
    }
}

static void an_upgrade_without_one_credential_is_refused_by_status(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(ask(f, HTTP_GET, "/api/socket", NULL), 401);
    with(f, "authorization", f->token);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=x", NULL), 400);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=x&ticket=y", NULL), 400);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=x&tick%65t=y", NULL), 400);
}

static void a_bad_token_is_forwarded_with_the_reason(void **state)
{
    struct fixture *f = *state;
    with(f, "authorization", "Bearer x");
    assert_int_equal(ask(f, HTTP_GET, "/api/socket", NULL), 0);
    assert_int_equal(f->socket.refusal, UPSTREAM_REVOKED);
    with(f, "authorization", f->token);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket", NULL), 0);
    assert_int_equal(f->socket.refusal, UPSTREAM_ALLOWED);
    test_loop_advance(&f->loop, 901000);
    with(f, "authorization", f->token);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket", NULL), 0);
    assert_int_equal(f->socket.refusal, UPSTREAM_EXPIRED);
}

static void put_ticket(struct fixture *f, const char *secret, const char *origin)
{
    struct test_asker asker;
    struct sessions_ticket_op op = {.ticket = {.user = f->identity.user,
                                        .device = f->identity.device,
                                        .token_version = 1,
                                        .expires_at = f->identity.expires_at,
                                        .valid_until = loop_wall_ms(&f->loop.loop) + 30000}};
    snprintf(op.ticket.origin, sizeof(op.ticket.origin), "%s", origin);
    secrets_digest(f->deps.secrets, str(secret), op.ticket.secret_hash);
    test_asker_init(&asker);
    sessions_ticket_put(f->deps.sessions, &asker.asker, &op);
    assert_true(test_loop_run_until_answered(&f->loop, &asker, 1));
}

static void a_client_that_goes_before_its_ticket_is_found_is_not_forwarded(void **state)
{
    struct fixture *f = *state;
    put_ticket(f, "one", "");
    f->client_goes = true;
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=one", NULL), 0);
    assert_int_equal(f->socket.calls, 0);
    assert_int_equal(fake_edge_answer(1)->count, 0);
}

static void a_ticket_opens_one_socket_from_its_origin(void **state)
{
    struct fixture *f = *state;
    put_ticket(f, "one", "https://app.example");
    with(f, "origin", "https://app.example");
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=one", NULL), 0);
    assert_int_equal(f->socket.refusal, UPSTREAM_ALLOWED);
    assert_true(cht_id_equal(&f->socket.identity.user, &f->identity.user));
    with(f, "origin", "https://app.example");
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=one", NULL), 0);
    assert_int_equal(f->socket.refusal, UPSTREAM_BAD_TICKET);
    put_ticket(f, "two", "https://app.example");
    with(f, "origin", "http://localhost:3000");
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=two", NULL), 0);
    assert_int_equal(f->socket.refusal, UPSTREAM_BAD_TICKET);
    put_ticket(f, "three", "");
    test_loop_advance(&f->loop, 31000);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=three", NULL), 0);
    assert_int_equal(f->socket.refusal, UPSTREAM_BAD_TICKET);
}

static void files_are_served_from_memory_with_a_strict_policy(void **state)
{
    struct fixture *f = *state;
    with(f, "host", HOST);
    assert_int_equal(ask(f, HTTP_GET, "/", NULL), 200);
    assert_string_equal(fake_edge_answer(1)->body, "<!doctype html>");
    assert_true(answered_with("default-src 'none'; script-src 'self'"));
    assert_true(answered_with("connect-src 'self' ws://" HOST " wss://" HOST ";"));
    with(f, "host", "x'; script-src *");
    assert_int_equal(ask(f, HTTP_GET, "/app.js", NULL), 200);
    assert_true(answered_with("connect-src 'self';"));
    assert_int_equal(ask(f, HTTP_POST, "/app.js", NULL), 405);
    assert_true(answered_with("Allow: GET, HEAD, OPTIONS\n"));
    with(f, "origin", "https://app.example");
    assert_int_equal(ask(f, HTTP_OPTIONS, "/app.js", NULL), 204);
    assert_string_equal(fake_edge_answer(1)->headers, "Allow: GET, HEAD, OPTIONS\n");
    assert_int_equal(ask(f, HTTP_OPTIONS, "/nothing.js", NULL), 404);
    assert_int_equal(ask(f, HTTP_OPTIONS, "*", NULL), 204);
    assert_true(answered_with("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\n"));
    static const char *const hidden[] = {
        "/README.md", "/.hidden.js", "/keys/mac.key", "/index.html", "/app", "/../app.js"};
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        assert_int_equal(ask(f, HTTP_GET, hidden[i], NULL), 404);
    }
    char etag[32];
    snprintf(etag, sizeof(etag), "%s", static_files_find(f->files, str("/app.js"))->etag);
    with(f, "if-none-match", etag);
    assert_int_equal(ask(f, HTTP_GET, "/app.js", NULL), 304);
}

static void headers_that_claim_an_identity_are_known_in_every_form(void **state)
{
    static const char *const claims[] = {"X-Gateway-User", "x-gateway-user", "X_Gateway_User",
        "x.gateway-user", "X-User-Id", "X-USER_ID", "X-Forwarded-For", "X_Forwarded.Host",
        "Forwarded", "FORWARDED", "X-Real-IP", "x_real_ip"};
    static const char *const fine[] = {
        "X-Gateways", "User-Agent", "X-Use", "Forwarded-", "X-Real-Ipx", "Authorization", ""};
    (void)state;
    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
        assert_true(gateway_header_claims(str(claims[i])));
    }
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        assert_false(gateway_header_claims(str(fine[i])));
    }
}

static uint8_t last_byte(struct fixture *f, const char *forwarded, uint64_t trusted)
{
    struct edge_request request = fake_edge_request(1, HTTP_GET, "/", NULL);
    struct http_field fields[] = {
        {str("X-Forwarded-For"), str("9.9.9.9")}, {str("x-forwarded-for"), str(forwarded)}};
    (void)f;
    request.fields = fields;
    request.field_count = 2;
    return gateway_client_address(&request, trusted).ip[15];
}

static void only_configured_hops_are_believed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(last_byte(f, "1.1.1.5, 1.1.1.6", 0), 1);
    assert_int_equal(last_byte(f, "1.1.1.5, 1.1.1.6", 1), 6);
    assert_int_equal(last_byte(f, "1.1.1.5, 1.1.1.6", 2), 5);
    assert_int_equal(last_byte(f, "1.1.1.5, 1.1.1.6", 3), 9);
    assert_int_equal(last_byte(f, "1.1.1.5, 1.1.1.6", 4), 1);
    assert_int_equal(last_byte(f, "1.1.1.5, unknown", 1), 1);
    assert_int_equal(last_byte(f, "2001:db8::7", 1), 7);
}

static void a_service_that_is_not_there_is_unavailable(void **state)
{
    struct fixture *f = *state;
    upstream_serve(f->upstream, UPSTREAM_USER, NULL);
    assert_int_equal(ask(f, HTTP_POST, "/user/login", NULL), 503);
}

/* ---- where gateway and services are processes of their own */

struct elsewhere {
    struct upstream upstream; /* first */
    struct fixture *f;
};

static void forward_elsewhere(
    struct upstream *upstream, enum upstream_target target, const struct upstream_call *call)
{
    struct fixture *f = ((struct elsewhere *)upstream)->f;
    on_call(target == UPSTREAM_USER ? &f->user.server : &f->socket.server, call);
}

static void remake(struct fixture *f)
{
    gateway_destroy(f->gateway);
    f->gateway = gateway_create(&f->deps);
}

static void who_asks_is_for_a_service_elsewhere_to_find_out(void **state)
{
    struct fixture *f = *state;
    struct elsewhere elsewhere = {{.forward = forward_elsewhere}, f};
    f->deps.upstream = &elsewhere.upstream;
    f->deps.secrets = NULL;
    f->deps.sessions = NULL;
    remake(f);
    assert_int_equal(ask(f, HTTP_GET, "/user/me", NULL), 401);
    with(f, "Authorization", "Basic YTpi");
    assert_int_equal(ask(f, HTTP_GET, "/user/me", NULL), 401);
    with(f, "Authorization", "Bearer whatever");
    with(f, "X-User-Id", "root");
    assert_int_equal(ask(f, HTTP_GET, "/user/me", NULL), 0);
    assert_int_equal(f->user.calls, 1);
    assert_false(f->user.has_identity);
    assert_int_equal(f->user.fields, 1);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=x", NULL), 0);
    assert_int_equal(f->socket.calls, 1);
    assert_false(f->socket.has_identity);
    with(f, "Origin", "https://evil.example");
    with(f, "Host", "chat.example");
    assert_int_equal(ask(f, HTTP_GET, "/api/socket?ticket=x", NULL), 403);
}

static void a_websocket_is_offered_to_its_route_alone(void **state)
{
    struct fixture *f = *state;
    f->offers = true;
    with(f, "Authorization", f->token);
    assert_int_equal(ask(f, HTTP_GET, "/api/rooms", NULL), 0);
    assert_int_equal(f->socket.calls, 1);
    assert_false(f->socket.wants_websocket);
    with(f, "Authorization", f->token);
    assert_int_equal(ask(f, HTTP_GET, "/api/socket", NULL), 0);
    assert_true(f->socket.wants_websocket);
    f->offers = false;
}

static void behind_a_gateway_only_listed_ones_say_an_address(void **state)
{
    struct fixture *f = *state;
    struct net_address peer = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
    f->settings.trusted_proxies = 3;
    f->settings.gateways = "10.0.0.7, ::1, 127.0.0.1";
    assert_int_equal(gateway_trusted(f->gateway, &peer), 3);
    f->deps.behind = true;
    remake(f);
    assert_int_equal(gateway_trusted(f->gateway, &peer), 1);
    f->settings.gateways = "10.0.0.7, ::1";
    assert_int_equal(gateway_trusted(f->gateway, &peer), 0);
    f->settings.gateways = "";
    assert_int_equal(gateway_trusted(f->gateway, &peer), 0);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(every_route_but_the_open_ones_needs_a_token),
        WITH(the_identity_is_the_token_s),
        WITH(bad_credentials_are_all_alike),
        WITH(unknown_paths_methods_and_types_are_told_apart),
        WITH(options_names_methods_and_cors_only_for_listed_origins),
        WITH(pages_of_listed_origins_alone_may_read_answers_of_the_api),
        WITH(without_listed_origins_answers_are_the_same_for_all),
        WITH(origins_are_compared_letter_by_letter),
        WITH(an_upgrade_without_one_credential_is_refused_by_status),
        WITH(a_bad_token_is_forwarded_with_the_reason),
        WITH(a_ticket_opens_one_socket_from_its_origin),
        WITH(a_client_that_goes_before_its_ticket_is_found_is_not_forwarded),
        WITH(files_are_served_from_memory_with_a_strict_policy),
        cmocka_unit_test(headers_that_claim_an_identity_are_known_in_every_form),
        WITH(only_configured_hops_are_believed),
        WITH(a_service_that_is_not_there_is_unavailable),
        WITH(who_asks_is_for_a_service_elsewhere_to_find_out),
        WITH(a_websocket_is_offered_to_its_route_alone),
        WITH(behind_a_gateway_only_listed_ones_say_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
