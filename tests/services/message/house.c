/* house - see the header. Happy path: as there. How it fails: an answer that does not come fails
 * the test. */

#include "house.h"

#include <stdio.h>
#include <string.h>

#include "base/event_buf.h"
#include "message/message.h"
#include "sqlite_engine.h"

struct contract_engine *engine;
static struct message_service *service;
static struct log_claim_op owner;
static uint64_t next_index, next_n;
uint64_t next_seq;
char answer[1 << 20];
uint64_t answer_error;
uint32_t answers;
char kinds[32];
static struct mail_handler *work;
struct cht_id room_id, ann, bob, eve;

/* ---- fakes: mail keeps the last reply, secrets sign by adding up */

static void fake_open(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    (void)mail;
    (void)credit;
    assert_int_equal(box, MAIL_WORK);
    work = handler;
}

#define HURRY_REF 78
#define END_TURNS_MAX 100000u
static uint32_t hurries;

static void keep_reply(struct cht_str bytes)
{
    struct cht_reply reply;
    struct cht_scratch nothing = {NULL, 0, 0};
    assert_true(cht_decode(&cht_row_reply, bytes, &nothing, &reply));
    if (reply.node_ref == HURRY_REF) {
        hurries++;
        return;
    }
    assert_int_equal(reply.node_ref, 77);
    answer_error = reply.error;
    memcpy(answer, reply.body.size > 0 ? reply.body.at : "", reply.body.size);
    answer[reply.body.size] = '\0';
    kinds[answers++ % sizeof(kinds)] = 'r';
}

/* How many rooms each user has, and whether there are more: "1,0+". */
static void keep_circles(struct cht_str bytes)
{
    struct cht_circles circles;
    static uint8_t memory[65536];
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    assert_true(cht_decode(&cht_row_circles, bytes, &scratch, &circles));
    assert_int_equal(circles.node_ref, 77);
    const struct cht_circle *at = circles.circles.at;
    size_t used = 0;
    for (uint32_t i = 0; i < circles.circles.count; i++) {
        used += (size_t)snprintf(answer + used, sizeof(answer) - used, "%s%u%s", i ? "," : "",
            at[i].rooms.count, at[i].more ? "+" : "");
    }
    kinds[answers++ % sizeof(kinds)] = 'c';
}

static void fake_send(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    struct cht_str bytes = event_buf_bytes(event);
    (void)mail;
    assert_int_equal(box, MAIL_PAGES);
    assert_int_equal(node, 5);
    if (cht_event_number_of(bytes) == CHT_EVENT_reply) {
        keep_reply(bytes);
        return;
    }
    if (cht_event_number_of(bytes) == CHT_EVENT_circles) {
        keep_circles(bytes);
        return;
    }
    struct cht_roster roster;
    static uint8_t memory[4096];
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    assert_true(cht_decode(&cht_row_roster, bytes, &scratch, &roster));
    snprintf(answer, sizeof(answer), "rooms=%u apart=%u", roster.rooms.count, roster.apart.count);
    kinds[answers++ % sizeof(kinds)] = 'l';
}

static void fake_listen(struct cast *cast, struct cast_handler *handler)
{
    (void)cast;
    (void)handler;
}

static const struct cast_ops cast_ops = {.listen = fake_listen};
static struct cast casts = {&cast_ops};

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

void house_append(struct cht_entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        entries[i].seq = ++next_seq;
        entries[i].ts = 1000 + next_seq;
        next_n += entries[i].kind == cht_entry_kind_message;
        entries[i].n = next_n;
    }
    struct cht_record record = {
        .term = owner.term, .index = ++next_index, .room = room_id, .entries = {entries, count}};
    struct buf *buf = event_buf_encode(&cht_row_record, &record);
    struct log_append_op op = {0};
    log_append(engine->log, &contract_asker()->asker, &op, owner.writer, buf);
    assert_int_equal(contract_wait(engine), OK);
}

void house_create_room(enum cht_room_kind kind, enum cht_visibility visibility)
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
    house_append(entries, 3);
}

void house_say(const char *text)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .by = ann,
        .text = contract_str(text),
        .cid = contract_str("c")};
    house_append(&entry, 1);
}

void house_change_message(enum cht_entry_kind kind, uint64_t target, const char *text)
{
    struct cht_entry entry = {
        .kind = kind, .by = ann, .target = target, .text = contract_str(text)};
    house_append(&entry, 1);
}

void house_set_history(enum cht_history_from from)
{
    struct cht_entry entry = {.kind = cht_entry_kind_updated, .by = ann, .history = from};
    house_append(&entry, 1);
}

void house_change_member(struct cht_id user, enum cht_member_state state, enum cht_role role)
{
    struct cht_entry entry = {
        .kind = cht_entry_kind_member, .user = user, .state = state, .role = role, .by = ann};
    house_append(&entry, 1);
}

struct cht_id house_person(int number)
{
    return number == 0 ? ann : number == 1 ? bob : eve;
}

/* ---- questions */

static bool answered(void *context)
{
    return answers > *(uint32_t *)context;
}

void house_post(const struct cht_event_row *row, const void *event)
{
    struct buf *buf = event_buf_encode(row, event);
    work->on_mail(work, buf);
    buf_unref(buf);
}

void house_wait_answers(uint32_t before)
{
    assert_true(test_loop_run_until(&engine->loop, answered, &before));
}

void house_post_question(struct cht_command command)
{
    command.node = 5;
    command.node_ref = 77;
    house_post(&cht_row_command, &command);
}

void house_ask(struct cht_command command)
{
    uint32_t before = answers;
    house_post_question(command);
    house_wait_answers(before);
}

static bool hurried(void *context)
{
    return hurries > *(uint32_t *)context;
}

void house_hurry(void)
{
    uint32_t before = hurries;
    struct cht_command command = {.type = cht_command_type_room_get,
        .author = ann,
        .room = room_id,
        .node = 5,
        .node_ref = HURRY_REF};
    house_post(&cht_row_command, &command);
    assert_true(test_loop_run_until(&engine->loop, hurried, &before));
}

void house_pass(uint64_t ms, uint64_t step_ms, uint32_t enough)
{
    for (uint64_t passed = 0; passed < ms && answers < enough; passed += step_ms) {
        test_loop_advance(&engine->loop, step_ms);
        struct history_progress_op turn = {.shard = 0};
        assert_int_equal(ASK(engine, history_progress, engine->history, &turn), OK);
    }
}

void house_ask_room(enum cht_command_type type, struct cht_id author)
{
    house_ask((struct cht_command){.type = type, .author = author, .room = room_id});
}

void assert_has(const char *text)
{
    if (strstr(answer, text) == NULL) {
        fail_msg("no %s in %s", text, answer);
    }
}

void assert_has_not(const char *text)
{
    if (strstr(answer, text) != NULL) {
        fail_msg("%s in %s", text, answer);
    }
}

/* Records may come after any wait, and then gather for their time. */
static bool is_idle(void)
{
    test_loop_advance(&engine->loop, 1000);
    return message_is_idle(service);
}

static void start_service(void)
{
    static const struct message_settings settings = {.batch_records_max = 16,
        .batch_bytes_max = 1 << 20,
        .gather_ms = 1000, /* which never pass by themselves: questions hurry */
        .rooms_cached = 16,
        .hot_pages_max = 2,
        .hot_pages_bytes_max = 65536,
        .names_max = 8,
        .lists_max = 2,
        .lists_bytes_max = 65536,
        .tails_max = 2,
        .tails_bytes_max = 65536,
        .queries_max = HOUSE_QUERIES,
        .queries_per_user_max = HOUSE_QUERIES_OF_USER,
        .node_queries_max = HOUSE_QUERIES_OF_NODES,
        .waits_per_user_max = HOUSE_WAITS_OF_USER,
        .fresh_wait_ms = 2000,
        .retry_ms = 50};
    struct message_deps deps = {&engine->loop.world, engine->log, &mail, &casts, engine->rooms,
        engine->history, engine->users, &secrets, engine->shards, 3};
    service = message_create(&deps, &settings);
    for (uint32_t i = 0; i < engine->shards; i++) {
        message_own(service, i);
    }
}

/* Time has to pass also when no thread has anything to say: a wait for what never comes. */
static void end_service(void)
{
    for (uint32_t turns = 0; !is_idle(); turns++) {
        struct history_progress_op turn = {.shard = 0};
        assert_true(turns < END_TURNS_MAX);
        assert_int_equal(ASK(engine, history_progress, engine->history, &turn), OK);
    }
    test_loop_settle(&engine->loop);
    message_destroy(service);
}

void house_restart(void)
{
    end_service();
    start_service();
}

int house_setup(void **state)
{
    engine = sqlite_engine();
    *state = engine;
    contract_setup(state);
    engine->loop.world.logger = sqlite_engine_logger();
    next_index = next_seq = next_n = 0;
    room_id = contract_id(1);
    ann = contract_id(2);
    bob = contract_id(3);
    eve = contract_id(4);
    start_service();
    owner = (struct log_claim_op){0};
    log_claim(engine->log, &contract_asker()->asker, &owner,
        cht_shard_of_room(&room_id, engine->shards), 5);
    assert_int_equal(contract_wait(engine), OK);
    return 0;
}

void house_set(const struct message_settings *settings)
{
    message_set(service, settings);
}

uint64_t house_hot_answers(void)
{
    return message_counters(service).hot;
}

uint64_t house_shared_reads(void)
{
    return message_counters(service).shared_read;
}

int house_teardown(void **state)
{
    log_release(engine->log, owner.writer);
    end_service();
    return contract_teardown(state);
}
