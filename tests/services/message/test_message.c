/* The message service on the SQLite engines: what was appended to the log is found by queries, by
 * those who may see it. */

#include "contract.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "message/message.h"
#include "sqlite_engine.h"

static struct contract_engine *engine;
static struct message_service *service;
static struct log_claim_op owner;
static uint64_t next_index, next_seq, next_n;
static char answer[1 << 20];
static uint64_t answer_error;
static uint32_t answers;
static char kinds[8]; /* of the newest answers: 'r' a reply, 'l' a list of rooms */
static struct mail_handler *work;
static struct cht_id room_id, ann, bob, eve;

/* ---- fakes: mail keeps the last reply, secrets sign by adding up */

static void fake_open(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    (void)mail;
    (void)credit;
    assert_int_equal(box, MAIL_WORK);
    work = handler;
}

static void keep_reply(struct cht_str bytes)
{
    struct cht_reply reply;
    struct cht_scratch nothing = {NULL, 0, 0};
    assert_true(cht_decode(&cht_row_reply, bytes, &nothing, &reply));
    assert_int_equal(reply.node_ref, 77);
    answer_error = reply.error;
    memcpy(answer, reply.body.size > 0 ? reply.body.at : "", reply.body.size);
    answer[reply.body.size] = '\0';
    kinds[answers++ % sizeof(kinds)] = 'r';
}

static void fake_send(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    struct cht_str bytes = {(const char *)event->bytes, event->size};
    (void)mail;
    assert_int_equal(box, MAIL_PAGES);
    assert_int_equal(node, 5);
    if (cht_event_number_of(bytes) == CHT_EVENT_reply) {
        keep_reply(bytes);
        return;
    }
    struct cht_roster roster;
    static uint8_t memory[4096];
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    assert_true(cht_decode(&cht_row_roster, bytes, &scratch, &roster));
    snprintf(answer, sizeof(answer), "rooms=%u", roster.rooms.count);
    kinds[answers++ % sizeof(kinds)] = 'l';
}

static const struct mail_ops mail_ops = {.open = fake_open, .send = fake_send};
static struct mail mail = {.ops = &mail_ops, .node = 5, .boot = 1};

static void fake_mac(
    struct secrets *secrets, const char *purpose, struct cht_str bytes, uint8_t ret_mac[32])
{
    uint64_t sum = 99;
    (void)secrets;
    (void)purpose;
    for (uint32_t i = 0; i < bytes.size; i++) {
        sum = sum * 31 + (uint8_t)bytes.at[i];
    }
    memset(ret_mac, 0, 32);
    memcpy(ret_mac, &sum, sizeof(sum));
}

static bool fake_equal(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

static const struct secrets_ops secrets_ops = {.mac = fake_mac, .equal = fake_equal};
static struct secrets secrets = {.ops = &secrets_ops};

/* ---- the log */

static void append(struct cht_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        entries[i].seq = ++next_seq;
        entries[i].ts = 1000 + next_seq;
        next_n += entries[i].kind == cht_entry_kind_message;
        entries[i].n = next_n;
    }
    struct cht_record record = {
        .term = owner.term, .index = ++next_index, .room = room_id, .entries = {entries, count}};
    struct buf *buf = buf_create(cht_encoded_size(&cht_row_record, &record));
    cht_encode(&cht_row_record, &record, buf->bytes);
    buf->size = buf->capacity;
    struct log_append_op op = {0};
    log_append(engine->log, &contract_asker()->asker, &op, owner.writer, buf);
    assert_int_equal(contract_wait(engine), OK);
}

static void create_room(enum cht_room_kind kind, enum cht_visibility visibility)
{
    struct cht_entry entries[3] = {
        {.kind = cht_entry_kind_created,
            .by = ann,
            .room_kind = kind,
            .name = contract_str("tea"),
            .visibility = visibility},
        {.kind = cht_entry_kind_member,
            .user = ann,
            .role = cht_role_owner,
            .state = cht_member_state_joined,
            .members = 1},
        {.kind = cht_entry_kind_member,
            .user = bob,
            .role = cht_role_member,
            .state = cht_member_state_joined,
            .members = 2},
    };
    append(entries, 3);
}

static void say(const char *text)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .by = ann,
        .text = contract_str(text),
        .cid = contract_str("c")};
    append(&entry, 1);
}

static void change_member(struct cht_id user, enum cht_member_state state, enum cht_role role)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_member, .user = user, .state = state, .role = role, .by = ann};
    append(&entry, 1);
}

/* ---- questions */

static bool answered(void *context)
{
    return answers > *(uint32_t *)context;
}

static void post(const struct cht_event_row *row, const void *event)
{
    struct buf *buf = buf_create(cht_encoded_size(row, event));
    cht_encode(row, event, buf->bytes);
    buf->size = buf->capacity;
    work->on_mail(work, buf);
    buf_unref(buf);
}

static void wait_answers(uint32_t before)
{
    assert_true(test_loop_run_until(&engine->loop, answered, &before));
}

static void post_question(struct cht_command command)
{
    command.node = 5;
    command.node_ref = 77;
    post(&cht_row_command, &command);
}

static void ask(struct cht_command command)
{
    uint32_t before = answers;
    post_question(command);
    wait_answers(before);
}

static void ask_room(enum cht_command_type type, struct cht_id author)
{
    ask((struct cht_command){.type = type, .author = author, .room = room_id});
}

static void assert_has(const char *text)
{
    if (strstr(answer, text) == NULL) {
        fail_msg("no %s in %s", text, answer);
    }
}

static void assert_has_not(const char *text)
{
    if (strstr(answer, text) != NULL) {
        fail_msg("%s in %s", text, answer);
    }
}

/* Records may come after any wait, and then gather for their time. */
static bool is_idle(void *context)
{
    (void)context;
    test_loop_advance(&engine->loop, 1000);
    return message_is_idle(service);
}

static int setup(void **state)
{
    static struct message_settings settings = {.batch_records_max = 16,
        .batch_bytes_max = 1 << 20,
        .gather_ms = 1000, /* which never pass by themselves: questions hurry */
        .rooms_cached = 16,
        .queries_max = 16,
        .fresh_wait_ms = 2000,
        .retry_ms = 50};
    engine = sqlite_engine();
    *state = engine;
    contract_setup(state);
    engine->loop.world.logger = sqlite_engine_logger();
    struct message_deps deps = {&engine->loop.world, engine->log, &mail, engine->rooms,
        engine->history, engine->users, &secrets, engine->shards};
    next_index = next_seq = next_n = 0;
    room_id = contract_id(1);
    ann = contract_id(2);
    bob = contract_id(3);
    eve = contract_id(4);
    service = message_create(&deps, &settings);
    for (uint32_t i = 0; i < engine->shards; i++) {
        message_own(service, i);
    }
    owner = (struct log_claim_op){0};
    log_claim(engine->log, &contract_asker()->asker, &owner,
        cht_shard_of_room(&room_id, engine->shards), 5);
    assert_int_equal(contract_wait(engine), OK);
    return 0;
}

static int teardown(void **state)
{
    log_release(engine->log, owner.writer);
    assert_true(test_loop_run_until(&engine->loop, is_idle, NULL));
    test_loop_settle(&engine->loop);
    message_destroy(service);
    return contract_teardown(state);
}

/* ---- tests */

static void a_member_reads_what_was_said(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    say("one");
    say("two");
    ask_room(cht_command_type_room_history, bob);
    assert_int_equal(answer_error, OK);
    assert_has("\"text\":\"one\"");
    assert_has("\"text\":\"two\"");
    assert_has("\"head\":5,\"more\":false");
    ask_room(cht_command_type_room_events, bob);
    assert_has("{\"type\":\"room.created\"");
    assert_has("{\"type\":\"message\"");
}

static void others_find_nothing_as_for_a_room_that_is_not_there(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    static const enum cht_command_type types[] = {cht_command_type_room_get,
        cht_command_type_room_history, cht_command_type_room_events, cht_command_type_room_members};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        ask_room(types[i], eve);
        assert_int_equal(answer_error, ERR_NOT_FOUND);
        ask((struct cht_command){.type = types[i], .author = eve, .room = contract_id(99)});
        assert_int_equal(answer_error, ERR_NOT_FOUND);
    }
}

static void who_was_removed_reads_no_more(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    say("one");
    change_member(bob, cht_member_state_removed, cht_role_none);
    ask_room(cht_command_type_room_history, bob);
    assert_int_equal(answer_error, ERR_NOT_FOUND);
    ask((struct cht_command){.type = cht_command_type_room_list, .author = bob});
    assert_string_equal(answer, "\"rooms\":[],\"users\":{}");
}

static void a_public_channel_may_be_looked_at_but_not_read(void **state)
{
    (void)state;
    create_room(cht_room_kind_channel, cht_visibility_public);
    say("secret");
    ask_room(cht_command_type_room_get, eve);
    assert_int_equal(answer_error, OK);
    assert_has("\"name\":\"tea\"");
    assert_has("\"members\":2");
    assert_has_not("secret");
    ask_room(cht_command_type_room_history, eve);
    assert_int_equal(answer_error, ERR_NOT_MEMBER);
    ask((struct cht_command){
        .type = cht_command_type_room_public, .author = eve, .prefix = contract_str("TE")});
    assert_has("\"name\":\"tea\"");
    assert_has_not("secret");
}

static void unread_counts_from_the_moment_of_joining(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    say("one");
    change_member(eve, cht_member_state_joined, cht_role_member);
    say("two");
    ask_room(cht_command_type_room_get, eve);
    assert_has("\"n\":2,\"read_n\":1,\"unread\":1");
    change_member(eve, cht_member_state_joined, cht_role_admin);
    ask_room(cht_command_type_room_get, eve);
    assert_has("\"role\":\"admin\"");
    assert_has("\"n\":2,\"read_n\":1,\"unread\":1");
    ask_room(cht_command_type_room_get, ann);
    assert_has("\"n\":2,\"read_n\":2,\"unread\":0");
}

static void deleted_content_is_nowhere(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    say("secretword");
    struct cht_entry edit = {.kind = cht_entry_kind_edited,
        .by = ann,
        .target = 4,
        .text = contract_str("secretword again")};
    append(&edit, 1);
    struct cht_entry gone = {.kind = cht_entry_kind_deleted, .by = ann, .target = 4};
    append(&gone, 1);
    static const enum cht_command_type types[] = {cht_command_type_room_get,
        cht_command_type_room_history, cht_command_type_room_events, cht_command_type_room_list,
        cht_command_type_sync, cht_command_type_search};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        ask((struct cht_command){.type = types[i],
            .author = ann,
            .room = room_id,
            .events = 20,
            .q = contract_str("secretword")});
        assert_int_equal(answer_error, OK);
        assert_has_not("secretword");
    }
    ask_room(cht_command_type_room_history, ann);
    assert_has("\"deleted\":true");
}

static void sync_tells_what_moved_and_what_is_gone(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    say("one");
    struct cht_room_seq known[2] = {
        {.room = contract_id(50), .seq = 3}, {.room = room_id, .seq = 3}};
    ask((struct cht_command){
        .type = cht_command_type_sync, .author = bob, .rooms = {known, 2}, .events = 20});
    assert_int_equal(answer_error, OK);
    assert_has("\"events\":[{\"type\":\"message\"");
    assert_has("\"gone\":[\"c0");
    known[1].seq = 4;
    ask((struct cht_command){.type = cht_command_type_sync, .author = bob, .rooms = {known, 2}});
    assert_has("\"rooms\":[],");
}

static void copy_next(char *ret_next)
{
    const char *at = strstr(answer, "\"next\":\"");
    assert_non_null(at);
    at += 8;
    size_t size = strcspn(at, "\"");
    memcpy(ret_next, at, size);
    ret_next[size] = '\0';
}

static void a_cursor_goes_on_for_its_user_alone(void **state)
{
    (void)state;
    char next[600];
    create_room(cht_room_kind_group, cht_visibility_private);
    struct cht_command command = {
        .type = cht_command_type_room_members, .author = ann, .room = room_id, .limit = 1};
    ask(command);
    copy_next(next);
    command.cursor = contract_str(next);
    ask(command);
    assert_int_equal(answer_error, OK);
    assert_has("000000000003");
    assert_has_not("\"next\"");
    command.author = bob;
    ask(command);
    assert_int_equal(answer_error, ERR_BAD_FIELD);
    command.author = ann;
    next[3] = next[3] == 'A' ? 'B' : 'A';
    ask(command);
    assert_int_equal(answer_error, ERR_BAD_FIELD);
}

static void two_bounds_are_refused(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    ask((struct cht_command){.has = CHT_BIT(command, before_seq) | CHT_BIT(command, after_seq),
        .type = cht_command_type_room_history,
        .author = ann,
        .room = room_id,
        .before_seq = 3,
        .after_seq = 1});
    assert_int_equal(answer_error, ERR_BAD_FIELD);
}

static void a_node_learns_the_rooms_of_a_user(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    uint32_t before = answers;
    struct cht_roster_query question = {.user = bob, .node = 5, .node_ref = 77};
    post(&cht_row_roster_query, &question);
    wait_answers(before);
    assert_string_equal(answer, "rooms=1");
}

static void what_a_client_reads_is_not_older_than_the_list_of_its_rooms(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    say("one");
    answers = 0;
    struct cht_roster_query question = {.user = bob, .node = 5, .node_ref = 77};
    post(&cht_row_roster_query, &question);
    post_question((struct cht_command){
        .type = cht_command_type_room_history, .author = bob, .room = room_id});
    post_question((struct cht_command){.type = cht_command_type_sync, .author = bob});
    wait_answers(2);
    assert_memory_equal(kinds, "lrr", 3);
}

static void what_is_not_there_in_time_is_unavailable(void **state)
{
    (void)state;
    create_room(cht_room_kind_group, cht_visibility_private);
    uint32_t before = answers;
    post_question((struct cht_command){
        .type = cht_command_type_room_history, .author = ann, .room = room_id, .at_least = 10});
    for (int i = 0; i < 100 && answers == before; i++) {
        say("more"); /* waits for the disk, so reads go on meanwhile */
        test_loop_advance(&engine->loop, 60);
    }
    assert_true(test_loop_run_until(&engine->loop, answered, &before));
    assert_true(answer_error == OK || answer_error == ERR_UNAVAILABLE);
    if (answer_error == OK) {
        const char *head = strstr(answer, "\"head\":");
        unsigned seq = 0;
        assert_int_equal(sscanf(head, "\"head\":%u", &seq), 1);
        assert_true(seq >= 10);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_member_reads_what_was_said),
        TEST(others_find_nothing_as_for_a_room_that_is_not_there),
        TEST(who_was_removed_reads_no_more),
        TEST(a_public_channel_may_be_looked_at_but_not_read),
        TEST(unread_counts_from_the_moment_of_joining),
        TEST(deleted_content_is_nowhere),
        TEST(sync_tells_what_moved_and_what_is_gone),
        TEST(a_cursor_goes_on_for_its_user_alone),
        TEST(two_bounds_are_refused),
        TEST(a_node_learns_the_rooms_of_a_user),
        TEST(what_a_client_reads_is_not_older_than_the_list_of_its_rooms),
        TEST(what_is_not_there_in_time_is_unavailable),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
