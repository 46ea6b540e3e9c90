/* house - wiring for the tests of the user service. */

#include "test.h"

#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/event_buf.h"
#include "local/bus_local.h"
#include "local/sessions_local.h"
#include "secrets/secrets_openssl.h"
#include "sqlite/data_sqlite.h"
#include "world/work.h"

static void submit(struct work *work, struct work_op *op)
{
    struct house *house = container_of(work, struct house, work);
    if (house->busy) {
        op_answer_later(&op->op, &house->loop.loop, ERR_FULL);
        return;
    }
    house->hashes++;
    op->run(op);
    op_answer_later(&op->op, &house->loop.loop, OK);
}

static void on_gain(struct shards_handler *handler, uint32_t shard)
{
    (void)handler;
    (void)shard;
}

static enum err decide(struct house *house, const struct cht_command *command, uint64_t now)
{
    if (now > command->deadline) {
        return ERR_TIMEOUT;
    }
    if (command->type == cht_command_type_room_leave && house->refusals > 0) {
        house->refusals--;
        return house->refusal;
    }
    return OK;
}

static void reply(struct house *house, const struct cht_command *command, struct buf *bytes)
{
    uint64_t now = loop_wall_ms(&house->loop.loop) + house->owner_ahead_ms;
    struct cht_reply event = {.node_ref = command->node_ref,
        .room = command->room,
        .seq = 2,
        .owner_now = now,
        .error = decide(house, command, now)};
    if (event.error) {
        assert_true(house->refused_count < 256);
        house->refused[house->refused_count++] = buf_ref(bytes);
    }
    struct buf *answer = event_buf_encode(&cht_row_reply, &event);
    mail_send(house->deps.mail, MAIL_LIVE, command->node, answer);
    buf_unref(answer);
}

/* As a real owner does: the bus may have given it twice (chat/answered.h). */
static bool was_refused(const struct house *house, const struct buf *bytes)
{
    for (uint32_t i = 0; i < house->refused_count; i++) {
        const struct buf *other = house->refused[i];
        if (other->size == bytes->size && memcmp(other->bytes, bytes->bytes, bytes->size) == 0) {
            return true;
        }
    }
    return false;
}

static void on_command(struct shards_handler *handler, uint32_t shard,
    const struct position *position, struct buf *bytes)
{
    struct house *house = container_of(handler, struct house, owner);
    struct cht_command command;
    uint64_t memory[64];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    assert_true(cht_decode(
        &cht_row_command, (struct cht_str){(char *)bytes->bytes, bytes->size}, &scratch, &command));
    house->creates += command.type == cht_command_type_room_create;
    house->joins += command.type == cht_command_type_room_join;
    house->leaves += command.type == cht_command_type_room_leave;
    assert_int_equal(cht_shard_of_room(&command.room, house->deps.shards->count), shard);
    if (command.node_ref && !house->silent && !was_refused(house, bytes)) {
        reply(house, &command, bytes);
    }
    shards_done(house->deps.shards, shard, position);
}

/* Rooms 1, 2, 3 ... on pages of two. */
static void send_list(struct house *house, const struct cht_roster_query *query)
{
    struct cht_room_place places[2] = {0};
    struct cht_roster page = {
        .node_ref = query->node_ref, .user = query->user, .rooms = {places, 0}};
    uint8_t room = query->after_room.bytes[0];
    while (room < house->rooms && page.rooms.count < 2) {
        page.next.bytes[0] = ++room;
        places[page.rooms.count++].room = page.next;
    }
    page.more = room < house->rooms;
    struct buf *bytes = event_buf_encode(&cht_row_roster, &page);
    mail_send(house->deps.mail, MAIL_PAGES, query->node, bytes);
    buf_unref(bytes);
}

static void on_list(struct mail_handler *handler, struct buf *event)
{
    struct house *house = container_of(handler, struct house, lister);
    struct cht_str bytes = event_buf_bytes(event);
    struct cht_roster_query query;
    struct cht_scratch nothing = {NULL, 0, 0};
    if (cht_decode(&cht_row_roster_query, bytes, &nothing, &query) &&
        ++house->lists > house->no_lists) {
        send_list(house, &query);
    }
}

static void open_engines(struct house *house)
{
    char keys[96];
    struct bus_local_options bus = {
        .workers = 1, .shards = 4, .boot = 1, .commands_max = 64, .mails_max = 64};
    struct sessions_local_options sessions = {.workers = 1,
        .users_max = 64,
        .tickets_max = 64,
        .limits_max = 256,
        .revocations_max = 64,
        .revocations_keep_ms = 960000,
        .secret = {1, 2}};
    struct data_sqlite_options data = {
        .dir = house->dir, .shards = 4, .retention_ms = 1000000, .logger = &house->logger};
    struct secrets_openssl_options secrets = {
        keys, "chattifier", "chattifier", 900000, loop_wall_ms(&house->loop.loop), &house->logger};
    snprintf(keys, sizeof(keys), "%s/keys", house->dir);
    house->bus = bus_local_create(&bus);
    bus_local_join(
        house->bus, 0, &house->world, &house->deps.shards, &house->deps.mail, &house->deps.cast);
    house->sessions = sessions_local_create(&sessions);
    house->deps.sessions = sessions_local_join(house->sessions, 0, &house->world);
    assert_int_equal(data_sqlite_open(&data, &house->data), OK);
    house->deps.users = users_sqlite_create(house->data, &house->loop.loop);
    house->deps.rooms = rooms_sqlite_create(house->data, &house->loop.loop);
    assert_int_equal(secrets_openssl_create(&secrets, &house->keys), OK);
    house->deps.secrets = secrets_openssl_open(house->keys, &house->world);
}

void house_init(struct house *house)
{
    memset(house, 0, sizeof(*house));
    fake_edge_reset();
    test_loop_init(&house->loop);
    snprintf(house->dir, sizeof(house->dir), "/tmp/chattifier-user-XXXXXX");
    assert_non_null(mkdtemp(house->dir));
    logger_init(&house->logger, "test", LOG_LEVEL_ERROR, false);
    house->world = house->loop.world;
    house->world.logger = &house->logger;
    house->world.work = &house->work;
    house->work.submit = submit;
    house->settings = (struct user_settings){.registration = true,
        .access_token_s = 900,
        .refresh_days = 90,
        .devices_max = 3,
        .blocks_max = 2,
        .register_per_hour = 0,
        .login_failures = 5,
        .calls_max = 32,
        .rooms_default = "general"};
    open_engines(house);
    house->deps.world = &house->world;
    house->deps.settings = &house->settings;
    house->owner = (struct shards_handler){on_gain, on_command, NULL};
    shards_own(house->deps.shards, &house->owner, 64);
    house->lister.on_mail = on_list;
    mail_open(house->deps.mail, MAIL_WORK, &house->lister, 64);
    house->service = user_service_create(&house->deps);
    test_loop_advance(&house->loop, 1);
    test_loop_settle(&house->loop);
}

void house_deinit(struct house *house)
{
    char command[128];
    test_loop_advance(&house->loop, 5000);
    test_loop_settle(&house->loop);
    user_service_destroy(house->service);
    for (uint32_t i = 0; i < house->refused_count; i++) {
        buf_unref(house->refused[i]);
    }
    users_sqlite_destroy(house->deps.users);
    rooms_sqlite_destroy(house->deps.rooms);
    data_sqlite_close(house->data);
    secrets_openssl_destroy(house->keys);
    sessions_local_destroy(house->sessions);
    bus_local_destroy(house->bus);
    test_loop_deinit(&house->loop);
    snprintf(command, sizeof(command), "rm -rf '%s'", house->dir);
    assert_int_equal(system(command), 0);
}

struct waiting {
    uint32_t slot, count;
};

static bool is_answered(void *context)
{
    const struct waiting *waiting = context;
    return fake_edge_answer(waiting->slot)->count > waiting->count;
}

uint32_t house_ask(struct house *house, enum http_method method, const char *path, const char *body,
    const struct identity *identity)
{
    uint32_t slot = house->next_slot++ % 64;
    struct edge_request request = fake_edge_request(slot, method, path, body);
    struct upstream_call call = {&request, identity, UPSTREAM_ALLOWED};
    struct waiting waiting = {slot, fake_edge_answer(slot)->count};
    struct upstream_server *server = user_service_server(house->service);
    server->on_call(server, &call);
    if (!test_loop_run_until(&house->loop, is_answered, &waiting)) {
        fail_msg("no answer to %s: %u rooms made, %u joined", path, house->creates, house->joins);
    }
    return slot;
}

struct identity house_identity(struct house *house, uint32_t slot)
{
    char token[TOKEN_BYTES_MAX];
    struct identity identity;
    assert_true(fake_edge_member(slot, "access_token", token, sizeof(token)));
    struct cht_str text = {token, (uint32_t)strlen(token)};
    assert_int_equal(secrets_verify_token(house->deps.secrets, text, &identity), OK);
    return identity;
}

struct identity house_user(struct house *house, const char *name)
{
    char body[128];
    snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"" HOUSE_PASSWORD "\"}", name);
    uint32_t slot = house_ask(house, HTTP_POST, "/user/register", body, NULL);
    assert_int_equal(fake_edge_answer(slot)->status, 201);
    slot = house_ask(house, HTTP_POST, "/user/login", body, NULL);
    assert_int_equal(fake_edge_answer(slot)->status, 200);
    return house_identity(house, slot);
}
