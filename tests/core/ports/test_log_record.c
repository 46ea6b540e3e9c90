/* The place of a record is read from its first bytes, and from nothing else. */

#include "test.h"

#include <string.h>

#include "base/event_buf.h"
#include "ports/log_record.h"

static void the_place_is_that_of_the_record(void **state)
{
    static const uint64_t numbers[] = {1, 127, 128, 300, 1u << 21, UINT64_C(1) << 62};
    (void)state;
    for (uint32_t i = 0; i < 6; i++) {
        struct cht_record record = {.term = numbers[i], .index = numbers[5 - i], .owner = 7};
        struct buf *buf = event_buf_encode(&cht_row_record, &record);
        uint64_t term = 0, index = 0;
        assert_true(log_record_place(buf->bytes, buf->size, &term, &index));
        assert_int_equal(term, numbers[i]);
        assert_int_equal(index, numbers[5 - i]);
        buf_unref(buf);
    }
}

static void what_is_cut_before_its_place_is_none(void **state)
{
    (void)state;
    struct cht_record record = {.term = 300, .index = 70000};
    struct buf *buf = event_buf_encode(&cht_row_record, &record);
    uint64_t term, index;
    for (uint32_t size = 0; size < buf->size; size++) {
        uint8_t *cut = memcpy(test_malloc(size + 1), buf->bytes, size);
        assert_false(log_record_place(cut, size, &term, &index));
        test_free(cut);
    }
    buf_unref(buf);
}

static void another_event_and_junk_are_none(void **state)
{
    static const uint8_t junk[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    (void)state;
    struct cht_claimed claimed = {.shard = 1, .term = 2, .node = 3};
    struct buf *buf = event_buf_encode(&cht_row_claimed, &claimed);
    uint64_t term, index;
    assert_false(log_record_place(buf->bytes, buf->size, &term, &index));
    assert_false(log_record_place(junk, sizeof(junk), &term, &index));
    buf_unref(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_place_is_that_of_the_record),
        cmocka_unit_test(what_is_cut_before_its_place_is_none),
        cmocka_unit_test(another_event_and_junk_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
