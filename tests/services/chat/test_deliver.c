/* The finished frame inside a delivery: its header, whatever its length, and what is left of it
 * without its text. */

#include "test.h"

#include <string.h>

#include "base/event_buf.h"
#include "base/mem.h"
#include "chat/chat_inner.h"

#define TEXT_MAX 16384

static struct chat_service chat;
static struct shard shard = {.chat = &chat, .number = 3, .term = 5};
static const struct cht_id room = {{9, 9}};
static const struct cht_id user = {{1, 1}};

static struct buf *encode(struct cht_str text, struct cht_delivery *ret_delivery)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_message, .seq = 7, .n = 6, .ts = 8, .by = user, .text = text};
    struct cht_scratch scratch = {0};
    struct buf *buf = deliver_encode(&shard, &room, &entry);
    assert_true(cht_decode(&cht_row_delivery, event_buf_bytes(buf), &scratch, ret_delivery));
    return buf;
}

/* The size of the object behind the header; RFC 6455 section 5.2, the shortest form. */
static uint64_t object_size(struct cht_str frame, uint32_t *ret_header)
{
    const uint8_t *at = (const uint8_t *)frame.at;
    assert_int_equal(at[0], 0x81);
    uint64_t size = at[1];
    *ret_header = size == 127 ? 10 : size == 126 ? 4 : 2;
    if (size >= 126) {
        size = 0;
        for (uint32_t i = 2; i < *ret_header; i++) {
            size = size << 8 | at[i];
        }
        assert_true(size >= (*ret_header == 10 ? 65536 : 126));
    }
    return size;
}

/* Every byte of the text is escaped to six. */
static void a_frame_of_any_length_has_the_header_of_its_length(void **state)
{
    (void)state;
    char *text = mem_new(TEXT_MAX);
    memset(text, 1, TEXT_MAX);
    uint32_t headers[11] = {0};
    for (uint32_t size = 1; size <= TEXT_MAX; size += size < 200 || size > 10800 ? 1 : 97) {
        struct cht_delivery delivery;
        uint32_t header;
        struct buf *buf = encode((struct cht_str){text, size}, &delivery);
        uint64_t object = object_size(delivery.frame, &header);
        assert_int_equal(object, delivery.frame.size - header);
        assert_memory_equal(delivery.frame.at + header, "{\"type\":\"message\"", 17);
        assert_int_equal(delivery.frame.at[delivery.frame.size - 1], '}');
        headers[header]++;
        buf_unref(buf);
    }
    assert_true(headers[4] > 0 && headers[10] > 0);
    mem_free(text);
}

static void a_delivery_says_whose_it_is(void **state)
{
    (void)state;
    struct cht_delivery delivery;
    struct buf *buf = encode((struct cht_str){"hey", 3}, &delivery);
    assert_int_equal(delivery.shard, 3);
    assert_int_equal(delivery.term, 5);
    assert_int_equal(delivery.seq, 7);
    assert_int_equal(delivery.n, 6);
    assert_true(cht_id_equal(&delivery.room, &room));
    assert_true(cht_id_equal(&delivery.by, &user));
    buf_unref(buf);
}

static void a_blank_delivery_is_the_same_without_its_text(void **state)
{
    (void)state;
    struct cht_delivery delivery;
    struct cht_scratch scratch = {0};
    struct frame frame = {.delivery = encode((struct cht_str){"a secret", 8}, &delivery),
        .seq = 7,
        .n = 6,
        .ts = 8,
        .kind = cht_entry_kind_message};
    struct buf *blank = deliver_blank(&shard, &frame);
    assert_null(memmem(blank->bytes, blank->size, "secret", 6));
    assert_true(cht_decode(&cht_row_delivery, event_buf_bytes(blank), &scratch, &delivery));
    assert_int_equal(delivery.seq, 7);
    assert_int_equal(delivery.n, 6);
    assert_int_equal(delivery.kind, cht_entry_kind_message);
    assert_true(cht_id_equal(&delivery.by, &user));
    assert_non_null(memmem(delivery.frame.at, delivery.frame.size, "\"deleted\":true", 14));
    buf_unref(frame.delivery);
    buf_unref(blank);
}

static void a_blank_reaction_says_whose_it_was_and_not_which(void **state)
{
    (void)state;
    struct cht_entry entry = {.kind = cht_entry_kind_reaction,
        .seq = 7,
        .ts = 8,
        .by = user,
        .target = 3,
        .key = {"secret", 6},
        .on = true};
    struct cht_delivery delivery;
    struct cht_scratch scratch = {0};
    struct frame frame = {.delivery = deliver_encode(&shard, &room, &entry),
        .seq = 7,
        .ts = 8,
        .target = 3,
        .kind = cht_entry_kind_reaction,
        .on = true};
    struct buf *blank = deliver_blank(&shard, &frame);
    assert_true(cht_decode(&cht_row_delivery, event_buf_bytes(blank), &scratch, &delivery));
    assert_null(memmem(delivery.frame.at, delivery.frame.size, "key", 3));
    assert_non_null(memmem(delivery.frame.at, delivery.frame.size, "\"target\":3,\"by\":", 16));
    assert_non_null(memmem(delivery.frame.at, delivery.frame.size, "\"on\":true", 9));
    buf_unref(frame.delivery);
    buf_unref(blank);
}

static void an_ephemeral_frame_is_for_whom_it_says(void **state)
{
    (void)state;
    struct cht_f_typing typing = {.room = room, .user = user, .for_ms = 6000};
    struct cht_ephemeral ephemeral = {.room = room, .user = user, .to_others = true};
    struct cht_scratch scratch = {0};
    struct buf *buf = deliver_ephemeral(&ephemeral, &cht_row_f_typing, &typing);
    assert_true(cht_decode(&cht_row_ephemeral, event_buf_bytes(buf), &scratch, &ephemeral));
    assert_true(ephemeral.to_others && !ephemeral.to_self);
    assert_non_null(memmem(ephemeral.frame.at, ephemeral.frame.size, "\"for_ms\":6000", 13));
    buf_unref(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_of_any_length_has_the_header_of_its_length),
        cmocka_unit_test(a_delivery_says_whose_it_is),
        cmocka_unit_test(a_blank_delivery_is_the_same_without_its_text),
        cmocka_unit_test(a_blank_reaction_says_whose_it_was_and_not_which),
        cmocka_unit_test(an_ephemeral_frame_is_for_whom_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
