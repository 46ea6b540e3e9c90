/* Access tokens: everything that we would not have written is refused. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "base/base64url.h"
#include "secrets/jwt.h"
#include "secrets/token_key.h"

#define NOW_MS UINT64_C(1800000000000)
#define CLAIMS_HEAD                                                                                \
    "{\"sub\":\"11111111-1111-4111-8111-111111111111\",\"did\":\"22222222-2222-4222-8222-"         \
    "222222222222\",\"ver\":3,"
#define GOOD_CLAIMS                                                                                \
    CLAIMS_HEAD "\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\"}"

struct fixture {
    struct jwt_checker checker;
    struct token_key key;
    struct jwt_policy policy;
    uint32_t asked; /* how often a signature was checked */
};

static bool fits(struct jwt_checker *checker, struct cht_str kid, struct cht_str text,
    const uint8_t raw[JWT_SIGNATURE_SIZE])
{
    struct fixture *f = container_of(checker, struct fixture, checker);
    f->asked++;
    return cht_str_equal(kid, (struct cht_str){f->key.kid, TOKEN_KEY_ID_SIZE}) &&
           token_key_fits(&f->key, text, raw);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    memset(&fixture, 0, sizeof(fixture));
    fixture.checker.fits = fits;
    fixture.policy = (struct jwt_policy){"us", "them", 900000};
    *state = &fixture;
    return token_key_make(1, &fixture.key) == OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    token_key_deinit(&f->key);
    return 0;
}

/* A token with any header and claims, rightly signed. */
static size_t forge(struct fixture *f, const char *header, const char *claims, char ret_token[8192])
{
    uint8_t raw[JWT_SIGNATURE_SIZE];
    size_t used = base64url_write(header, strlen(header), ret_token);
    ret_token[used++] = '.';
    used += base64url_write(claims, strlen(claims), ret_token + used);
    token_key_sign(&f->key, (struct cht_str){ret_token, (uint32_t)used}, raw);
    ret_token[used++] = '.';
    used += base64url_write(raw, sizeof(raw), ret_token + used);
    ret_token[used] = '\0';
    return used;
}

static enum err read_bytes(struct fixture *f, const char *token, size_t size)
{
    struct identity identity;
    struct jwt_question question = {&f->checker, &f->policy, NOW_MS, {token, (uint32_t)size}};
    return jwt_read(&question, &identity);
}

static enum err read_forged(struct fixture *f, const char *header, const char *claims)
{
    char token[8192];
    return read_bytes(f, token, forge(f, header, claims, token));
}

static const char *good_header(struct fixture *f)
{
    static char header[128];
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
        f->key.kid);
    return header;
}

static void what_is_written_is_read(void **state)
{
    struct fixture *f = *state;
    char token[8192];
    uint8_t raw[JWT_SIGNATURE_SIZE];
    struct identity read;
    struct identity identity = {.user = {{1}},
        .device = {{2}},
        .token_version = 7,
        .issued_at = NOW_MS,
        .expires_at = NOW_MS + 900000};
    struct jwt_write write = {&f->policy, &identity, {f->key.kid, TOKEN_KEY_ID_SIZE}};
    size_t used = jwt_write_unsigned(&write, token, sizeof(token));
    token_key_sign(&f->key, (struct cht_str){token, (uint32_t)used}, raw);
    token[used++] = '.';
    used += base64url_write(raw, sizeof(raw), token + used);
    struct jwt_question question = {&f->checker, &f->policy, NOW_MS, {token, (uint32_t)used}};
    assert_int_equal(jwt_read(&question, &read), OK);
    assert_memory_equal(&read, &identity, sizeof(read));
    question.now_ms = NOW_MS + 900000;
    assert_int_equal(jwt_read(&question, &read), ERR_STALE);
}

static void every_other_algorithm_is_refused_before_a_key_is_touched(void **state)
{
    static const char *const algorithms[] = {"none", "None", "NONE", "nOnE", "", "HS256", "HS384",
        "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES384", "ES512", "ES256K",
        "es256", "Es256", "ES256 ", "EdDSA", "dir", "A128KW"};
    static const char *const forms[] = {"{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
        "{\"typ\":\"at+jwt\",\"kid\":\"%2$s\",\"alg\":\"%1$s\"}",
        "{\"alg\":\"%s\",\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%2$s\",\"typ\":\"at+jwt\",\"alg\":\"%1$s\"}",
        "{\"alg\":\"ES256\",\"\\u0061lg\":\"%s\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}"};
    struct fixture *f = *state;
    char header[256];
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
        for (size_t form = 0; form < sizeof(forms) / sizeof(forms[0]); form++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(header, sizeof(header), forms[form], algorithms[i], f->key.kid);
#pragma GCC diagnostic pop
            if (read_forged(f, header, GOOD_CLAIMS) != ERR_UNAUTHORIZED) {
                fail_msg("%s", header);
            }
        }
    }
    assert_int_equal(f->asked, 0);
    assert_int_equal(read_forged(f, good_header(f), GOOD_CLAIMS), OK);
}

static void headers_have_three_members_and_no_more(void **state)
{
    static const char *const forms[] = {"{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\"}", "{\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"rt+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"jku\":\"https://x/\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"jwk\":{}}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"x5c\":[]}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\",\"b64\":false}",
        "{\"alg\":\"ES256\",\"kid\":\"../%s\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":null,\"typ\":\"at+jwt\"}",
        "{\"alg\":[\"ES256\"],\"kid\":\"%s\",\"typ\":\"at+jwt\"}", "[]", "\"x\"", "{}", " ",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}x"};
    struct fixture *f = *state;
    char header[256];
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        snprintf(header, sizeof(header), forms[i], f->key.kid);
#pragma GCC diagnostic pop
        if (read_forged(f, header, GOOD_CLAIMS) != ERR_UNAUTHORIZED) {
            fail_msg("%s", header);
        }
    }
}

static void claims_are_whole_and_of_their_types(void **state)
{
    static const struct {
        const char *rest;
        enum err err;
    } table[] = {{"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\"}", OK},
        {"\"iat\":1800000060,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\"}", OK},
        {"\"iat\":1800000061,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1799999100,\"exp\":1800000000,\"iss\":\"us\",\"aud\":\"them\"}", ERR_STALE},
        {"\"iat\":1800000000,\"exp\":1800000901,\"iss\":\"us\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000000,\"iss\":\"us\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":\"1800000900\",\"iss\":\"us\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900.0,\"iss\":\"us\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":18e8,\"iss\":\"us\",\"aud\":\"them\"}", ERR_UNAUTHORIZED},
        {"\"iat\":-1,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\"}", ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":99999999999999999999,\"iss\":\"us\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":9007199254740991,\"iss\":\"us\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900,\"exp\":1800000800,\"iss\":\"us\",\"aud\":"
         "\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"US\",\"aud\":\"them\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\",\"aud\":[\"them\"]}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them2\"}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\"}", ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"iss\":\"us\",\"aud\":\"them\"}", ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\",\"nbf\":"
         "1800000060}",
            OK},
        {"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\",\"nbf\":"
         "1800000061}",
            ERR_UNAUTHORIZED},
        {"\"iat\":1800000000,\"exp\":1800000900,\"iss\":\"us\",\"aud\":\"them\",\"nbf\":\"0\"}",
            ERR_UNAUTHORIZED}};
    struct fixture *f = *state;
    char claims[512];
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        snprintf(claims, sizeof(claims), "%s%s", CLAIMS_HEAD, table[i].rest);
        if (read_forged(f, good_header(f), claims) != table[i].err) {
            fail_msg("%s", claims);
        }
    }
}

static void a_changed_or_shortened_token_is_refused(void **state)
{
    struct fixture *f = *state;
    char token[8192], changed[8192];
    size_t size = forge(f, good_header(f), GOOD_CLAIMS, token);
    for (size_t i = 0; i < size; i++) {
        memcpy(changed, token, size);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_int_equal(read_bytes(f, changed, size), ERR_UNAUTHORIZED);
        assert_int_equal(read_bytes(f, token, i), ERR_UNAUTHORIZED);
    }
    static const char *const tails[] = {"=", "==", ".", " ", "\n", "A", ".AAAA"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        size_t more = (size_t)snprintf(changed, sizeof(changed), "%s%s", token, tails[i]);
        assert_int_equal(read_bytes(f, changed, more), ERR_UNAUTHORIZED);
    }
    assert_int_equal(read_bytes(f, "..", 2), ERR_UNAUTHORIZED);
    memset(changed, 'A', sizeof(changed));
    assert_int_equal(read_bytes(f, changed, TOKEN_BYTES_MAX + 1), ERR_UNAUTHORIZED);
}

/* The order of the group of P-256, in which a signature may also have the negative of its s. */
static void negate(uint8_t s[32])
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca,
        0xc2, 0xfc, 0x63, 0x25, 0x51};
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - s[i] - borrow;
        borrow = digit < 0;
        s[i] = (uint8_t)digit;
    }
}

static void the_second_text_of_a_token_says_the_same(void **state)
{
    struct fixture *f = *state;
    char token[8192];
    uint8_t raw[JWT_SIGNATURE_SIZE];
    struct identity first, second;
    size_t size = forge(f, good_header(f), GOOD_CLAIMS, token);
    struct jwt_question question = {&f->checker, &f->policy, NOW_MS, {token, (uint32_t)size}};
    assert_int_equal(jwt_read(&question, &first), OK);
    size_t signature = base64url_size(sizeof(raw)), used = 0;
    struct cht_str text = {token + size - signature, (uint32_t)signature};
    assert_true(base64url_read(text, raw, sizeof(raw), &used));
    negate(raw + 32);
    base64url_write(raw, sizeof(raw), token + size - signature);
    assert_int_equal(jwt_read(&question, &second), OK);
    assert_memory_equal(&first, &second, sizeof(first));
    question.now_ms = first.expires_at;
    assert_int_equal(jwt_read(&question, &second), ERR_STALE);
}

static void another_key_signs_nothing_of_ours(void **state)
{
    struct fixture *f = *state;
    struct token_key other, own = f->key;
    char token[8192];
    assert_int_equal(token_key_make(2, &other), OK);
    memcpy(other.kid, own.kid, sizeof(own.kid));
    f->key = other;
    size_t size = forge(f, good_header(f), GOOD_CLAIMS, token);
    f->key = own;
    assert_int_equal(read_bytes(f, token, size), ERR_UNAUTHORIZED);
    token_key_deinit(&other);
}

static void base64url_has_one_text_for_one_value(void **state)
{
    uint8_t bytes[8];
    size_t size = 0;
    (void)state;
    assert_true(base64url_read((struct cht_str){"-_8", 3}, bytes, sizeof(bytes), &size));
    assert_int_equal(size, 2);
    static const char *const bad[] = {
        "A", "AB", "-_9", "AA==", "A+/A", "AA A", "AA\n", "AAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct cht_str text = {bad[i], (uint32_t)strlen(bad[i])};
        assert_false(base64url_read(text, bytes, sizeof(bytes), &size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            every_other_algorithm_is_refused_before_a_key_is_touched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(headers_have_three_members_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(claims_are_whole_and_of_their_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_changed_or_shortened_token_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_second_text_of_a_token_says_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_key_signs_nothing_of_ours, set_up, tear_down),
        cmocka_unit_test(base64url_has_one_text_for_one_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
