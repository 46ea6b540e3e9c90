/* test_ws_read_text - UTF-8 in messages, by the numbers of Autobahn's list (6): each sequence as a
 * message of one frame and as one of a frame a byte, in every way in which bytes can come; what is
 * wrong is refused at its first wrong byte. */

#include "ws_case.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define KOSME "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

static const struct ws_case messages[] = {
    {"6.1.1", {TEXT("")}, {GOT_TEXT("")}},
    {"6.1.2", {TEXT_PART(""), MORE_PART(""), LAST_PART("")}, {GOT_TEXT("")}},
    {"6.1.3", {TEXT_PART(""), MORE_PART("middle"), LAST_PART("")}, {GOT_TEXT("middle")}},
    {"6.2.1", {TEXT("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!")},
        {GOT_TEXT("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!")}},
    {"6.2.2", {TEXT_PART("Hello-\xc2\xb5@\xc3\x9f"), LAST_PART("\xc3\xb6\xc3\xa4-UTF-8!!")},
        {GOT_TEXT("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4-UTF-8!!")}},
    {"6.2.3, parts inside a code point", {TEXT_PART("\xc2"), MORE_PART(""), LAST_PART("\xb5")},
        {GOT_TEXT("\xc2\xb5")}},
    {"6.2.3, a ping inside a code point", {TEXT_PART("\xc2"), PING("\xff"), LAST_PART("\xb5")},
        {GOT_PING("\xff"), GOT_TEXT("\xc2\xb5")}},
    {"6.3.1",
        {TEXT(KOSME "\xed\xa0\x80"
                    "edited")},
        {REFUSED(1007)}},
    {"6.4.1", {TEXT_PART(KOSME), MORE_PART("\xf4\x90\x80\x80"), LAST_PART("edited")},
        {REFUSED(1007)}},
    {"6.4.2",
        {TEXT_PART(KOSME "\xf4"), MORE_PART("\x90"),
            LAST_PART("\x80\x80"
                      "edited")},
        {REFUSED(1007)}},
    {"a message that ends inside a code point", {TEXT_PART("a\xe2\x82"), LAST_PART("")},
        {REFUSED(1007)}},
    {"the next message begins anew", {TEXT("a"), TEXT("\x82\xac")}, {GOT_TEXT("a"), REFUSED(1007)}},
};

static void text_is_checked_over_all_parts_of_a_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(messages); i++) {
        ws_case_check(&messages[i]);
    }
}

struct sequence {
    const char *number;
    struct cht_str text;
};

static const struct sequence good[] = {
    {"6.6.2", BYTES("\xce\xba")},
    {"6.6.5", BYTES("\xce\xba\xe1\xbd\xb9")},
    {"6.6.7", BYTES("\xce\xba\xe1\xbd\xb9\xcf\x83")},
    {"6.6.9", BYTES("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc")},
    {"6.6.11", BYTES(KOSME)},
    {"6.7.1", BYTES("\x00")},
    {"6.7.2", BYTES("\xc2\x80")},
    {"6.7.3", BYTES("\xe0\xa0\x80")},
    {"6.7.4", BYTES("\xf0\x90\x80\x80")},
    {"6.9.1", BYTES("\x7f")},
    {"6.9.2", BYTES("\xdf\xbf")},
    {"6.9.3", BYTES("\xef\xbf\xbf")},
    {"6.9.4", BYTES("\xf4\x8f\xbf\xbf")},
    {"6.11.1", BYTES("\xed\x9f\xbf")},
    {"6.11.2", BYTES("\xee\x80\x80")},
    {"6.11.3", BYTES("\xef\xbf\xbd")},
    {"6.11.4", BYTES("\xf4\x8f\xbf\xbf")},
    {"6.22.1 and 6.23.6", BYTES("\xef\xbf\xbe")},
    {"6.22.2 and 6.23.7", BYTES("\xef\xbf\xbf")},
    {"6.23.1", BYTES("\xef\xbf\xb9")},
    {"6.23.2", BYTES("\xef\xbf\xba")},
    {"6.23.3", BYTES("\xef\xbf\xbb")},
    {"6.23.4", BYTES("\xef\xbf\xbc")},
    {"6.23.5", BYTES("\xef\xbf\xbd")},
};

/* `after`: so many bytes are enough to know; 0: only the end of the message tells. */
static const struct {
    struct sequence sequence;
    uint32_t after;
} wrong[] = {
    {{"6.6.1", BYTES("\xce")}, 0},
    {{"6.6.3", BYTES("\xce\xba\xe1")}, 0},
    {{"6.6.4", BYTES("\xce\xba\xe1\xbd")}, 0},
    {{"6.6.6", BYTES("\xce\xba\xe1\xbd\xb9\xcf")}, 0},
    {{"6.6.8", BYTES("\xce\xba\xe1\xbd\xb9\xcf\x83\xce")}, 0},
    {{"6.6.10", BYTES("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce")}, 0},
    {{"6.8.1", BYTES("\xf8\x88\x80\x80\x80")}, 1},
    {{"6.8.2", BYTES("\xfc\x84\x80\x80\x80\x80")}, 1},
    {{"6.10.1", BYTES("\xf7\xbf\xbf\xbf")}, 1},
    {{"6.10.2", BYTES("\xfb\xbf\xbf\xbf\xbf")}, 1},
    {{"6.10.3", BYTES("\xfd\xbf\xbf\xbf\xbf\xbf")}, 1},
    {{"6.11.5", BYTES("\xf4\x90\x80\x80")}, 2},
    {{"6.12.1", BYTES("\x80")}, 1},
    {{"6.12.2", BYTES("\xbf")}, 1},
    {{"6.12.3", BYTES("\x80\xbf")}, 1},
    {{"6.13.1", BYTES("\xc0 ")}, 1},
    {{"6.13.1, the next", BYTES("\xc2 ")}, 2},
    {{"6.13.2", BYTES("\xe0 ")}, 2},
    {{"6.13.3", BYTES("\xf0 ")}, 2},
    {{"6.13.4", BYTES("\xf8 ")}, 1},
    {{"6.13.5", BYTES("\xfc ")}, 1},
    {{"6.14.1", BYTES("\xc0")}, 1},
    {{"6.14.2", BYTES("\xe0\x80")}, 2},
    {{"6.14.3", BYTES("\xf0\x80\x80")}, 2},
    {{"6.14.4", BYTES("\xf8\x80\x80\x80")}, 1},
    {{"6.14.5", BYTES("\xfc\x80\x80\x80\x80")}, 1},
    {{"6.14.6", BYTES("\xdf")}, 0},
    {{"6.14.7", BYTES("\xef\xbf")}, 0},
    {{"6.14.8", BYTES("\xf7\xbf\xbf")}, 1},
    {{"6.14.9", BYTES("\xfb\xbf\xbf\xbf")}, 1},
    {{"6.14.10", BYTES("\xfd\xbf\xbf\xbf\xbf")}, 1},
    {{"6.15.1", BYTES("\xc0\xe0\x80\xf0\x80\x80\xf8\x80\x80\x80\xfc\x80\x80\x80\x80\xdf\xef\xbf\xf7"
                      "\xbf\xbf")},
        1},
    {{"6.16.1", BYTES("\xfe")}, 1},
    {{"6.16.2", BYTES("\xff")}, 1},
    {{"6.16.3", BYTES("\xfe\xfe\xff\xff")}, 1},
    {{"6.17.1", BYTES("\xc0\xaf")}, 1},
    {{"6.17.2", BYTES("\xe0\x80\xaf")}, 2},
    {{"6.17.3", BYTES("\xf0\x80\x80\xaf")}, 2},
    {{"6.17.4", BYTES("\xf8\x80\x80\x80\xaf")}, 1},
    {{"6.17.5", BYTES("\xfc\x80\x80\x80\x80\xaf")}, 1},
    {{"6.18.1", BYTES("\xc1\xbf")}, 1},
    {{"6.18.2", BYTES("\xe0\x9f\xbf")}, 2},
    {{"6.18.3", BYTES("\xf0\x8f\xbf\xbf")}, 2},
    {{"6.19.1", BYTES("\xc0\x80")}, 1},
    {{"6.19.2", BYTES("\xe0\x80\x80")}, 2},
    {{"6.19.3", BYTES("\xf0\x80\x80\x80")}, 2},
    {{"6.20.1", BYTES("\xed\xa0\x80")}, 2},
    {{"6.20.2", BYTES("\xed\xad\xbf")}, 2},
    {{"6.20.3", BYTES("\xed\xae\x80")}, 2},
    {{"6.20.4", BYTES("\xed\xaf\xbf")}, 2},
    {{"6.20.5", BYTES("\xed\xb0\x80")}, 2},
    {{"6.20.6", BYTES("\xed\xbe\x80")}, 2},
    {{"6.20.7", BYTES("\xed\xbf\xbf")}, 2},
    {{"6.21.1", BYTES("\xed\xa0\x80\xed\xb0\x80")}, 2},
    {{"6.21.2", BYTES("\xed\xa0\x80\xed\xbf\xbf")}, 2},
    {{"6.21.3", BYTES("\xed\xad\xbf\xed\xb0\x80")}, 2},
    {{"6.21.4", BYTES("\xed\xad\xbf\xed\xbf\xbf")}, 2},
    {{"6.21.5", BYTES("\xed\xae\x80\xed\xb0\x80")}, 2},
    {{"6.21.6", BYTES("\xed\xae\x80\xed\xbf\xbf")}, 2},
    {{"6.21.7", BYTES("\xed\xaf\xbf\xed\xb0\x80")}, 2},
    {{"6.21.8", BYTES("\xed\xaf\xbf\xed\xbf\xbf")}, 2},
};

/* A message of one frame for each byte. */
static struct ws_case in_single_bytes(const struct sequence *sequence)
{
    struct ws_case row = {.number = sequence->number};
    uint32_t last = sequence->text.size - 1;
    assert_true(last < WS_CASE_FRAMES_MAX);
    for (uint32_t i = 0; i <= last; i++) {
        row.frames[i].first = (uint8_t)((i == 0 ? 0x01 : 0x00) | (i == last ? 0x80 : 0x00));
        row.frames[i].payload = (struct cht_str){sequence->text.at + i, 1};
    }
    return row;
}

static void check_sequence(const struct sequence *sequence, struct ws_case_event event)
{
    struct ws_case whole = {
        .number = sequence->number, .frames = {{0x81, sequence->text, 0, 0}}, .events = {event}};
    ws_case_check(&whole);
    struct ws_case parts = in_single_bytes(sequence);
    parts.events[0] = event;
    ws_case_check(&parts);
}

static void valid_sequences_are_read_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        check_sequence(&good[i], (struct ws_case_event){WS_GOT_TEXT, 0, good[i].text, 0});
    }
}

/* 6.22.3 to 6.22.34: the last two of each plane are no characters, and yet text. */
static void the_ends_of_all_planes_are_text(void **state)
{
    (void)state;
    for (unsigned plane = 1; plane <= 16; plane++) {
        char text[4] = {(char)(0xf0 | plane >> 2), (char)(0x8f | (plane & 3) << 4), '\xbf', '\xbe'};
        struct sequence sequence = {"6.22", {text, sizeof(text)}};
        check_sequence(&sequence, (struct ws_case_event){WS_GOT_TEXT, 0, sequence.text, 0});
        text[3] = '\xbf';
        check_sequence(&sequence, (struct ws_case_event){WS_GOT_TEXT, 0, sequence.text, 0});
    }
}

static void invalid_sequences_are_refused_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        check_sequence(&wrong[i].sequence, (struct ws_case_event)REFUSED(1007));
    }
}

/* 6.4.3 and 6.4.4: the rest of the frame is not waited for. */
static void a_wrong_byte_is_refused_when_it_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct ws_case_frame frame = {0x01, wrong[i].sequence.text, 0, 0};
        uint8_t bytes[64];
        uint32_t size = ws_case_write(&frame, bytes);
        uint32_t header = size - frame.payload.size;
        uint32_t after = ws_case_refused_after(bytes, size, 1007);
        if (after != (wrong[i].after ? header + wrong[i].after : 0)) {
            fail_msg("%s: refused after %u bytes", wrong[i].sequence.number, after);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_checked_over_all_parts_of_a_message),
        cmocka_unit_test(valid_sequences_are_read_however_they_are_cut),
        cmocka_unit_test(the_ends_of_all_planes_are_text),
        cmocka_unit_test(invalid_sequences_are_refused_however_they_are_cut),
        cmocka_unit_test(a_wrong_byte_is_refused_when_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
