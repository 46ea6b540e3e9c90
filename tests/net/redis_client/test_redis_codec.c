/* test_redis_codec - commands and replies as bytes. */

#include "test.h"

#include <string.h>

#include "redis_client/redis_codec.h"

static const struct redis_bounds bounds = {.reply_bytes_max = 1000, .reply_items_max = 10};

static void words_of_any_bytes_become_a_command(void **state)
{
    struct cht_str words[] = {cht_str_of("SET"), {"\r\n\0", 3}, {NULL, 0}};
    (void)state;
    struct buf *buf = redis_command(words, 3);
    static const char wanted[] = "*3\r\n$3\r\nSET\r\n$3\r\n\r\n\0\r\n$0\r\n\r\n";
    assert_int_equal(buf->size, sizeof(wanted) - 1);
    assert_memory_equal(buf->bytes, wanted, sizeof(wanted) - 1);
    buf_unref(buf);
}

/* Each kind in one list, with one more of its own. */
static const char all[] = "*6\r\n+OK\r\n-ERR no\r\n:-7\r\n$2\r\n\r\n\r\n$-1\r\n*2\r\n*0\r\n:1\r\n";

static void assert_is_all(const struct redis_reply *reply)
{
    assert_int_equal(reply->kind, REDIS_LIST);
    assert_int_equal(reply->count, 6);
    assert_int_equal(reply->items[0].kind, REDIS_STATUS);
    assert_true(cht_str_is(reply->items[1].text, "ERR no"));
    assert_int_equal(reply->items[1].kind, REDIS_REFUSAL);
    assert_int_equal(reply->items[2].number, -7);
    assert_true(redis_is_text(&reply->items[3], "\r\n"));
    assert_int_equal(reply->items[4].kind, REDIS_NIL);
    assert_int_equal(reply->items[5].items[0].count, 0);
    assert_int_equal(reply->items[5].items[1].number, 1);
}

static void a_reply_is_the_same_however_its_bytes_come(void **state)
{
    (void)state;
    for (size_t cut = 0; cut < sizeof(all); cut++) {
        struct redis_reader *reader = redis_reader_create(&bounds);
        struct arena arena = {0};
        const struct redis_reply *reply = NULL;
        redis_reader_feed(reader, all, cut);
        if (cut < sizeof(all) - 1) {
            assert_int_equal(redis_reader_next(reader, &arena, &reply), REDIS_READ_MORE);
            redis_reader_feed(reader, all + cut, sizeof(all) - 1 - cut);
        }
        assert_int_equal(redis_reader_next(reader, &arena, &reply), REDIS_READ_REPLY);
        assert_is_all(reply);
        redis_reader_destroy(reader);
        assert_is_all(reply); /* it is the arena's */
        arena_deinit(&arena);
    }
}

static void replies_follow_each_other_for_ever(void **state)
{
    struct redis_reader *reader = redis_reader_create(&bounds);
    struct arena arena = {0};
    const struct redis_reply *reply = NULL;
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        redis_reader_feed(reader, all, sizeof(all) - 1);
        assert_int_equal(redis_reader_next(reader, &arena, &reply), REDIS_READ_REPLY);
        assert_is_all(reply);
    }
    assert_int_equal(redis_reader_next(reader, &arena, &reply), REDIS_READ_MORE);
    arena_deinit(&arena);
    redis_reader_destroy(reader);
}

static enum redis_read read_lists(uint32_t depth)
{
    struct redis_reader *reader = redis_reader_create(&bounds);
    struct arena arena = {0};
    const struct redis_reply *reply = NULL;
    for (uint32_t i = 0; i < depth; i++) {
        redis_reader_feed(reader, "*1\r\n", 4);
    }
    redis_reader_feed(reader, ":1\r\n", 4);
    enum redis_read read = redis_reader_next(reader, &arena, &reply);
    arena_deinit(&arena);
    redis_reader_destroy(reader);
    return read;
}

static void lists_are_seven_deep_and_no_deeper(void **state)
{
    (void)state;
    assert_int_equal(read_lists(REDIS_DEPTH_MAX), REDIS_READ_REPLY);
    assert_int_equal(read_lists(REDIS_DEPTH_MAX + 1), REDIS_READ_BROKEN);
}

static void a_broken_reader_stays_so_until_it_is_reset(void **state)
{
    struct redis_reader *reader = redis_reader_create(&bounds);
    struct arena arena = {0};
    const struct redis_reply *reply = NULL;
    (void)state;
    redis_reader_feed(reader, "?\r\n", 3);
    assert_int_equal(redis_reader_next(reader, &arena, &reply), REDIS_READ_BROKEN);
    assert_true(strlen(redis_reader_why(reader)) > 0);
    redis_reader_feed(reader, ":1\r\n", 4);
    assert_int_equal(redis_reader_next(reader, &arena, &reply), REDIS_READ_BROKEN);
    redis_reader_reset(reader);
    assert_string_equal(redis_reader_why(reader), "");
    redis_reader_feed(reader, ":1\r\n", 4);
    assert_int_equal(redis_reader_next(reader, &arena, &reply), REDIS_READ_REPLY);
    assert_int_equal(reply->number, 1);
    arena_deinit(&arena);
    redis_reader_destroy(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_of_any_bytes_become_a_command),
        cmocka_unit_test(a_reply_is_the_same_however_its_bytes_come),
        cmocka_unit_test(replies_follow_each_other_for_ever),
        cmocka_unit_test(lists_are_seven_deep_and_no_deeper),
        cmocka_unit_test(a_broken_reader_stays_so_until_it_is_reset),
    };
    return cmocka_run_group_tests_name("redis_codec", tests, NULL, NULL);
}
