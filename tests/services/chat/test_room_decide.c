/* The rules of the product: who may do what in which room, and what it makes. */

#include "test.h"

#include <stdio.h>
#include <string.h>

#include "chat/room_decide.h"

#define START_MS UINT64_C(1700000000000)
#define OWNER 1
#define ADMIN 2
#define MEMBER 3
#define MUTED 4
#define STRANGER 5
#define BANNED 6
#define PLAIN 8 /* a member that others do something to */

static const uint64_t secret[2] = {3, 4};
static struct room_state room;
static struct room_decision decision;
static struct room_facts facts;
static uint32_t cids;

static struct cht_id user(uint16_t number)
{
    return (struct cht_id){{(uint8_t)number, (uint8_t)(number >> 8), 1}};
}

static struct cht_str str(const char *text)
{
    return (struct cht_str){text, (uint32_t)strlen(text)};
}

static struct cht_entry *next_entry(enum cht_entry_kind kind, uint16_t by)
{
    static struct cht_entry entry;
    entry = (struct cht_entry){
        .kind = kind, .seq = room.seq + 1, .n = room.n, .ts = START_MS, .by = user(by)};
    return &entry;
}

static void seat(uint16_t number, enum cht_role role, enum cht_member_state state)
{
    struct cht_entry *entry = next_entry(cht_entry_kind_member, OWNER);
    entry->user = user(number);
    entry->role = role;
    entry->state = state;
    entry->muted_until = number == MUTED ? START_MS + 5000 : 0;
    room_state_apply(&room, entry, 1);
}

/* A message of that user; answers its seq. */
static uint64_t message(uint16_t by, const char *text)
{
    struct cht_entry *entry = next_entry(cht_entry_kind_message, by);
    entry->n = room.n + 1;
    entry->text = str(text);
    room_state_apply(&room, entry, 1);
    return room.seq;
}

enum room_sort { GROUP, PRIVATE, PUBLIC, SORT_COUNT };

static void make_empty(enum cht_room_kind kind, enum cht_visibility visibility)
{
    struct cht_id id = user(999);
    room_state_deinit(&room);
    room_state_init(&room, &id, secret);
    struct cht_entry *entry = next_entry(cht_entry_kind_created, OWNER);
    entry->room_kind = kind;
    entry->visibility = visibility;
    entry->posting = cht_who_members;
    entry->adding = cht_who_members;
    entry->history = cht_history_from_all;
    entry->name = str("name");
    entry->user = user(ADMIN);
    room_state_apply(&room, entry, 1);
}

/* A room with everybody in it, and a message of MEMBER as its newest entry. */
static void make_room(enum room_sort sort)
{
    make_empty(sort == GROUP ? cht_room_kind_group : cht_room_kind_channel,
        sort == PUBLIC ? cht_visibility_public : cht_visibility_private);
    seat(OWNER, cht_role_owner, cht_member_state_joined);
    seat(ADMIN, cht_role_admin, cht_member_state_joined);
    seat(MEMBER, cht_role_member, cht_member_state_joined);
    seat(MUTED, cht_role_member, cht_member_state_joined);
    seat(PLAIN, cht_role_member, cht_member_state_joined);
    seat(BANNED, cht_role_none, cht_member_state_banned);
    message(MEMBER, "text");
}

/* OWNER and ADMIN are the two people; a message of OWNER is the newest entry. */
static void make_direct(void)
{
    make_empty(cht_room_kind_direct, cht_visibility_private);
    seat(OWNER, cht_role_member, cht_member_state_joined);
    seat(ADMIN, cht_role_member, cht_member_state_joined);
    message(OWNER, "text");
}

static void set_posting(enum cht_who posting, enum cht_who adding)
{
    struct cht_entry *entry = next_entry(cht_entry_kind_updated, OWNER);
    entry->posting = posting;
    entry->adding = adding;
    room_state_apply(&room, entry, 1);
}

/* All facts are there, and nothing speaks against anything. */
static int set_up(void **state)
{
    (void)state;
    facts = (struct room_facts){.have = 31,
        .now = START_MS + 1000,
        .cid_err = ERR_NOT_FOUND,
        .missing_user = -1,
        .blocking_user = -1};
    make_room(GROUP);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    room_state_deinit(&room);
    return 0;
}

static struct cht_command command_of(uint64_t type, uint16_t author)
{
    static char texts[8][16];
    char *cid = texts[++cids % 8];
    snprintf(cid, sizeof(texts[0]), "cid-%u", cids);
    return (struct cht_command){.type = type,
        .author = user(author),
        .room = user(999),
        .cid = str(cid),
        .sent_at = START_MS + 1000};
}

static void decide(const struct cht_command *command)
{
    room_decide(&room, command, &facts, &decision);
}

/* The decision becomes part of the room. */
static void apply(void)
{
    assert_int_equal(decision.outcome, ROOM_ENTRIES);
    for (uint32_t i = 0; i < decision.count; i++) {
        room_state_apply(&room, &decision.entries[i], 2);
    }
}

static void is_refused(enum err err, const char *field)
{
    assert_int_equal(decision.outcome, ROOM_REFUSED);
    assert_string_equal(err_name(decision.err), err_name(err));
    assert_int_equal(decision.count, 0);
    assert_string_equal(decision.field ? decision.field : "", field ? field : "");
}

static void is_accepted(uint32_t entries)
{
    assert_int_equal(decision.outcome, ROOM_ENTRIES);
    assert_int_equal(decision.count, entries);
    for (uint32_t i = 0; i < entries; i++) {
        assert_int_equal(decision.entries[i].seq, room.seq + 1 + i);
    }
}

/* ---- who may do what */

/* E entries, D already so, f forbidden, n not_found, m not_member, u muted */
static char letter(void)
{
    if (decision.outcome != ROOM_REFUSED) {
        return decision.outcome == ROOM_ENTRIES ? 'E' : decision.outcome == ROOM_DUP ? 'D' : '?';
    }
    static const struct {
        enum err err;
        char letter;
    } letters[] = {
        {ERR_FORBIDDEN, 'f'}, {ERR_NOT_FOUND, 'n'}, {ERR_NOT_MEMBER, 'm'}, {ERR_MUTED, 'u'}};
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (letters[i].err == decision.err) {
            return letters[i].letter;
        }
    }
    return 'x';
}

static const uint16_t callers[] = {OWNER, ADMIN, MEMBER, MUTED, STRANGER, BANNED};

static struct cht_command filled(uint64_t type, uint16_t author, const char *what)
{
    struct cht_command command = command_of(type, author);
    bool targets = type == cht_command_type_message_edit ||
                   type == cht_command_type_message_delete ||
                   type == cht_command_type_message_react;
    command.target = targets ? room.seq : 0;
    command.text = str("other text");
    command.key = str("+1");
    command.on = true;
    command.user = user(type == cht_command_type_room_add ? 9 : PLAIN);
    command.role = type == cht_command_type_room_role ? cht_role_admin : 0;
    command.until = START_MS + 9000;
    if (type == cht_command_type_room_unban) {
        command.user = user(BANNED);
    }
    if (type == cht_command_type_room_update && strcmp(what, "name") == 0) {
        command.name = str("another");
    } else if (type == cht_command_type_room_update) {
        command.posting = cht_who_admins;
    }
    return command;
}

static void may_do(enum room_sort sort, uint64_t type, const char *what, const char *expected)
{
    char got[sizeof(callers) / sizeof(callers[0]) + 1] = "";
    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
        make_room(sort);
        struct cht_command command = filled(type, callers[i], what);
        decide(&command);
        got[i] = letter();
    }
    if (strcmp(got, expected) != 0) {
        fail_msg("sort %d %s %s: %s, not %s", (int)sort, cht_command_row(type)->wire, what, got,
            expected);
    }
}

static void everybody_may_what_the_table_says_and_nothing_else(void **state)
{
    (void)state;
    /* owner, admin, member, muted, stranger, banned; in groups, private and public channels */
    static const struct {
        uint64_t type;
        const char *what;
        const char *expected[SORT_COUNT];
    } rows[] = {
        {cht_command_type_message_send, "", {"EEEunn", "EEEunn", "EEEumm"}},
        {cht_command_type_message_edit, "member's", {"ffEfnn", "ffEfnn", "ffEfmm"}},
        {cht_command_type_message_delete, "member's", {"EEEfnn", "EEEfnn", "EEEfmm"}},
        {cht_command_type_message_react, "", {"EEEunn", "EEEunn", "EEEumm"}},
        {cht_command_type_room_update, "name", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_update, "settings", {"Efffnn", "Efffnn", "Efffmm"}},
        {cht_command_type_room_delete, "", {"Efffnn", "Efffnn", "Efffmm"}},
        {cht_command_type_room_join, "", {"ffffnn", "DDDDnn", "DDDDEf"}},
        {cht_command_type_room_leave, "", {"EEEEnn", "EEEEnn", "EEEEnn"}},
        {cht_command_type_room_add, "", {"EEEEnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_remove, "", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_ban, "", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_unban, "", {"EEffnn", "EEffnn", "EEffmm"}},
        {cht_command_type_room_role, "", {"Efffnn", "Efffnn", "Efffmm"}},
        {cht_command_type_room_mute, "", {"EEffnn", "EEffnn", "EEffmm"}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (enum room_sort sort = GROUP; sort < SORT_COUNT; sort++) {
            may_do(sort, rows[i].type, rows[i].what, rows[i].expected[sort]);
        }
    }
}

static void the_two_of_a_direct_room_may_talk_and_hide_it_and_nothing_else(void **state)
{
    (void)state;
    /* whose message it is, the other person, a stranger */
    static const struct {
        uint64_t type;
        const char *expected;
    } rows[] = {
        {cht_command_type_message_send, "EEn"},
        {cht_command_type_message_edit, "Efn"},
        {cht_command_type_message_delete, "Efn"},
        {cht_command_type_message_react, "EEn"},
        {cht_command_type_room_update, "ffn"},
        {cht_command_type_room_delete, "ffn"},
        {cht_command_type_room_join, "ffn"},
        {cht_command_type_room_leave, "EEn"},
        {cht_command_type_room_add, "ffn"},
        {cht_command_type_room_remove, "ffn"},
        {cht_command_type_room_ban, "ffn"},
        {cht_command_type_room_unban, "ffn"},
        {cht_command_type_room_role, "ffn"},
        {cht_command_type_room_mute, "ffn"},
    };
    static const uint16_t three[] = {OWNER, ADMIN, STRANGER};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < 3; k++) {
            make_direct();
            struct cht_command command = filled(rows[i].type, three[k], "name");
            decide(&command);
            assert_int_equal(letter(), rows[i].expected[k]);
        }
    }
}

static void in_a_room_that_is_gone_nobody_may_anything(void **state)
{
    (void)state;
    for (uint64_t type = cht_command_type_message_send; type <= cht_command_type_room_mute;
         type++) {
        make_room(PUBLIC);
        room_state_apply(&room, next_entry(cht_entry_kind_room_deleted, OWNER), 1);
        struct cht_command command = filled(type, OWNER, "name");
        decide(&command);
        is_refused(ERR_NOT_FOUND, NULL);
    }
}

static void a_query_is_no_command_of_a_room(void **state)
{
    (void)state;
    struct cht_command command = command_of(cht_command_type_room_history, OWNER);
    decide(&command);
    is_refused(ERR_UNKNOWN_TYPE, NULL);
    command.type = 12345;
    decide(&command);
    is_refused(ERR_UNKNOWN_TYPE, NULL);
}

static void where_only_admins_post_others_may_not_send_nor_react(void **state)
{
    (void)state;
    static const char *const expected = "EEfumm";
    for (size_t i = 0; i < 6; i++) {
        make_room(PUBLIC);
        set_posting(cht_who_admins, 0);
        struct cht_command command = filled(cht_command_type_message_send, callers[i], "");
        decide(&command);
        assert_int_equal(letter(), expected[i]);
        command = filled(cht_command_type_message_react, callers[i], "");
        command.target = room.seq - 1;
        decide(&command);
        assert_int_equal(letter(), expected[i]);
    }
}

static void where_only_admins_add_others_may_not(void **state)
{
    (void)state;
    set_posting(0, cht_who_admins);
    struct cht_command command = filled(cht_command_type_room_add, ADMIN, "");
    decide(&command);
    is_accepted(1);
    command = filled(cht_command_type_room_add, MEMBER, "");
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void nobody_has_power_over_the_same_or_a_higher_role(void **state)
{
    (void)state;
    static const uint64_t types[] = {
        cht_command_type_room_remove, cht_command_type_room_ban, cht_command_type_room_mute};
    for (size_t i = 0; i < 3; i++) {
        struct cht_command command = filled(types[i], ADMIN, "");
        command.user = user(OWNER);
        decide(&command);
        is_refused(ERR_FORBIDDEN, NULL);
        command = filled(types[i], ADMIN, "");
        command.user = user(ADMIN);
        decide(&command);
        is_refused(ERR_FORBIDDEN, NULL);
    }
}

static void whoever_is_muted_is_told_the_wait_by_the_time_of_sending(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MUTED, "");
    decide(&command);
    is_refused(ERR_MUTED, NULL);
    assert_int_equal(decision.retry_after_ms, 4000);
    command.sent_at = START_MS + 5000;
    decide(&command);
    is_accepted(1);
}

static void over_people_who_are_not_there_nobody_has_power(void **state)
{
    (void)state;
    static const uint64_t types[] = {
        cht_command_type_room_remove, cht_command_type_room_role, cht_command_type_room_mute};
    for (size_t i = 0; i < 3; i++) {
        struct cht_command command = filled(types[i], OWNER, "");
        command.user = user(STRANGER);
        decide(&command);
        is_refused(ERR_NOT_MEMBER, NULL);
    }
}

/* ---- repeats */
static void a_repeat_has_the_first_answer(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    uint64_t seq = decision.seq, n = decision.n, ts = decision.ts;
    apply();
    message(OWNER, "later");
    facts.now += 5000;
    decide(&command); /* without `after`: the window knows it */
    assert_int_equal(decision.outcome, ROOM_DUP);
    assert_int_equal(decision.seq, seq);
    assert_int_equal(decision.n, n);
    assert_int_equal(decision.ts, ts);
    command.after = seq - 1;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void a_repeat_is_a_repeat_also_when_its_sender_may_no_longer(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    apply();
    seat(MEMBER, cht_role_none, cht_member_state_removed);
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void the_same_cid_with_other_content_is_a_conflict(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    apply();
    command.text = str("something else");
    decide(&command);
    is_refused(ERR_CONFLICT, "cid");
    command.type = cht_command_type_room_leave;
    decide(&command);
    is_refused(ERR_CONFLICT, "cid");
}

static void the_same_cid_of_somebody_else_is_another_command(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    apply();
    command.author = user(ADMIN);
    decide(&command);
    is_accepted(1);
}

/* The window begins above seq 100. */
static void make_old_room(uint64_t floor_ts)
{
    struct cht_id id = user(999);
    room_state_deinit(&room);
    room_state_init(&room, &id, secret);
    struct rooms_load_op loaded = {
        .meta = {.kind = cht_room_kind_group}, .head = {.seq = 356, .n = 300, .ts = floor_ts}};
    room_state_load(&room, &loaded);
    assert_int_equal(room.window.floor, 100);
    struct room_member member = {
        .user = user(MEMBER), .role = cht_role_member, .state = cht_member_state_joined};
    room_state_load_member(&room, &member);
}

static void below_the_window_the_store_is_asked(void **state)
{
    (void)state;
    make_old_room(START_MS);
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    command.after = 99;
    facts.have = 0;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_NEEDS);
    assert_int_equal(decision.needs, ROOM_FACT_CID);
    command.after = 100;
    decide(&command);
    is_accepted(1);
}

static void without_after_the_store_is_asked_for_ten_minutes(void **state)
{
    (void)state;
    make_old_room(START_MS);
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    facts.have = 0;
    facts.now = START_MS + ROOM_WINDOW_MS - 1;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_NEEDS);
    facts.now = START_MS + ROOM_WINDOW_MS;
    decide(&command);
    is_accepted(1);
}

static void what_the_store_found_is_the_answer(void **state)
{
    (void)state;
    make_old_room(START_MS);
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    facts.cid_err = OK;
    facts.cid =
        (struct room_mark){.seq = 50, .n = 40, .ts = 7, .content = decision.entries[0].content};
    command.after = 20;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
    assert_int_equal(decision.seq, 50);
    assert_int_equal(decision.n, 40);
    facts.cid.content++;
    decide(&command);
    is_refused(ERR_CONFLICT, "cid");
}

static void what_is_too_old_to_check_is_a_conflict_if_it_says_how_old(void **state)
{
    (void)state;
    make_old_room(START_MS);
    facts.cid_err = ERR_CONFLICT;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    command.after = 1;
    decide(&command);
    is_refused(ERR_CONFLICT, "after");
    command.after = 0;
    decide(&command);
    is_accepted(1);
}

/* ---- messages */
static void a_message_gets_the_next_seq_and_n_and_a_time_that_never_goes_back(void **state)
{
    (void)state;
    facts.now = START_MS - 1;
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    decide(&command);
    is_accepted(1);
    assert_int_equal(decision.entries[0].n, room.n + 1);
    assert_int_equal(decision.entries[0].ts, START_MS);
    assert_true(decision.created);
}

static void an_edit_or_delete_of_what_is_no_message_is_not_found(void **state)
{
    (void)state;
    static const uint64_t types[] = {cht_command_type_message_edit, cht_command_type_message_delete,
        cht_command_type_message_react};
    for (size_t i = 0; i < 3; i++) {
        struct cht_command command = filled(types[i], MEMBER, "");
        command.target = 1;
        decide(&command);
        is_refused(ERR_NOT_FOUND, NULL);
        command = filled(types[i], MEMBER, "");
        command.target = room.seq + 1;
        decide(&command);
        is_refused(ERR_NOT_FOUND, NULL);
    }
    struct cht_command reply = filled(cht_command_type_message_send, MEMBER, "");
    reply.reply_to = 1;
    decide(&reply);
    is_refused(ERR_NOT_FOUND, NULL);
}

static void what_is_already_so_makes_no_entry(void **state)
{
    (void)state;
    uint64_t target = room.seq;
    struct cht_command command = filled(cht_command_type_message_edit, MEMBER, "");
    command.text = str("text");
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
    assert_int_equal(decision.seq, room.seq);
    command = filled(cht_command_type_message_react, MEMBER, "");
    command.on = false;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
    command = filled(cht_command_type_message_delete, MEMBER, "");
    decide(&command);
    apply();
    command = filled(cht_command_type_message_delete, OWNER, "");
    command.target = target;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void a_deleted_message_takes_no_edit_and_no_reaction(void **state)
{
    (void)state;
    uint64_t target = room.seq;
    struct cht_command command = filled(cht_command_type_message_delete, MEMBER, "");
    decide(&command);
    apply();
    command = filled(cht_command_type_message_edit, MEMBER, "");
    command.target = target;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
    command = filled(cht_command_type_message_react, MEMBER, "");
    command.target = target;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
    command = filled(cht_command_type_message_send, MEMBER, "");
    command.reply_to = target;
    decide(&command);
    is_accepted(1);
}

static void a_message_that_is_not_in_memory_is_asked_of_the_store(void **state)
{
    (void)state;
    make_old_room(START_MS - ROOM_WINDOW_MS);
    struct cht_command command = filled(cht_command_type_message_edit, MEMBER, "");
    command.target = 50;
    facts.have = 0;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_NEEDS);
    assert_int_equal(decision.needs, ROOM_FACT_TARGET);
    facts.have = ROOM_FACT_TARGET;
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    facts.target_found = true;
    facts.target_by = user(MEMBER);
    decide(&command);
    is_accepted(1);
    facts.target_deleted = true;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
}

/* The store has the message; the room knows that it was deleted since. */
static void the_window_has_the_last_word_about_an_old_message(void **state)
{
    (void)state;
    make_old_room(START_MS - ROOM_WINDOW_MS);
    facts.target_found = true;
    facts.target_by = user(MEMBER);
    struct cht_command command = filled(cht_command_type_message_delete, MEMBER, "");
    command.target = 50;
    decide(&command);
    apply();
    command = filled(cht_command_type_message_edit, MEMBER, "");
    command.target = 50;
    decide(&command);
    is_refused(ERR_TARGET_DELETED, NULL);
}

static void only_members_are_mentioned_each_once(void **state)
{
    (void)state;
    struct cht_id some[] = {user(OWNER), user(STRANGER), user(OWNER), user(BANNED), user(PLAIN)};
    struct cht_command command = filled(cht_command_type_message_send, MEMBER, "");
    command.mentions = (struct cht_ids){some, 5};
    decide(&command);
    is_accepted(1);
    assert_int_equal(decision.entries[0].mentions.count, 2);
}

/* ---- direct rooms */
static void the_first_message_to_somebody_makes_the_room(void **state)
{
    (void)state;
    struct cht_id id = user(999);
    room_state_deinit(&room);
    room_state_init(&room, &id, secret);
    struct cht_command command = filled(cht_command_type_message_send, OWNER, "");
    command.room = (struct cht_id){{0}};
    command.to = user(ADMIN);
    facts.have = 0;
    decide(&command);
    assert_int_equal(decision.needs, ROOM_FACT_USERS | ROOM_FACT_BLOCKS);
    facts.have = 31;
    decide(&command);
    is_accepted(4);
    assert_int_equal(decision.seq, 4);
    assert_int_equal(decision.n, 1);
    facts.missing_user = 0;
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    facts.missing_user = -1;
    facts.blocking_user = 0;
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void whoever_is_blocked_may_not_send_nor_react(void **state)
{
    (void)state;
    make_direct();
    facts.blocking_user = 0;
    struct cht_command command = filled(cht_command_type_message_send, OWNER, "");
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
    command = filled(cht_command_type_message_react, OWNER, "");
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void a_hidden_room_comes_back_with_the_next_message(void **state)
{
    (void)state;
    make_direct();
    struct cht_command command = filled(cht_command_type_room_leave, ADMIN, "");
    decide(&command);
    is_accepted(1);
    assert_true(decision.entries[0].quiet);
    apply();
    decide(&(struct cht_command){.type = cht_command_type_room_leave,
        .author = user(ADMIN),
        .room = user(999),
        .cid = str("again")});
    assert_int_equal(decision.outcome, ROOM_DUP);
    command = filled(cht_command_type_message_send, OWNER, "");
    decide(&command);
    is_accepted(2);
    assert_int_equal(decision.entries[0].kind, cht_entry_kind_member);
    assert_int_equal(decision.seq, decision.entries[1].seq);
    /* who sees the quiet entry not is told where the last loud one was */
    assert_int_equal(decision.entries[1].prev, room.loud_seq);
}

static void notes_to_oneself_ask_nobody(void **state)
{
    (void)state;
    make_empty(cht_room_kind_direct, cht_visibility_private);
    room.pair[1] = user(OWNER);
    seat(OWNER, cht_role_member, cht_member_state_joined);
    facts.have = 0;
    struct cht_command command = filled(cht_command_type_message_send, OWNER, "");
    decide(&command);
    is_accepted(1);
}

/* ---- rooms and members */
static struct cht_command create(uint64_t kind, uint16_t others)
{
    static struct cht_id members[100];
    struct cht_command command = command_of(cht_command_type_room_create, OWNER);
    command.room = (struct cht_id){{0}};
    command.kind = kind;
    command.name = str("new");
    for (uint16_t i = 0; i < others; i++) {
        members[i] = user((uint16_t)(i + 2));
    }
    command.members = (struct cht_ids){members, others};
    struct cht_id id = user(999);
    room_state_deinit(&room);
    room_state_init(&room, &id, secret);
    return command;
}

static void a_new_room_has_its_creator_as_owner_and_the_others_as_members(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_group, 100);
    decide(&command);
    is_accepted(102);
    assert_true(decision.created);
    assert_int_equal(decision.seq, 1);
    apply();
    assert_int_equal(room.members.joined, 101);
    assert_int_equal(room_members_count_role(&room.members, cht_role_owner), 1);
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void members_of_a_new_room_must_exist_and_be_willing(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_group, 2);
    facts.missing_user = 1;
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    facts.missing_user = -1;
    facts.blocking_user = 1;
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void a_public_name_has_one_room(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_channel, 0);
    command.visibility = cht_visibility_public;
    facts.name_taken = true;
    decide(&command);
    is_refused(ERR_CONFLICT, "name");
    command.visibility = cht_visibility_private;
    decide(&command);
    is_accepted(2);
}

static void a_direct_room_has_one_other(void **state)
{
    (void)state;
    struct cht_command command = create(cht_room_kind_direct, 2);
    decide(&command);
    is_refused(ERR_BAD_FIELD, "members");
    command = create(cht_room_kind_direct, 1);
    decide(&command);
    is_accepted(3);
}

static void only_a_channel_is_public(void **state)
{
    (void)state;
    struct cht_command command = command_of(cht_command_type_room_update, OWNER);
    command.visibility = cht_visibility_public;
    decide(&command);
    is_refused(ERR_BAD_FIELD, "visibility");
}

static void when_the_last_owner_leaves_somebody_follows(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_leave, OWNER, "");
    decide(&command);
    is_accepted(2);
    assert_int_equal(decision.entries[1].role, cht_role_owner);
    struct cht_id heir = user(ADMIN);
    assert_true(cht_id_equal(&decision.entries[1].user, &heir));
}

static void when_the_last_one_leaves_the_room_is_over(void **state)
{
    (void)state;
    make_empty(cht_room_kind_group, cht_visibility_private);
    seat(OWNER, cht_role_owner, cht_member_state_joined);
    struct cht_command command = filled(cht_command_type_room_leave, OWNER, "");
    decide(&command);
    is_accepted(2);
    assert_int_equal(decision.entries[1].kind, cht_entry_kind_room_deleted);
    apply();
    assert_false(room_state_exists(&room));
}

static void a_room_keeps_one_owner(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_role, OWNER, "");
    command.user = user(OWNER);
    decide(&command);
    is_refused(ERR_CONFLICT, "role");
    command.role = cht_role_owner;
    decide(&command);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void whoever_is_banned_is_not_added_until_unbanned(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    command.user = user(BANNED);
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
    struct cht_command unban = filled(cht_command_type_room_unban, OWNER, "");
    decide(&unban);
    apply();
    decide(&command);
    is_accepted(1);
    decide(&unban);
    assert_int_equal(decision.outcome, ROOM_DUP);
}

static void somebody_unknown_is_not_added_nor_banned(void **state)
{
    (void)state;
    facts.missing_user = 0;
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
    command = filled(cht_command_type_room_ban, OWNER, "");
    command.user = user(STRANGER);
    decide(&command);
    is_refused(ERR_NOT_FOUND, NULL);
}

static void only_an_owner_adds_somebody_as_more_than_a_member(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_add, ADMIN, "");
    command.role = cht_role_admin;
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
    command.author = user(OWNER);
    decide(&command);
    is_accepted(1);
}

static void a_group_takes_a_thousand(void **state)
{
    (void)state;
    for (uint16_t i = 1000; room.members.joined < ROOM_GROUP_MEMBERS_MAX; i++) {
        seat(i, cht_role_member, cht_member_state_joined);
    }
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    decide(&command);
    is_refused(ERR_CONFLICT, "user");
}

static void joins_and_leaves_of_a_large_room_are_quiet(void **state)
{
    (void)state;
    make_room(PUBLIC);
    struct cht_command join = filled(cht_command_type_room_join, STRANGER, "");
    decide(&join);
    assert_false(decision.entries[0].quiet);
    for (uint16_t i = 1000; room.members.joined <= ROOM_QUIET_MEMBERS; i++) {
        seat(i, cht_role_member, cht_member_state_joined);
    }
    join = filled(cht_command_type_room_join, STRANGER, "");
    decide(&join);
    assert_true(decision.entries[0].quiet);
    struct cht_command removal = filled(cht_command_type_room_remove, OWNER, "");
    decide(&removal);
    assert_false(decision.entries[0].quiet);
}

static void the_system_may_add_and_not_speak(void **state)
{
    (void)state;
    struct cht_command command = filled(cht_command_type_room_add, OWNER, "");
    command.author = (struct cht_id){{0}};
    decide(&command);
    is_accepted(1);
    command = filled(cht_command_type_message_send, OWNER, "");
    command.author = (struct cht_id){{0}};
    decide(&command);
    is_refused(ERR_FORBIDDEN, NULL);
}

static void reading_and_typing_are_for_members(void **state)
{
    (void)state;
    struct cht_id owner = user(OWNER), stranger = user(STRANGER), banned = user(BANNED);
    assert_int_equal(room_may(&room, &owner, cht_command_type_read), OK);
    assert_int_equal(room_may(&room, &stranger, cht_command_type_read), ERR_NOT_FOUND);
    assert_int_equal(room_may(&room, &owner, 12345), ERR_NOT_FOUND);
    make_room(PUBLIC);
    assert_int_equal(room_may(&room, &banned, cht_command_type_typing), ERR_NOT_MEMBER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(everybody_may_what_the_table_says_and_nothing_else),
        TEST(the_two_of_a_direct_room_may_talk_and_hide_it_and_nothing_else),
        TEST(in_a_room_that_is_gone_nobody_may_anything),
        TEST(a_query_is_no_command_of_a_room),
        TEST(where_only_admins_post_others_may_not_send_nor_react),
        TEST(where_only_admins_add_others_may_not),
        TEST(nobody_has_power_over_the_same_or_a_higher_role),
        TEST(whoever_is_muted_is_told_the_wait_by_the_time_of_sending),
        TEST(over_people_who_are_not_there_nobody_has_power),
        TEST(a_repeat_has_the_first_answer),
        TEST(a_repeat_is_a_repeat_also_when_its_sender_may_no_longer),
        TEST(the_same_cid_with_other_content_is_a_conflict),
        TEST(the_same_cid_of_somebody_else_is_another_command),
        TEST(below_the_window_the_store_is_asked),
        TEST(without_after_the_store_is_asked_for_ten_minutes),
        TEST(what_the_store_found_is_the_answer),
        TEST(what_is_too_old_to_check_is_a_conflict_if_it_says_how_old),
        TEST(a_message_gets_the_next_seq_and_n_and_a_time_that_never_goes_back),
        TEST(an_edit_or_delete_of_what_is_no_message_is_not_found),
        TEST(what_is_already_so_makes_no_entry),
        TEST(a_deleted_message_takes_no_edit_and_no_reaction),
        TEST(a_message_that_is_not_in_memory_is_asked_of_the_store),
        TEST(the_window_has_the_last_word_about_an_old_message),
        TEST(only_members_are_mentioned_each_once),
        TEST(the_first_message_to_somebody_makes_the_room),
        TEST(whoever_is_blocked_may_not_send_nor_react),
        TEST(a_hidden_room_comes_back_with_the_next_message),
        TEST(notes_to_oneself_ask_nobody),
        TEST(a_new_room_has_its_creator_as_owner_and_the_others_as_members),
        TEST(members_of_a_new_room_must_exist_and_be_willing),
        TEST(a_public_name_has_one_room),
        TEST(a_direct_room_has_one_other),
        TEST(only_a_channel_is_public),
        TEST(when_the_last_owner_leaves_somebody_follows),
        TEST(when_the_last_one_leaves_the_room_is_over),
        TEST(a_room_keeps_one_owner),
        TEST(whoever_is_banned_is_not_added_until_unbanned),
        TEST(somebody_unknown_is_not_added_nor_banned),
        TEST(only_an_owner_adds_somebody_as_more_than_a_member),
        TEST(a_group_takes_a_thousand),
        TEST(joins_and_leaves_of_a_large_room_are_quiet),
        TEST(the_system_may_add_and_not_speak),
        TEST(reading_and_typing_are_for_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
