/* The cache of verified tokens: what was put is found under the same keys, and it never fills up.
 */

#include "test.h"

#include <string.h>

#include "secrets/token_cache.h"

static void digest_of(uint32_t number, uint8_t ret_digest[32])
{
    memset(ret_digest, 0, 32);
    memcpy(ret_digest, &number, sizeof(number));
}

static struct identity identity_of(uint64_t number)
{
    return (struct identity){.token_version = number, .expires_at = 1};
}

static void a_token_is_found_while_the_keys_are_the_same(void **state)
{
    (void)state;
    struct token_cache cache;
    struct identity found, put = identity_of(7);
    uint8_t one[32], other[32];
    digest_of(3, one);
    digest_of(3, other);
    other[31] = 1; /* the same place */
    token_cache_init(&cache);
    assert_false(token_cache_find(&cache, one, 1, &found));
    token_cache_put(&cache, one, 1, &put);
    assert_true(token_cache_find(&cache, one, 1, &found));
    assert_int_equal(found.token_version, 7);
    assert_false(token_cache_find(&cache, one, 2, &found));
    assert_false(token_cache_find(&cache, other, 1, &found));
    token_cache_deinit(&cache);
}

static void a_new_token_takes_the_place_of_an_old_one(void **state)
{
    (void)state;
    struct token_cache cache;
    struct identity found;
    uint8_t digest[32];
    token_cache_init(&cache);
    for (uint32_t i = 0; i < 3 * TOKEN_CACHE_ROWS; i++) {
        struct identity put = identity_of(i);
        digest_of(i, digest);
        token_cache_put(&cache, digest, 1, &put);
    }
    assert_int_equal(cache.used, TOKEN_CACHE_ROWS);
    for (uint32_t i = 0; i < 3 * TOKEN_CACHE_ROWS; i++) {
        digest_of(i, digest);
        bool newest = i >= 2 * TOKEN_CACHE_ROWS;
        assert_int_equal(token_cache_find(&cache, digest, 1, &found), newest);
        assert_true(!newest || found.token_version == i);
    }
    token_cache_deinit(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_while_the_keys_are_the_same),
        cmocka_unit_test(a_new_token_takes_the_place_of_an_old_one),
    };
    return cmocka_run_group_tests_name("token_cache", tests, NULL, NULL);
}
