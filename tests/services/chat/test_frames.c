/* The ring of the newest deliveries of a room. */

#include "test.h"

#include "chat/frames.h"

#define MOST 16

static struct frames frames;

static struct frame frame_of(uint64_t seq)
{
    struct buf *buf = buf_create(8);
    return (struct frame){.delivery = buf, .seq = seq, .ts = seq * 10};
}

static void add(uint64_t seq)
{
    struct frame frame = frame_of(seq);
    frames_add(&frames, &frame, MOST);
    buf_unref(frame.delivery);
}

static int empty(void **state)
{
    (void)state;
    frames_deinit(&frames);
    return 0;
}

static void an_empty_ring_has_nothing(void **state)
{
    (void)state;
    assert_null(frames_at(&frames, 0));
    assert_null(frames_at(&frames, 1));
    assert_int_equal(frames_oldest(&frames), 1);
}

static void a_ring_may_begin_anywhere_and_keeps_what_it_has_while_it_grows(void **state)
{
    (void)state;
    for (uint64_t seq = 1005; seq < 1005 + MOST; seq++) {
        add(seq);
        assert_int_equal(frames_oldest(&frames), 1005);
        for (uint64_t kept = 1005; kept <= seq; kept++) {
            assert_int_equal(frames_at(&frames, kept)->ts, kept * 10);
        }
    }
    assert_null(frames_at(&frames, 1004));
    assert_null(frames_at(&frames, 1005 + MOST));
}

static void a_full_ring_loses_its_oldest(void **state)
{
    (void)state;
    for (uint64_t seq = 1; seq <= 3 * MOST; seq++) {
        add(seq);
    }
    assert_int_equal(frames.count, MOST);
    assert_int_equal(frames_oldest(&frames), 2 * MOST + 1);
    assert_null(frames_at(&frames, 2 * MOST));
    assert_int_equal(frames_at(&frames, 3 * MOST)->seq, 3 * MOST);
}

static void a_replaced_frame_has_other_bytes_and_the_same_place(void **state)
{
    (void)state;
    add(1);
    add(2);
    struct buf *other = buf_create(8);
    frames_replace(&frames, 1, other);
    assert_ptr_equal(frames_at(&frames, 1)->delivery, other);
    assert_int_equal(frames_at(&frames, 1)->ts, 10);
    assert_int_equal(frames_oldest(&frames), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_empty_ring_has_nothing, empty),
        cmocka_unit_test_teardown(
            a_ring_may_begin_anywhere_and_keeps_what_it_has_while_it_grows, empty),
        cmocka_unit_test_teardown(a_full_ring_loses_its_oldest, empty),
        cmocka_unit_test_teardown(a_replaced_frame_has_other_bytes_and_the_same_place, empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
