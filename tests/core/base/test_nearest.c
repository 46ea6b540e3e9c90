/* Nearest: edits counted, and the word that was meant. */

#include "test.h"

#include "base/nearest.h"

#include <string.h>

static void edits_are_counted_the_same_from_both_sides(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        uint32_t edits;
    } rows[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"port", "port", 0},
        {"prot", "port", 2},
        {"por", "port", 1},
        {"ports", "port", 1},
        {"pert", "port", 1},
        {"limits.inflight", "limits.in_flight", 1},
        {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(nearest_edits(rows[i].a, rows[i].b), rows[i].edits);
        assert_int_equal(nearest_edits(rows[i].b, rows[i].a), rows[i].edits);
    }
}

static void the_first_of_the_nearest_is_the_one_that_was_meant(void **state)
{
    (void)state;
    static const char *const words[] = {"data.dir", "server.host", "server.port", "server.fort"};
    struct nearest nearest = {.typed = "server.prt"};
    const char *meant = NULL;
    for (size_t i = 0; i < 4; i++) {
        meant = nearest_try(&nearest, words[i]) ? words[i] : meant;
    }
    assert_string_equal(meant, "server.port");
}

static void what_is_far_from_all_is_near_to_none(void **state)
{
    (void)state;
    char endless[300];
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = 0;
    struct nearest nearest = {.typed = endless};
    assert_false(nearest_try(&nearest, endless));
    nearest = (struct nearest){.typed = "binary"};
    assert_false(nearest_try(&nearest, "data.dir"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edits_are_counted_the_same_from_both_sides),
        cmocka_unit_test(the_first_of_the_nearest_is_the_one_that_was_meant),
        cmocka_unit_test(what_is_far_from_all_is_near_to_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
