/* A few are shown as typing, the others when there is a place. */

#include "test.h"

#include "base/mem.h"
#include "chat/typists.h"

#define NOW UINT64_C(100000)
#define LONG 6000 /* how long one is shown */
#define AGAIN (NOW + TYPISTS_AGAIN_MS)

static struct typists *typists;

static struct cht_id user(uint16_t number)
{
    return (struct cht_id){.bytes = {1, (uint8_t)number}};
}

static bool types(uint16_t number, uint64_t until_ms, uint64_t now_ms)
{
    struct cht_id id = user(number);
    return typists_note(&typists, &id, until_ms, now_ms);
}

static void fill(void)
{
    for (uint16_t i = 0; i < TYPISTS_MAX; i++) {
        assert_true(types(i, NOW + LONG, NOW));
    }
}

static int forget(void **state)
{
    (void)state;
    mem_free(typists);
    typists = NULL;
    return 0;
}

static void nobody_more_is_shown_while_all_places_are_taken(void **state)
{
    (void)state;
    fill();
    assert_false(types(TYPISTS_MAX, AGAIN + LONG, AGAIN));
    assert_false(types(TYPISTS_MAX, 0, AGAIN));
    assert_true(types(0, AGAIN + LONG, AGAIN));
}

static void who_stops_makes_place(void **state)
{
    (void)state;
    fill();
    assert_true(types(2, 0, NOW));
    assert_false(types(2, 0, NOW));
    assert_true(types(TYPISTS_MAX, NOW + LONG, NOW));
    assert_false(types(2, AGAIN + LONG, AGAIN));
}

static void who_says_nothing_for_long_makes_place(void **state)
{
    (void)state;
    fill();
    assert_true(types(0, AGAIN + LONG, AGAIN));
    assert_false(types(TYPISTS_MAX, NOW + 2 * LONG, NOW + LONG - 1));
    assert_true(types(TYPISTS_MAX, NOW + 2 * LONG, NOW + LONG));
    assert_true(types(0, 0, NOW + LONG));
}

/* On as many connections as it may be, in turns with other rooms, stopping in between. */
static void nobody_is_shown_again_before_a_while(void **state)
{
    (void)state;
    assert_true(types(1, NOW + LONG, NOW));
    for (uint64_t now = NOW; now < AGAIN; now += 20) {
        assert_false(types(1, now + LONG, now));
    }
    assert_true(types(1, AGAIN + LONG, AGAIN));
    assert_true(types(1, 0, AGAIN));
    for (uint64_t now = AGAIN; now < AGAIN + TYPISTS_AGAIN_MS; now += 20) {
        assert_false(types(1, now + LONG, now));
        assert_false(types(1, 0, now));
    }
    assert_true(types(2, AGAIN + LONG, AGAIN)); /* others have their places first */
    assert_false(types(1, AGAIN + LONG, AGAIN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(nobody_more_is_shown_while_all_places_are_taken, forget),
        cmocka_unit_test_teardown(who_stops_makes_place, forget),
        cmocka_unit_test_teardown(nobody_is_shown_again_before_a_while, forget),
        cmocka_unit_test_teardown(who_says_nothing_for_long_makes_place, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
