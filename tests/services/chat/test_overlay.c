/* What the store did not have, room by room. */

#include "test.h"

#include "chat/overlay.h"

static const uint64_t secret[2] = {3, 4};
static struct overlay overlay;

static struct cht_id room(uint32_t number)
{
    return (struct cht_id){{(uint8_t)number, (uint8_t)(number >> 8), 5}};
}

static void add(uint32_t number, uint64_t index)
{
    struct cht_id id = room(number);
    struct buf *record = buf_copy("record", 7);
    overlay_add(&overlay, &id, index, record);
    buf_unref(record);
}

static int tear_down(void **state)
{
    (void)state;
    overlay_deinit(&overlay);
    return 0;
}

static void an_empty_one_has_nothing(void **state)
{
    (void)state;
    struct cht_id id = room(1);
    overlay_seal(&overlay, secret);
    assert_null(overlay_first(&overlay, &id));
}

static void a_room_has_its_records_in_the_order_of_the_log(void **state)
{
    (void)state;
    for (uint64_t index = 1; index <= 1000; index++) {
        add((uint32_t)(index % 7), index);
    }
    overlay_seal(&overlay, secret);
    assert_int_equal(overlay.bytes, 7000);
    for (uint32_t number = 0; number < 7; number++) {
        struct cht_id id = room(number);
        uint64_t expected = number ? number : 7;
        const struct overlay_record *at = overlay_first(&overlay, &id);
        for (; at; at = overlay_next(&overlay, at), expected += 7) {
            assert_int_equal(at->index, expected);
        }
        assert_true(expected > 1000);
    }
    struct cht_id other = room(7);
    assert_null(overlay_first(&overlay, &other));
}

/* All rooms are loaded again, one after the other. */
static void a_room_is_found_without_looking_at_the_records_of_others(void **state)
{
    (void)state;
    for (uint32_t number = 1; number <= 20000; number++) {
        add(number, number);
    }
    overlay_seal(&overlay, secret);
    for (uint32_t i = 0; i < overlay.capacity; i++) {
        uint32_t length = 0;
        for (uint32_t at = overlay.heads[i]; at; at = overlay.records[at - 1].next) {
            length++;
        }
        assert_in_range(length, 0, 12);
    }
}

static void it_can_be_used_again(void **state)
{
    (void)state;
    struct cht_id id = room(1);
    add(1, 5);
    overlay_seal(&overlay, secret);
    overlay_deinit(&overlay);
    assert_null(overlay_first(&overlay, &id));
    add(1, 4);
    overlay_seal(&overlay, secret);
    assert_int_equal(overlay_first(&overlay, &id)->index, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_empty_one_has_nothing, tear_down),
        cmocka_unit_test_teardown(a_room_has_its_records_in_the_order_of_the_log, tear_down),
        cmocka_unit_test_teardown(
            a_room_is_found_without_looking_at_the_records_of_others, tear_down),
        cmocka_unit_test_teardown(it_can_be_used_again, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
