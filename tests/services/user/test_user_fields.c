/* What requests bring: every field that is not there, of another type or out of its bounds is
 * refused by its name, on every route that takes it. */

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "house.h"
#include "user/password_rules.h"

#define GOOD "\"password\":\"violet staircase\""
#define SIXTY_FIVE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct house house;
static struct identity me;

static int sign_up_and_in(void **state)
{
    (void)state;
    house_init(&house);
    me = house_user(&house, "bob");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    house_deinit(&house);
    return 0;
}

static const struct fake_answer *ask(enum http_method method, const char *path, const char *body)
{
    return fake_edge_answer(house_ask(&house, method, path, body, &me));
}

struct wrong {
    enum http_method method;
    const char *path, *body, *field;
};

static void expect_refused(const struct wrong *wrong)
{
    const struct fake_answer *answer = ask(wrong->method, wrong->path, wrong->body);
    if (answer->status != 422 || strcmp(answer->field, wrong->field) != 0) {
        fail_msg("%s %s: %d %s", wrong->path, wrong->body ? wrong->body : "", answer->status,
            answer->field);
    }
}

#define LOGIN HTTP_POST, "/user/login"
#define OF_BOB(device) "{\"username\":\"bob\"," GOOD ",\"device\":" device "}"

static void each_wrong_field_is_refused_by_its_name(void **state)
{
    static const struct wrong table[] = {
        {LOGIN, "{}", "username"},
        {LOGIN, "{\"username\":null," GOOD "}", "username"},
        {LOGIN, "{\"username\":[\"bob\"]," GOOD "}", "username"},
        {LOGIN, "{\"username\":\"bob\"}", "password"},
        {LOGIN, "{\"username\":\"bob\",\"password\":\"\"}", "password"},
        {LOGIN, "{\"username\":\"bob\",\"password\":{\"$gt\":\"\"}}", "password"},
        {LOGIN, OF_BOB("\"laptop\""), "device"},
        {LOGIN, OF_BOB("{\"id\":\"x\"}"), "device.id"},
        {LOGIN, OF_BOB("{\"id\":7}"), "device.id"},
        {LOGIN, OF_BOB("{\"id\":null,\"name\":7}"), "device.name"},
        {LOGIN, OF_BOB("{\"name\":\"\\u202e\"}"), "device.name"},
        {LOGIN, OF_BOB("{\"name\":\"" SIXTY_FIVE "\"}"), "device.name"},
        {HTTP_POST, "/user/refresh", "{}", "refresh_token"},
        {HTTP_POST, "/user/refresh", "{\"refresh_token\":7}", "refresh_token"},
        {HTTP_PATCH, "/user/me", "{\"display_name\":7}", "display_name"},
        {HTTP_PATCH, "/user/me", "{\"display_name\":\"\"}", "display_name"},
        {HTTP_PATCH, "/user/me", "{\"display_name\":\"" SIXTY_FIVE "\"}", "display_name"},
        {HTTP_PATCH, "/user/me", "{\"bio\":[]}", "bio"},
        {HTTP_PATCH, "/user/me", "{\"bio\":\"\\u0007\"}", "bio"},
        {HTTP_PUT, "/user/me/password", "{\"new_password\":\"orange bicycle\"}", "old_password"},
        {HTTP_PUT, "/user/me/password", "{\"old_password\":\"violet staircase\"}", "new_password"},
        {HTTP_PUT, "/user/me/password",
            "{\"old_password\":\"violet staircase\",\"new_password\":\"short\"}", "new_password"},
        {HTTP_DELETE, "/user/me", "{}", "password"},
        {HTTP_DELETE, "/user/me", "{\"password\":true}", "password"},
        {HTTP_GET, "/user", NULL, "prefix"},
        {HTTP_GET, "/user?prefix=", NULL, "prefix"},
        {HTTP_GET, "/user?prefix=" SIXTY_FIVE, NULL, "prefix"},
        {HTTP_GET, "/user?prefix=bo&limit=", NULL, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=0", NULL, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=-1", NULL, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=1%3a", NULL, "limit"},
        {HTTP_GET, "/user?prefix=bo&limit=9007199254740992", NULL, "limit"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        expect_refused(&table[i]);
    }
}

/* Hashing takes the longer the more there is; nothing above the longest password gets that far. */
static void a_password_above_the_longest_costs_no_hash(void **state)
{
    static const struct {
        struct wrong request;
        const char *rest;
    } table[] = {
        {{LOGIN, "{\"username\":\"bob\",\"password\":\"", "password"}, "\"}"},
        {{HTTP_PUT, "/user/me/password", "{\"old_password\":\"", "old_password"},
            "\",\"new_password\":\"orange bicycle\"}"},
        {{HTTP_DELETE, "/user/me", "{\"password\":\"", "password"}, "\"}"},
    };
    static char password[PASSWORD_BYTES_MAX + 2], body[sizeof(password) + 100];
    (void)state;
    memset(password, 'a', sizeof(password) - 1);
    uint32_t before = house.hashes;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct wrong wrong = table[i].request;
        snprintf(body, sizeof(body), "%s%s%s", wrong.body, password, table[i].rest);
        wrong.body = body;
        expect_refused(&wrong);
    }
    assert_int_equal(house.hashes, before);
}

static void a_parameter_that_is_there_twice_or_does_not_decode_is_no_request(void **state)
{
    static const char *const paths[] = {"/user?prefix=bo&prefix=bo", "/user?prefix=%zz",
        "/user?prefix=bo%00", "/user?prefix=%ff%ff", "/user?prefix=bo&limit=1&limit=1"};
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(ask(HTTP_GET, paths[i], NULL)->status, 400);
    }
}

static void users_are_found_by_an_escaped_beginning_as_many_as_asked_for(void **state)
{
    (void)state;
    (void)house_user(&house, "bobby");
    const char *one = ask(HTTP_GET, "/user?prefix=%42o&limit=1", NULL)->body;
    assert_non_null(strstr(one, "\"username\":\"bob\""));
    assert_null(strstr(one, "\"username\":\"bobby\""));
    const char *two = ask(HTTP_GET, "/user?&x=y&prefix=bo&limit=999999999", NULL)->body;
    assert_non_null(strstr(two, "\"username\":\"bobby\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_field_is_refused_by_its_name),
        cmocka_unit_test(a_password_above_the_longest_costs_no_hash),
        cmocka_unit_test(a_parameter_that_is_there_twice_or_does_not_decode_is_no_request),
        cmocka_unit_test(users_are_found_by_an_escaped_beginning_as_many_as_asked_for),
    };
    return cmocka_run_group_tests(tests, sign_up_and_in, leave);
}
