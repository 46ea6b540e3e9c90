/* The user service from request to answer. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/event_buf.h"
#include "house.h"

#define GOOD "\"password\":\"violet staircase\""

static const char new_bob[] = "{\"username\":\"Bob\"," GOOD "}";
static const char bob[] = "{\"username\":\"bob\"," GOOD ",\"device\":{\"name\":\"laptop\"}}";

static int status_of(uint32_t slot)
{
    return fake_edge_answer(slot)->status;
}

static void expect(uint32_t slot, int status)
{
    if (status_of(slot) != status) {
        fail_msg("status %d, expected %d: %s %s", status_of(slot), status,
            fake_edge_answer(slot)->body, fake_edge_answer(slot)->field);
    }
}

static uint32_t sign_up_and_in(struct house *house)
{
    expect(house_ask(house, HTTP_POST, "/user/register", new_bob, NULL), 201);
    uint32_t slot = house_ask(house, HTTP_POST, "/user/login", bob, NULL);
    expect(slot, 200);
    return slot;
}

static uint32_t refresh(struct house *house, const char *token)
{
    char body[256];
    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", token);
    return house_ask(house, HTTP_POST, "/user/refresh", body, NULL);
}

static void a_new_user_gets_an_account_and_joins_the_default_room(void **state)
{
    struct house house;
    char name[64];
    (void)state;
    house_init(&house);
    uint32_t slot = house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL);
    expect(slot, 201);
    assert_true(fake_edge_member(slot, "username", name, sizeof(name)));
    assert_string_equal(name, "bob");
    assert_null(strstr(fake_edge_answer(slot)->body, "argon2"));
    assert_int_equal(house.creates, 1);
    assert_int_equal(house.joins, 1);
    house_deinit(&house);
}

static void a_name_is_given_once_in_any_case(void **state)
{
    struct house house;
    (void)state;
    house_init(&house);
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 201);
    uint32_t slot =
        house_ask(&house, HTTP_POST, "/user/register", "{\"username\":\"bOB\"," GOOD "}", NULL);
    expect(slot, 409);
    assert_string_equal(fake_edge_answer(slot)->field, "username");
    house_deinit(&house);
}

static void attempts_to_sign_up_count_also_where_the_name_is_taken(void **state)
{
    struct house house;
    (void)state;
    house_init(&house);
    house.settings.register_per_hour = 3;
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 201);
    for (int i = 0; i < 5; i++) {
        expect(
            house_ask(&house, HTTP_POST, "/user/register", "{\"username\":\"_\"," GOOD "}", NULL),
            422);
    }
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 409);
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 409);
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 429);
    house_deinit(&house);
}

static void wrong_fields_are_named(void **state)
{
    static const struct {
        const char *body, *field;
    } table[] = {{"{}", "username"}, {"{\"username\":\"bob\"}", "password"},
        {"{\"username\":{\"$ne\":1}," GOOD "}", "username"},
        {"{\"username\":\"admin\"," GOOD "}", "username"},
        {"{\"username\":\"bob\",\"password\":\"password1\"}", "password"},
        {"{\"username\":\"bob\",\"password\":12345678}", "password"},
        {"{\"username\":\"bob\",\"display_name\":\"\\u202e\"," GOOD "}", "display_name"}};
    struct house house;
    (void)state;
    house_init(&house);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint32_t slot = house_ask(&house, HTTP_POST, "/user/register", table[i].body, NULL);
        expect(slot, 422);
        assert_string_equal(fake_edge_answer(slot)->field, table[i].field);
    }
    expect(house_ask(&house, HTTP_POST, "/user/register", "{\"username\":\"a\",\"username\":\"b\"}",
               NULL),
        400);
    house_deinit(&house);
}

static void a_wrong_password_and_an_unknown_name_look_and_cost_the_same(void **state)
{
    struct house house;
    (void)state;
    house_init(&house);
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 201);
    uint32_t before = house.hashes;
    uint32_t wrong = house_ask(
        &house, HTTP_POST, "/user/login", "{\"username\":\"bob\",\"password\":\"x\"}", NULL);
    uint32_t unknown = house_ask(
        &house, HTTP_POST, "/user/login", "{\"username\":\"eve\",\"password\":\"x\"}", NULL);
    expect(wrong, 401);
    assert_memory_equal(
        fake_edge_answer(wrong), fake_edge_answer(unknown), sizeof(struct fake_answer));
    assert_int_equal(house.hashes, before + 2);
    house_deinit(&house);
}

static void after_five_failures_the_right_password_waits_too(void **state)
{
    struct house house;
    (void)state;
    house_init(&house);
    house.settings.login_failures = 5;
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 201);
    for (int i = 0; i < 5; i++) {
        expect(house_ask(&house, HTTP_POST, "/user/login",
                   "{\"username\":\"bob\",\"password\":\"x\"}", NULL),
            401);
    }
    uint32_t slot = house_ask(&house, HTTP_POST, "/user/login", bob, NULL);
    expect(slot, 429);
    assert_true(fake_edge_answer(slot)->retry_after_ms > 0);
    test_loop_advance(&house.loop, 200000);
    expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 200);
    house_deinit(&house);
}

/* A refresh that read the device before the sign-out writes after it. */
static void a_change_that_was_under_way_does_not_bring_a_revoked_device_back(void **state)
{
    struct house house;
    struct test_asker asker;
    (void)state;
    house_init(&house);
    test_asker_init(&asker);
    struct identity identity = house_identity(&house, sign_up_and_in(&house));
    struct users_device_get_op get = {.user = identity.user, .device_id = identity.device};
    users_device_get(house.deps.users, &asker.asker, &get);
    assert_true(test_loop_run_until_answered(&house.loop, &asker, 1));
    expect(house_ask(&house, HTTP_POST, "/user/logout", NULL, &identity), 200);
    struct users_device_change_op change = {
        .device = get.device, .expect_generation = get.device.generation};
    change.device.generation++;
    users_device_change(house.deps.users, &asker.asker, &change);
    assert_true(test_loop_run_until_answered(&house.loop, &asker, 2));
    assert_int_equal(asker.last, ERR_STALE);
    arena_deinit(&get.arena);
    house_deinit(&house);
}

/* A place in the line for hashing is given back. */
static void one_address_may_sign_in_one_after_the_other_for_ever(void **state)
{
    struct house house;
    (void)state;
    house_init(&house);
    house.settings.hashes_max = 8;
    sign_up_and_in(&house);
    for (int i = 0; i < 30; i++) {
        expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 200);
        expect(house_ask(&house, HTTP_POST, "/user/login",
                   "{\"username\":\"nobody\",\"password\":\"not the right one\"}", NULL),
            i < 5 ? 401 : 429);
    }
    house_deinit(&house);
}

static void a_user_who_asks_too_often_has_to_wait_and_nobody_else(void **state)
{
    struct house house;
    char token[128];
    (void)state;
    house_init(&house);
    house.settings.calls_per_second = 2;
    uint32_t slot = sign_up_and_in(&house);
    struct identity me = house_identity(&house, slot);
    assert_true(fake_edge_member(slot, "refresh_token", token, sizeof(token)));
    for (int i = 0; i < 10; i++) {
        expect(house_ask(&house, HTTP_GET, "/user/me", NULL, &me), 200);
    }
    slot = house_ask(&house, HTTP_PATCH, "/user/me", "{\"bio\":\"x\"}", &me);
    expect(slot, 429);
    assert_true(fake_edge_answer(slot)->retry_after_ms > 0);
    for (int i = 0; i < 10; i++) {
        expect(refresh(&house, token), 200);
    }
    expect(refresh(&house, token), 429);
    expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 200);
    test_loop_advance(&house.loop, 1000);
    expect(house_ask(&house, HTTP_GET, "/user/me", NULL, &me), 200);
    house_deinit(&house);
}

static void a_full_pool_is_overloaded_and_counts_as_no_wrong_password(void **state)
{
    struct house house;
    (void)state;
    house_init(&house);
    house.settings.register_per_hour = 3;
    struct identity identity = house_identity(&house, sign_up_and_in(&house));
    house.busy = true;
    for (int i = 0; i < 10; i++) {
        uint32_t slot = house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL);
        expect(slot, 503);
        assert_int_equal(fake_edge_answer(slot)->retry_after_ms, 1000);
        expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 503);
        expect(house_ask(&house, HTTP_DELETE, "/user/me", "{" GOOD "}", &identity), 503);
        expect(house_ask(&house, HTTP_PUT, "/user/me/password",
                   "{\"old_password\":\"violet staircase\",\"new_password\":\"orange bicycle\"}",
                   &identity),
            503);
    }
    house.busy = false;
    expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 200);
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 409);
    expect(house_ask(&house, HTTP_DELETE, "/user/me", "{" GOOD "}", &identity), 200);
    house_deinit(&house);
}

static void a_refresh_token_gives_the_same_successor_for_30_seconds(void **state)
{
    struct house house;
    char first[128], second[128], again[128];
    (void)state;
    house_init(&house);
    assert_true(fake_edge_member(sign_up_and_in(&house), "refresh_token", first, sizeof(first)));
    assert_true(fake_edge_member(refresh(&house, first), "refresh_token", second, sizeof(second)));
    assert_string_not_equal(first, second);
    test_loop_advance(&house.loop, 29000);
    assert_true(fake_edge_member(refresh(&house, first), "refresh_token", again, sizeof(again)));
    assert_string_equal(second, again);
    expect(refresh(&house, second), 200);
    house_deinit(&house);
}

static void a_later_use_of_an_old_refresh_token_revokes_the_device(void **state)
{
    struct house house;
    char first[128], second[128];
    (void)state;
    house_init(&house);
    uint32_t slot = sign_up_and_in(&house);
    struct identity identity = house_identity(&house, slot);
    assert_true(fake_edge_member(slot, "refresh_token", first, sizeof(first)));
    assert_true(fake_edge_member(refresh(&house, first), "refresh_token", second, sizeof(second)));
    test_loop_advance(&house.loop, 31000);
    expect(refresh(&house, first), 401);
    expect(refresh(&house, second), 401);
    assert_int_equal(sessions_standing(house.deps.sessions, &identity), TOKEN_REVOKED);
    house_deinit(&house);
}

static void a_forged_refresh_token_revokes_nobody(void **state)
{
    struct house house;
    char token[128], forged[128];
    (void)state;
    house_init(&house);
    assert_true(fake_edge_member(sign_up_and_in(&house), "refresh_token", token, sizeof(token)));
    for (size_t i = 0; i < strlen(token); i++) {
        memcpy(forged, token, sizeof(token));
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        expect(refresh(&house, forged), 401);
    }
    expect(refresh(&house, token), 200);
    house_deinit(&house);
}

static void a_logout_voids_the_device(void **state)
{
    struct house house;
    char token[128];
    (void)state;
    house_init(&house);
    uint32_t slot = sign_up_and_in(&house);
    struct identity identity = house_identity(&house, slot);
    assert_true(fake_edge_member(slot, "refresh_token", token, sizeof(token)));
    expect(house_ask(&house, HTTP_POST, "/user/logout", NULL, &identity), 200);
    assert_int_equal(sessions_standing(house.deps.sessions, &identity), TOKEN_REVOKED);
    expect(refresh(&house, token), 401);
    expect(house_ask(&house, HTTP_POST, "/user/logout", NULL, &identity), 200);
    house_deinit(&house);
}

static void a_known_device_is_used_again_and_a_surplus_one_goes(void **state)
{
    struct house house;
    char body[256], id[64];
    (void)state;
    house_init(&house);
    struct identity first = house_identity(&house, sign_up_and_in(&house));
    cht_id_to_text(&first.device, id);
    snprintf(
        body, sizeof(body), "{\"username\":\"bob\"," GOOD ",\"device\":{\"id\":\"%.36s\"}}", id);
    struct identity again =
        house_identity(&house, house_ask(&house, HTTP_POST, "/user/login", body, NULL));
    assert_true(cht_id_equal(&first.device, &again.device));
    for (int i = 0; i < 3; i++) {
        test_loop_advance(&house.loop, 1000);
        expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 200);
    }
    assert_int_equal(sessions_standing(house.deps.sessions, &first), TOKEN_REVOKED);
    house_deinit(&house);
}

static void a_password_change_needs_the_old_one_and_voids_all_others(void **state)
{
    struct house house;
    char token[128];
    (void)state;
    house_init(&house);
    uint32_t slot = sign_up_and_in(&house);
    struct identity identity = house_identity(&house, slot);
    assert_true(fake_edge_member(slot, "refresh_token", token, sizeof(token)));
    expect(house_ask(&house, HTTP_PUT, "/user/me/password",
               "{\"old_password\":\"wrong one!\",\"new_password\":\"orange bicycle\"}", &identity),
        403);
    slot = house_ask(&house, HTTP_PUT, "/user/me/password",
        "{\"old_password\":\"violet staircase\",\"new_password\":\"orange bicycle\"}", &identity);
    expect(slot, 200);
    struct identity fresh = house_identity(&house, slot);
    expect(refresh(&house, token), 401);
    test_loop_advance(&house.loop, 1500);
    test_loop_settle(&house.loop);
    assert_int_equal(sessions_standing(house.deps.sessions, &identity), TOKEN_REVOKED);
    assert_int_equal(sessions_standing(house.deps.sessions, &fresh), TOKEN_GOOD);
    expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 401);
    house_deinit(&house);
}

static void profiles_change_and_show_no_secret(void **state)
{
    struct house house;
    char text[128];
    (void)state;
    house_init(&house);
    struct identity identity = house_identity(&house, sign_up_and_in(&house));
    uint32_t slot = house_ask(
        &house, HTTP_PATCH, "/user/me", "{\"display_name\":\"Bob B.\",\"bio\":\"hi\"}", &identity);
    expect(slot, 200);
    slot = house_ask(&house, HTTP_GET, "/user/me", NULL, &identity);
    assert_true(fake_edge_member(slot, "display_name", text, sizeof(text)));
    assert_string_equal(text, "Bob B.");
    assert_null(strstr(fake_edge_answer(slot)->body, "hash"));
    slot = house_ask(&house, HTTP_PATCH, "/user/me", "{\"display_name\":null}", &identity);
    assert_true(fake_edge_member(slot, "display_name", text, sizeof(text)));
    assert_string_equal(text, "bob");
    assert_true(fake_edge_member(slot, "bio", text, sizeof(text)));
    slot = house_ask(&house, HTTP_GET, "/user?prefix=Bo", NULL, &identity);
    expect(slot, 200);
    assert_non_null(strstr(fake_edge_answer(slot)->body, "\"username\":\"bob\""));
    expect(house_ask(&house, HTTP_GET, "/user?prefix=b", NULL, &identity), 422);
    expect(house_ask(&house, HTTP_GET, "/user?prefix=bo&prefix=ab", NULL, &identity), 400);
    expect(
        house_ask(&house, HTTP_GET, "/user/00000000-0000-4000-8000-000000000000", NULL, &identity),
        404);
    house_deinit(&house);
}

static void a_wrong_id_or_parameter_is_named(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        int status;
        const char *field;
    } table[] = {{HTTP_GET, "/user/nobody", 422, "id"},
        {HTTP_GET, "/user/00000000-0000-4000-8000-00000000000A", 422, "id"},
        {HTTP_GET, "/user/00000000-0000-0000-0000-000000000000", 422, "id"},
        {HTTP_DELETE, "/user/me/devices/x", 422, "id"},
        {HTTP_GET, "/user/me/blocks/x", 422, "user"}, {HTTP_PUT, "/user/me/blocks/x", 422, "user"},
        {HTTP_DELETE, "/user/me/blocks/x", 422, "user"},
        {HTTP_GET, "/user?prefix=bo&limit=12345678901", 200, ""},
        {HTTP_GET, "/user?prefix=bo&limit=007", 422, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=0", 422, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=-1", 422, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=", 422, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=1&limit=1", 400, ""},
        {HTTP_GET, "/user?limit=1", 422, "prefix"}};
    struct house house;
    (void)state;
    house_init(&house);
    struct identity identity = house_identity(&house, sign_up_and_in(&house));
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint32_t slot = house_ask(&house, table[i].method, table[i].path, NULL, &identity);
        expect(slot, table[i].status);
        assert_string_equal(fake_edge_answer(slot)->field, table[i].field);
    }
    house_deinit(&house);
}

static void tickets_are_put_for_thirty_seconds(void **state)
{
    struct house house;
    char text[128];
    struct test_asker asker;
    struct sessions_ticket_op take = {0};
    (void)state;
    house_init(&house);
    struct identity identity = house_identity(&house, sign_up_and_in(&house));
    uint32_t slot = house_ask(&house, HTTP_POST, "/user/ticket", NULL, &identity);
    expect(slot, 201);
    assert_true(fake_edge_member(slot, "ticket", text, sizeof(text)));
    secrets_digest(house.deps.secrets, (struct cht_str){text, (uint32_t)strlen(text)},
        take.ticket.secret_hash);
    test_asker_init(&asker);
    sessions_ticket_take(house.deps.sessions, &asker.asker, &take);
    assert_true(test_loop_run_until_answered(&house.loop, &asker, 1));
    assert_int_equal(take.op.err, OK);
    assert_true(cht_id_equal(&take.ticket.user, &identity.user));
    house_deinit(&house);
}

static void a_deleted_account_is_nobody_s_any_more(void **state)
{
    struct house house;
    (void)state;
    house_init(&house);
    struct identity identity = house_identity(&house, sign_up_and_in(&house));
    expect(
        house_ask(&house, HTTP_DELETE, "/user/me", "{\"password\":\"wrong one\"}", &identity), 403);
    expect(house_ask(&house, HTTP_DELETE, "/user/me", "{" GOOD "}", &identity), 200);
    assert_int_equal(sessions_standing(house.deps.sessions, &identity), TOKEN_REVOKED);
    expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 401);
    expect(house_ask(&house, HTTP_POST, "/user/register", new_bob, NULL), 409);
    expect(house_ask(&house, HTTP_GET, "/user/me", NULL, &identity), 401);
    house_deinit(&house);
}

static void routes_that_need_a_token_need_one_here_too(void **state)
{
    static const char *const paths[] = {
        "/user/me", "/user/me/devices", "/user/me/blocks", "/user?prefix=bo"};
    struct house house;
    (void)state;
    house_init(&house);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        expect(house_ask(&house, HTTP_GET, paths[i], NULL, NULL), 401);
    }
    expect(house_ask(&house, HTTP_GET, "/user/nothing/here", NULL, NULL), 404);
    expect(house_ask(&house, HTTP_GET, "/.well-known/jwks.json", NULL, NULL), 200);
    house_deinit(&house);
}

struct pages {
    struct mail_handler handler;
    char body[4096];
    char field[64];
    uint64_t ref, error;
};

static void on_page(struct mail_handler *handler, struct buf *event)
{
    struct pages *pages = container_of(handler, struct pages, handler);
    struct cht_reply reply;
    uint64_t memory[64];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct cht_str bytes = {(char *)event->bytes, event->size};
    assert_true(cht_decode(&cht_row_reply, bytes, &scratch, &reply));
    pages->ref = reply.node_ref;
    pages->error = reply.error;
    snprintf(pages->body, sizeof(pages->body), "%.*s", (int)reply.body.size, reply.body.at);
    snprintf(pages->field, sizeof(pages->field), "%.*s", (int)reply.field.size, reply.field.at);
}

static bool has_page(void *context)
{
    return ((struct pages *)context)->ref != 0;
}

/* Asks like a socket node; the error of the reply. */
static uint64_t query(struct house *house, struct pages *pages, struct cht_command *command)
{
    command->node = house->deps.mail->node;
    command->node_ref = 77;
    struct buf *bytes = event_buf_encode(&cht_row_command, command);
    pages->ref = 0;
    mail_send(house->deps.mail, MAIL_WORK, command->node, bytes);
    buf_unref(bytes);
    assert_true(test_loop_run_until(&house->loop, has_page, pages));
    assert_int_equal(pages->ref, 77);
    return pages->error;
}

static void sockets_find_get_and_block_users_by_mail(void **state)
{
    struct house house;
    struct pages pages = {.handler = {on_page}};
    (void)state;
    house_init(&house);
    mail_open(house.deps.mail, MAIL_PAGES, &pages.handler, 64);
    struct identity me = house_identity(&house, sign_up_and_in(&house));
    struct cht_id ids[] = {me.user, {{9}}};
    struct cht_command get = {
        .type = cht_command_type_user_get, .author = me.user, .users = {ids, 2}};
    assert_int_equal(query(&house, &pages, &get), OK);
    assert_non_null(strstr(pages.body, "\"username\":\"bob\""));
    struct cht_command find = {
        .type = cht_command_type_user_find, .author = me.user, .prefix = {"BO", 2}};
    assert_int_equal(query(&house, &pages, &find), OK);
    assert_non_null(strstr(pages.body, "\"users\":[{"));
    find.prefix.size = 1;
    assert_int_equal(query(&house, &pages, &find), ERR_BAD_FIELD);
    assert_string_equal(pages.field, "prefix");
    struct cht_command block = {
        .type = cht_command_type_user_block, .author = me.user, .user = {{9}}, .on = true};
    assert_int_equal(query(&house, &pages, &block), ERR_NOT_FOUND);
    block.user = me.user;
    assert_int_equal(query(&house, &pages, &block), ERR_BAD_FIELD);
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = {"eve", "mallory", "trudy"};
        block.user = house_user(&house, names[i]).user;
        assert_int_equal(query(&house, &pages, &block), i < 2 ? OK : ERR_CONFLICT);
    }
    block.on = false;
    assert_int_equal(query(&house, &pages, &block), OK);
    house_deinit(&house);
}

static void questions_by_mail_are_bounded(void **state)
{
    static struct cht_id many[101];
    struct house house;
    struct pages pages = {.handler = {on_page}};
    (void)state;
    house_init(&house);
    mail_open(house.deps.mail, MAIL_PAGES, &pages.handler, 64);
    struct identity me = house_user(&house, "bob");
    (void)house_user(&house, "bobby");
    struct cht_command get = {.type = cht_command_type_user_get, .author = me.user};
    assert_int_equal(query(&house, &pages, &get), OK);
    assert_string_equal(pages.body, "\"users\":[]");
    for (size_t i = 0; i < 101; i++) {
        many[i].bytes[0] = (uint8_t)(i + 1);
    }
    get.users = (struct cht_ids){many, 101};
    assert_int_equal(query(&house, &pages, &get), ERR_BAD_FIELD);
    assert_string_equal(pages.field, "users");
    struct cht_command find = {
        .type = cht_command_type_user_find, .author = me.user, .prefix = {"bo", 2}, .limit = 1};
    assert_int_equal(query(&house, &pages, &find), OK);
    assert_null(strstr(pages.body, "bobby"));
    find.limit = 1000;
    assert_int_equal(query(&house, &pages, &find), OK);
    assert_non_null(strstr(pages.body, "bobby"));
    house.settings.calls_max = 0;
    assert_int_equal(query(&house, &pages, &find), ERR_OVERLOADED);
    expect(house_ask(&house, HTTP_GET, "/user/me", NULL, &me), 503);
    house_deinit(&house);
}

static void blocks_are_put_listed_and_dropped(void **state)
{
    struct house house;
    char path[96] = "/user/me/blocks/";
    (void)state;
    house_init(&house);
    struct identity me = house_identity(&house, sign_up_and_in(&house));
    uint32_t slot =
        house_ask(&house, HTTP_POST, "/user/register", "{\"username\":\"eve\"," GOOD "}", NULL);
    assert_true(fake_edge_member(slot, "id", path + strlen(path), 40));
    expect(house_ask(&house, HTTP_PUT, path, "{}", &me), 200);
    expect(house_ask(&house, HTTP_PUT, path, NULL, &me), 200);
    slot = house_ask(&house, HTTP_GET, "/user/me/blocks", NULL, &me);
    assert_non_null(strstr(fake_edge_answer(slot)->body, path + 16));
    assert_non_null(strstr(fake_edge_answer(slot)->body, "\"username\":\"eve\""));
    slot = house_ask(&house, HTTP_GET, path, NULL, &me);
    assert_non_null(strstr(fake_edge_answer(slot)->body, "\"blocked\":true"));
    expect(house_ask(&house, HTTP_DELETE, path, NULL, &me), 200);
    slot = house_ask(&house, HTTP_GET, "/user/me/blocks", NULL, &me);
    assert_non_null(strstr(fake_edge_answer(slot)->body, "\"blocks\":[]"));
    house_deinit(&house);
}

struct crier {
    struct cast_handler handler;
    uint32_t blocks, unblocks;
};

static void on_cry(struct cast_handler *handler, struct buf *event)
{
    struct crier *crier = container_of(handler, struct crier, handler);
    struct cht_scratch scratch = {0};
    struct cht_blocked blocked;
    struct cht_str bytes = event_buf_bytes(event);
    if (cht_event_number_of(bytes) == CHT_EVENT_blocked) {
        assert_true(cht_decode(&cht_row_blocked, bytes, &scratch, &blocked));
        crier->blocks += blocked.on;
        crier->unblocks += !blocked.on;
    }
}

static void everybody_is_told_of_a_block_and_of_its_end(void **state)
{
    struct house house;
    struct crier crier = {.handler = {.on_cast = on_cry}};
    char path[96] = "/user/me/blocks/";
    (void)state;
    house_init(&house);
    cast_listen(house.deps.cast, &crier.handler);
    struct identity me = house_identity(&house, sign_up_and_in(&house));
    uint32_t slot =
        house_ask(&house, HTTP_POST, "/user/register", "{\"username\":\"eve\"," GOOD "}", NULL);
    assert_true(fake_edge_member(slot, "id", path + strlen(path), 40));
    expect(house_ask(&house, HTTP_PUT, path, "{}", &me), 200);
    assert_int_equal(crier.blocks, 1);
    expect(house_ask(&house, HTTP_DELETE, path, NULL, &me), 200);
    assert_int_equal(crier.unblocks, 1);
    house_deinit(&house);
}

static void signing_out_everywhere_voids_every_device(void **state)
{
    struct house house;
    char token[128];
    (void)state;
    house_init(&house);
    uint32_t slot = sign_up_and_in(&house);
    struct identity me = house_identity(&house, slot);
    assert_true(fake_edge_member(slot, "refresh_token", token, sizeof(token)));
    expect(house_ask(&house, HTTP_POST, "/user/logout-all", NULL, &me), 200);
    assert_int_equal(sessions_standing(house.deps.sessions, &me), TOKEN_REVOKED);
    expect(refresh(&house, token), 401);
    expect(house_ask(&house, HTTP_POST, "/user/login", bob, NULL), 200);
    house_deinit(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_user_gets_an_account_and_joins_the_default_room),
        cmocka_unit_test(a_name_is_given_once_in_any_case),
        cmocka_unit_test(attempts_to_sign_up_count_also_where_the_name_is_taken),
        cmocka_unit_test(wrong_fields_are_named),
        cmocka_unit_test(a_wrong_password_and_an_unknown_name_look_and_cost_the_same),
        cmocka_unit_test(after_five_failures_the_right_password_waits_too),
        cmocka_unit_test(a_change_that_was_under_way_does_not_bring_a_revoked_device_back),
        cmocka_unit_test(one_address_may_sign_in_one_after_the_other_for_ever),
        cmocka_unit_test(a_user_who_asks_too_often_has_to_wait_and_nobody_else),
        cmocka_unit_test(a_full_pool_is_overloaded_and_counts_as_no_wrong_password),
        cmocka_unit_test(a_refresh_token_gives_the_same_successor_for_30_seconds),
        cmocka_unit_test(a_later_use_of_an_old_refresh_token_revokes_the_device),
        cmocka_unit_test(a_forged_refresh_token_revokes_nobody),
        cmocka_unit_test(a_logout_voids_the_device),
        cmocka_unit_test(a_known_device_is_used_again_and_a_surplus_one_goes),
        cmocka_unit_test(a_password_change_needs_the_old_one_and_voids_all_others),
        cmocka_unit_test(profiles_change_and_show_no_secret),
        cmocka_unit_test(a_wrong_id_or_parameter_is_named),
        cmocka_unit_test(tickets_are_put_for_thirty_seconds),
        cmocka_unit_test(a_deleted_account_is_nobody_s_any_more),
        cmocka_unit_test(routes_that_need_a_token_need_one_here_too),
        cmocka_unit_test(sockets_find_get_and_block_users_by_mail),
        cmocka_unit_test(questions_by_mail_are_bounded),
        cmocka_unit_test(blocks_are_put_listed_and_dropped),
        cmocka_unit_test(everybody_is_told_of_a_block_and_of_its_end),
        cmocka_unit_test(signing_out_everywhere_voids_every_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
