/* id: one text form, and the same room id for the same people everywhere. */

#include "support.h"

static void an_id_is_its_text(void **state)
{
    static const char *const texts[] = {"00000000-0000-0000-0000-000000000000",
        "01234567-89ab-cdef-0123-456789abcdef", "ffffffff-ffff-ffff-ffff-ffffffffffff", ROOM_TEXT};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char text[CHT_ID_TEXT_SIZE];
        struct cht_id id = id_of(texts[i]);
        cht_id_to_text(&id, text);
        assert_memory_equal(text, texts[i], sizeof(text));
    }
    assert_memory_equal(id_of(texts[1]).bytes, "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23", 10);
}

static void any_other_form_is_refused(void **state)
{
    static const char *const texts[] = {"", "0", "0123456789abcdef0123456789abcdef",
        "01234567-89ab-cdef-0123-456789abcde", "01234567-89ab-cdef-0123-456789abcdef0",
        "01234567-89AB-cdef-0123-456789abcdef", "01234567-89ag-cdef-0123-456789abcdef",
        "0123456789ab--cdef-0123-456789abcdef", "01234567+89ab-cdef-0123-456789abcdef",
        "{1234567-89ab-cdef-0123-456789abcde}", "01234567-89ab-cdef-0123-456789abcde ",
        "01234567-89ab-cdef-0123456-789abcdef"};
    struct cht_id id;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_false(cht_id_from_text(str(texts[i]), &id));
    }
}

static void none_is_all_zero(void **state)
{
    struct cht_id id = {{0}};
    (void)state;
    assert_true(cht_id_is_none(&id));
    id.bytes[15] = 1;
    assert_false(cht_id_is_none(&id));
}

struct named {
    const char *space;
    const char *name;
    const char *id;
};

#define DNS "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
#define URL "6ba7b811-9dad-11d1-80b4-00c04fd430c8"

static void names_make_ids_as_the_rfc_says(void **state)
{
    static const struct named table[] = {
        {DNS, "www.example.com", "2ed6657d-e927-568b-95e1-2665a8aea6a2"},
        {DNS, "python.org", "886313e1-3b8a-5372-9b90-0c9aee199e5d"},
        {URL, "http://www.example.com/", "fcde3c85-2270-590f-9e7c-ee003d65e0e2"},
        {DNS, "", "4ebd0208-8328-5d69-8c44-ec50939c0967"},
        {DNS, "0123456789012345678901234567890123456789", "145078fe-b833-5436-962b-68058bcd2299"},
        {DNS, "01234567890123456789012345678901234567890123456",
            "4c5844f9-dc5f-5093-adbd-573d79230b54"},
        {DNS,
            "012345678901234567890123456789012345678901234567890123456789"
            "012345678901234567890123456789012345678901234567890123456789",
            "0f627f19-0c64-50ba-b405-5276b1b9c028"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct cht_id space = id_of(table[i].space);
        struct cht_id wanted = id_of(table[i].id);
        struct cht_id id;
        cht_id_from_name(&space, str(table[i].name), &id);
        assert_true(cht_id_equal(&id, &wanted));
    }
}

static void a_direct_room_does_not_depend_on_who_asks(void **state)
{
    struct cht_id one = id_of(ROOM_TEXT);
    struct cht_id other = id_of(USER_TEXT);
    struct cht_id a;
    struct cht_id b;
    struct cht_id notes;
    (void)state;
    cht_id_of_direct_room(&one, &other, &a);
    cht_id_of_direct_room(&other, &one, &b);
    cht_id_of_direct_room(&one, &one, &notes);
    assert_true(cht_id_equal(&a, &b));
    assert_false(cht_id_equal(&a, &notes));
}

static void room_ids_never_change_between_releases(void **state)
{
    struct cht_id one = id_of(ROOM_TEXT);
    struct cht_id other = id_of(USER_TEXT);
    struct cht_id room;
    struct cht_id wanted = id_of("de76aefb-fe3a-54d1-a04d-248935a2d342");
    (void)state;
    cht_id_of_direct_room(&one, &other, &room);
    assert_true(cht_id_equal(&room, &wanted));
    wanted = id_of("30580323-61ad-56f1-adce-e1b56d39ac46");
    cht_id_of_new_room(&one, str("cid-1"), &room);
    assert_true(cht_id_equal(&room, &wanted));
}

static void another_cid_or_creator_is_another_room(void **state)
{
    struct cht_id one = id_of(ROOM_TEXT);
    struct cht_id other = id_of(USER_TEXT);
    struct cht_id a;
    struct cht_id b;
    (void)state;
    cht_id_of_new_room(&one, str("a"), &a);
    cht_id_of_new_room(&one, str("b"), &b);
    assert_false(cht_id_equal(&a, &b));
    cht_id_of_new_room(&other, str("a"), &b);
    assert_false(cht_id_equal(&a, &b));
    cht_id_of_new_room(&one, str("a"), &b);
    assert_true(cht_id_equal(&a, &b));
    assert_int_equal(a.bytes[6] >> 4, 5);
    assert_int_equal(a.bytes[8] >> 6, 2);
}

static void a_command_names_its_room_or_what_that_is_made_of(void **state)
{
    struct cht_id author = id_of(USER_TEXT);
    struct cht_id other = id_of(ROOM_TEXT);
    struct cht_id room;
    struct cht_id wanted;
    struct cht_command send = {
        .type = cht_command_type_message_send, .author = author, .to = other};
    struct cht_command create = {.type = cht_command_type_room_create,
        .author = author,
        .kind = cht_room_kind_direct,
        .members = {&other, 1},
        .cid = str("a")};
    struct cht_command edit = {.type = cht_command_type_message_edit, .author = author};
    (void)state;
    cht_id_of_direct_room(&author, &other, &wanted);
    assert_true(cht_room_of_command(&send, &room));
    assert_true(cht_id_equal(&room, &wanted));
    assert_true(cht_room_of_command(&create, &room));
    assert_true(cht_id_equal(&room, &wanted));
    create.kind = cht_room_kind_group;
    cht_id_of_new_room(&author, str("a"), &wanted);
    assert_true(cht_room_of_command(&create, &room));
    assert_true(cht_id_equal(&room, &wanted));
    assert_false(cht_room_of_command(&edit, &room));
    edit.room = other;
    assert_true(cht_room_of_command(&edit, &room));
    assert_true(cht_id_equal(&room, &other));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_its_text),
        cmocka_unit_test(any_other_form_is_refused),
        cmocka_unit_test(none_is_all_zero),
        cmocka_unit_test(names_make_ids_as_the_rfc_says),
        cmocka_unit_test(a_direct_room_does_not_depend_on_who_asks),
        cmocka_unit_test(room_ids_never_change_between_releases),
        cmocka_unit_test(another_cid_or_creator_is_another_room),
        cmocka_unit_test(a_command_names_its_room_or_what_that_is_made_of),
    };
    return cmocka_run_group_tests_name("events/id", tests, NULL, NULL);
}
