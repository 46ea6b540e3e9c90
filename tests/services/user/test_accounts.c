/* Accounts and devices over their life: signed in again, full, closed, given up. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "house.h"

#define BOB "{\"username\":\"bob\",\"password\":\"" HOUSE_PASSWORD "\""
#define DAY_MS UINT64_C(86400000)

static struct house house;

static int open_house(void **state)
{
    (void)state;
    house_init(&house);
    return 0;
}

static int close_house(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static const struct fake_answer *ask(
    enum http_method method, const char *path, const char *body, const struct identity *who)
{
    return fake_edge_answer(house_ask(&house, method, path, body, who));
}

static const char *path_of(const char *before, const struct cht_id *id)
{
    static char path[96];
    char text[CHT_ID_TEXT_SIZE + 1] = {0};
    cht_id_to_text(id, text);
    snprintf(path, sizeof(path), "%s%s", before, text);
    return path;
}

/* Whoever is no user any more can do nothing, wherever they ask. */
static void a_deleted_user_is_refused_on_every_route(void **state)
{
    static const struct {
        enum http_method method;
        const char *path, *body;
    } routes[] = {
        {HTTP_GET, "/user/me", NULL},
        {HTTP_PATCH, "/user/me", "{\"bio\":\"still here\"}"},
        {HTTP_PUT, "/user/me/password",
            "{\"old_password\":\"" HOUSE_PASSWORD "\",\"new_password\":\"orange bicycle\"}"},
        {HTTP_DELETE, "/user/me", "{\"password\":\"" HOUSE_PASSWORD "\"}"},
        {HTTP_POST, "/user/login", BOB "}"},
    };
    char token[128], body[256];
    (void)state;
    (void)house_user(&house, "bob");
    uint32_t slot = house_ask(&house, HTTP_POST, "/user/login", BOB "}", NULL);
    struct identity bob = house_identity(&house, slot);
    assert_true(fake_edge_member(slot, "refresh_token", token, sizeof(token)));
    assert_int_equal(ask(HTTP_DELETE, routes[3].path, routes[3].body, &bob)->status, 200);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (ask(routes[i].method, routes[i].path, routes[i].body, &bob)->status != 401) {
            fail_msg("%s is open", routes[i].path);
        }
    }
    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", token);
    assert_int_equal(ask(HTTP_POST, "/user/refresh", body, NULL)->status, 401);
}

static void a_deleted_user_is_shown_as_one_and_by_no_name(void **state)
{
    (void)state;
    struct identity bob = house_user(&house, "bob");
    struct identity eve = house_user(&house, "eve");
    assert_int_equal(ask(HTTP_PATCH, "/user/me", "{\"bio\":\"my life\"}", &eve)->status, 200);
    assert_int_equal(
        ask(HTTP_PUT, path_of("/user/me/blocks/", &eve.user), NULL, &bob)->status, 200);
    assert_int_equal(
        ask(HTTP_DELETE, "/user/me", "{\"password\":\"" HOUSE_PASSWORD "\"}", &eve)->status, 200);
    const char *shown = ask(HTTP_GET, path_of("/user/", &eve.user), NULL, &bob)->body;
    assert_non_null(strstr(shown, "\"display_name\":\"Deleted user\""));
    assert_non_null(strstr(shown, "\"deleted\":true"));
    assert_null(strstr(shown, "eve"));
    assert_null(strstr(shown, "my life"));
    const char *blocked = ask(HTTP_GET, "/user/me/blocks", NULL, &bob)->body;
    assert_non_null(strstr(blocked, "\"display_name\":\"Deleted user\""));
    assert_null(strstr(blocked, "eve"));
}

static void blocks_have_an_end_and_never_mean_oneself_or_nobody(void **state)
{
    static const struct cht_id nobody = {{9}};
    static const char *const names[] = {"eve", "mallory", "trudy"};
    (void)state;
    struct identity bob = house_user(&house, "bob");
    const struct fake_answer *own =
        ask(HTTP_PUT, path_of("/user/me/blocks/", &bob.user), NULL, &bob);
    assert_int_equal(own->status, 422);
    assert_string_equal(own->field, "user");
    assert_int_equal(ask(HTTP_PUT, path_of("/user/me/blocks/", &nobody), NULL, &bob)->status, 404);
    for (int i = 0; i < 3; i++) {
        struct identity other = house_user(&house, names[i]);
        assert_int_equal(
            ask(HTTP_PUT, path_of("/user/me/blocks/", &other.user), NULL, &bob)->status,
            i < 2 ? 200 : 409);
    }
}

static void a_bio_is_cleared_by_null(void **state)
{
    (void)state;
    struct identity bob = house_user(&house, "bob");
    assert_non_null(
        strstr(ask(HTTP_PATCH, "/user/me", "{\"bio\":\"hi\"}", &bob)->body, "\"bio\":\"hi\""));
    assert_null(strstr(ask(HTTP_PATCH, "/user/me", "{\"bio\":null}", &bob)->body, "\"bio\""));
}

static void devices_are_listed_until_they_are_signed_out(void **state)
{
    char id[64];
    (void)state;
    struct identity bob = house_user(&house, "bob");
    struct identity phone = house_identity(&house,
        house_ask(&house, HTTP_POST, "/user/login", BOB ",\"device\":{\"name\":\"phone\"}}", NULL));
    cht_id_to_text(&phone.device, id);
    id[CHT_ID_TEXT_SIZE] = '\0';
    const char *both = ask(HTTP_GET, "/user/me/devices", NULL, &bob)->body;
    assert_non_null(strstr(both, id));
    assert_non_null(strstr(both, "\"name\":\"phone\""));
    assert_non_null(strstr(both, "\"current\":true"));
    const char *path = path_of("/user/me/devices/", &phone.device);
    assert_int_equal(ask(HTTP_DELETE, path, NULL, &bob)->status, 200);
    assert_int_equal(ask(HTTP_DELETE, path, NULL, &bob)->status, 404);
    assert_null(strstr(ask(HTTP_GET, "/user/me/devices", NULL, &bob)->body, id));
    assert_int_equal(sessions_standing(house.deps.sessions, &phone), TOKEN_REVOKED);
    assert_int_equal(sessions_standing(house.deps.sessions, &bob), TOKEN_GOOD);
}

static void a_device_that_was_signed_out_comes_back_as_another(void **state)
{
    char body[256], id[64] = {0};
    (void)state;
    struct identity bob = house_user(&house, "bob");
    assert_int_equal(ask(HTTP_POST, "/user/logout", NULL, &bob)->status, 200);
    cht_id_to_text(&bob.device, id);
    snprintf(body, sizeof(body), BOB ",\"device\":{\"id\":\"%s\",\"name\":\"phone\"}}", id);
    struct identity again =
        house_identity(&house, house_ask(&house, HTTP_POST, "/user/login", body, NULL));
    assert_false(cht_id_equal(&again.device, &bob.device));
    assert_int_equal(sessions_standing(house.deps.sessions, &again), TOKEN_GOOD);
}

static void a_device_that_stays_away_too_long_signs_in_again(void **state)
{
    char token[128], body[256];
    (void)state;
    (void)house_user(&house, "bob");
    uint32_t slot = house_ask(&house, HTTP_POST, "/user/login", BOB "}", NULL);
    assert_true(fake_edge_member(slot, "refresh_token", token, sizeof(token)));
    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", token);
    house.settings.refresh_days = 1;
    test_loop_advance(&house.loop, DAY_MS + 1);
    assert_int_equal(ask(HTTP_POST, "/user/refresh", body, NULL)->status, 401);
    house.settings.refresh_days = 2;
    assert_int_equal(ask(HTTP_POST, "/user/refresh", body, NULL)->status, 200);
}

/* The account of that id as the store has it; its texts are `get`'s. */
static struct user stored(struct users_get_op *get, const struct cht_id *id)
{
    struct test_asker asker;
    test_asker_init(&asker);
    get->ids = id;
    get->id_count = 1;
    users_get(house.deps.users, &asker.asker, get);
    assert_true(test_loop_run_until_answered(&house.loop, &asker, 1));
    assert_int_equal(get->count, 1);
    return get->users[0];
}

static void store_hash(const struct cht_id *id, const char *hash)
{
    struct users_get_op get = {0};
    struct users_change_op change = {.user = stored(&get, id)};
    struct test_asker asker;
    test_asker_init(&asker);
    change.user.password_hash = (struct cht_str){hash, (uint32_t)strlen(hash)};
    users_change(house.deps.users, &asker.asker, &change);
    assert_true(test_loop_run_until_answered(&house.loop, &asker, 1));
    assert_int_equal(asker.last, OK);
    arena_deinit(&get.arena);
}

static bool is_argon2id(const struct cht_id *id)
{
    struct users_get_op get = {0};
    struct cht_str hash = stored(&get, id).password_hash;
    bool is = hash.size > 10 && memcmp(hash.at, "$argon2id$", 10) == 0;
    arena_deinit(&get.arena);
    return is;
}

/* Of HOUSE_PASSWORD, by bcrypt. */
#define OLD_HASH "$2b$04$abcdefghijklmnopqrstuuDsh6PH4hPjAV59chwygPj5nLcFhdrkm"

static void an_outdated_hash_is_made_anew_by_the_next_sign_in(void **state)
{
    (void)state;
    struct identity bob = house_user(&house, "bob");
    store_hash(&bob.user, OLD_HASH);
    const char *wrong = "{\"username\":\"bob\",\"password\":\"violet staircases\"}";
    assert_int_equal(ask(HTTP_POST, "/user/login", wrong, NULL)->status, 401);
    assert_false(is_argon2id(&bob.user));
    assert_int_equal(ask(HTTP_POST, "/user/login", BOB "}", NULL)->status, 200);
    assert_true(is_argon2id(&bob.user));
    uint32_t hashes = house.hashes;
    assert_int_equal(ask(HTTP_POST, "/user/login", BOB "}", NULL)->status, 200);
    assert_int_equal(house.hashes, hashes + 1);
}

static void by_name_away(struct users *users, struct users_by_name_op *op)
{
    (void)users;
    op_answer_later(&op->op, &house.loop.loop, ERR_UNAVAILABLE);
}

static void a_store_that_is_away_is_told_and_counts_as_no_wrong_password(void **state)
{
    (void)state;
    (void)house_user(&house, "bob");
    const struct users_ops *there = house.deps.users->ops;
    struct users_ops away = *there;
    away.by_name = by_name_away;
    house.deps.users->ops = &away;
    for (uint64_t i = 0; i <= house.settings.login_failures; i++) {
        assert_int_equal(ask(HTTP_POST, "/user/login", BOB "}", NULL)->status, 503);
    }
    house.deps.users->ops = there;
    assert_int_equal(ask(HTTP_POST, "/user/login", BOB "}", NULL)->status, 200);
}

static void a_new_password_that_is_refused_is_no_wrong_old_one(void **state)
{
    static const char common[] =
        "{\"old_password\":\"" HOUSE_PASSWORD "\",\"new_password\":\"password123\"}";
    static const char good[] =
        "{\"old_password\":\"" HOUSE_PASSWORD "\",\"new_password\":\"orange bicycle\"}";
    (void)state;
    struct identity bob = house_user(&house, "bob");
    for (uint64_t i = 0; i <= house.settings.login_failures; i++) {
        assert_int_equal(ask(HTTP_PUT, "/user/me/password", common, &bob)->status, 422);
    }
    assert_int_equal(ask(HTTP_PUT, "/user/me/password", good, &bob)->status, 200);
}

static void a_house_without_registration_takes_no_strangers(void **state)
{
    (void)state;
    (void)house_user(&house, "bob");
    house.settings.registration = false;
    const struct fake_answer *stranger = ask(HTTP_POST, "/user/register",
        "{\"username\":\"eve\",\"password\":\"" HOUSE_PASSWORD "\"}", NULL);
    assert_int_equal(stranger->status, 403);
    assert_int_equal(ask(HTTP_POST, "/user/login", BOB "}", NULL)->status, 200);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_house, close_house)
    const struct CMUnitTest tests[] = {
        TEST(a_deleted_user_is_refused_on_every_route),
        TEST(a_deleted_user_is_shown_as_one_and_by_no_name),
        TEST(blocks_have_an_end_and_never_mean_oneself_or_nobody),
        TEST(a_bio_is_cleared_by_null),
        TEST(devices_are_listed_until_they_are_signed_out),
        TEST(a_device_that_was_signed_out_comes_back_as_another),
        TEST(a_device_that_stays_away_too_long_signs_in_again),
        TEST(an_outdated_hash_is_made_anew_by_the_next_sign_in),
        TEST(a_store_that_is_away_is_told_and_counts_as_no_wrong_password),
        TEST(a_new_password_that_is_refused_is_no_wrong_old_one),
        TEST(a_house_without_registration_takes_no_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
