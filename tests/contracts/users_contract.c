/* The contract of the port users. */

#include "contract.h"

enum { RACERS = 16 };

static struct user person(uint32_t number, const char *name)
{
    return (struct user){
        .id = contract_id(number),
        .username = contract_str(name),
        .display_name = contract_str("Somebody"),
        .password_hash = contract_str("$hash"),
        .created = 1000 + number,
        .token_version = 1,
        .row_version = 1,
    };
}

static enum err create(struct contract_engine *engine, struct user user)
{
    struct users_create_op op = {.user = user};
    return ASK(engine, users_create, engine->users, &op);
}

static enum err by_name(
    struct contract_engine *engine, const char *name, struct users_by_name_op *op)
{
    op->username = contract_str(name);
    return ASK(engine, users_by_name, engine->users, op);
}

static void an_account_is_found_by_its_name_also_after_a_restart(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(create(engine, person(1, "anna")), OK);
    engine->close(engine);
    engine->open(engine, false);
    struct users_by_name_op op = {0};
    assert_int_equal(by_name(engine, "anna", &op), OK);
    struct cht_id id = contract_id(1);
    assert_true(cht_id_equal(&op.user.id, &id));
    assert_true(cht_str_equal(op.user.password_hash, contract_str("$hash")));
    assert_int_equal(by_name(engine, "bert", &op), ERR_NOT_FOUND);
    arena_deinit(&op.arena);
}

static void a_name_is_given_once(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(create(engine, person(1, "anna")), OK);
    assert_int_equal(create(engine, person(2, "anna")), ERR_TAKEN);
    assert_int_equal(create(engine, person(1, "anna")), OK);
}

static void the_stamp_changes_with_every_account(void **state)
{
    struct contract_engine *engine = *state;
    uint64_t empty = users_stamp(engine->users);
    assert_int_equal(create(engine, person(1, "anna")), OK);
    uint64_t created = users_stamp(engine->users);
    assert_true(created > 0);
    assert_true(created != empty);
    struct users_device_put_op device = {
        .device = {.id = contract_id(9), .user = contract_id(1), .name = contract_str("phone")}};
    assert_int_equal(ASK(engine, users_device_put, engine->users, &device), OK);
    assert_int_equal(users_stamp(engine->users), created);
    struct users_change_op change = {.user = person(1, "anna")};
    change.user.display_name = contract_str("Else");
    assert_int_equal(ASK(engine, users_change, engine->users, &change), OK);
    assert_true(users_stamp(engine->users) > 0);
    assert_true(users_stamp(engine->users) != created);
}

static void of_many_who_want_a_name_at_once_one_gets_it(void **state)
{
    struct contract_engine *engine = *state;
    struct users_create_op ops[RACERS] = {0};
    struct test_asker asker;
    uint32_t won = 0;
    test_asker_init(&asker);
    for (uint32_t i = 0; i < RACERS; i++) {
        ops[i].user = person(i + 1, "carla");
        users_create(engine->users, &asker.asker, &ops[i]);
    }
    assert_true(test_loop_run_until_answered(&engine->loop, &asker, RACERS));
    for (uint32_t i = 0; i < RACERS; i++) {
        won += ops[i].op.err == OK;
        assert_true(ops[i].op.err == OK || ops[i].op.err == ERR_TAKEN);
    }
    assert_int_equal(won, 1);
}

static void a_change_needs_the_version_that_was_read(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(create(engine, person(1, "anna")), OK);
    struct users_change_op op = {.user = person(1, "anna")};
    op.user.bio = contract_str("Reads.");
    assert_int_equal(ASK(engine, users_change, engine->users, &op), OK);
    assert_int_equal(ASK(engine, users_change, engine->users, &op), ERR_STALE);
    op.user.row_version = 2;
    op.user.deleted = true;
    assert_int_equal(ASK(engine, users_change, engine->users, &op), OK);
    op.user.id = contract_id(99);
    assert_int_equal(ASK(engine, users_change, engine->users, &op), ERR_NOT_FOUND);
    assert_int_equal(create(engine, person(2, "anna")), ERR_TAKEN);
}

static void many_are_got_at_once_and_unknown_ones_left_out(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(create(engine, person(1, "anna")), OK);
    assert_int_equal(create(engine, person(2, "bert")), OK);
    struct cht_id ids[3] = {contract_id(2), contract_id(50), contract_id(1)};
    struct users_get_op op = {.ids = ids, .id_count = 3};
    assert_int_equal(ASK(engine, users_get, engine->users, &op), OK);
    assert_int_equal(op.count, 2);
    arena_deinit(&op.arena);
}

static void people_are_found_by_the_beginning_of_their_name(void **state)
{
    struct contract_engine *engine = *state;
    const char *const names[] = {"anton", "anna", "bert", "ann", "antje"};
    for (uint32_t i = 0; i < 5; i++) {
        struct user user = person(i + 1, names[i]);
        user.disabled = i == 4;
        assert_int_equal(create(engine, user), OK);
    }
    struct users_find_op op = {.prefix = contract_str("an"), .limit = 10};
    assert_int_equal(ASK(engine, users_find, engine->users, &op), OK);
    assert_int_equal(op.count, 3);
    assert_true(cht_str_equal(op.users[0].username, contract_str("ann")));
    assert_true(cht_str_equal(op.users[1].username, contract_str("anna")));
    assert_true(cht_str_equal(op.users[2].username, contract_str("anton")));
    op.limit = 1;
    assert_int_equal(ASK(engine, users_find, engine->users, &op), OK);
    assert_int_equal(op.count, 1);
    arena_deinit(&op.arena);
}

static struct device phone(uint64_t generation)
{
    return (struct device){
        .id = contract_id(70),
        .user = contract_id(1),
        .name = contract_str("phone"),
        .refresh_hash = {(uint8_t)generation},
        .generation = generation,
        .created = 5,
    };
}

static void a_device_changes_only_from_the_generation_that_was_read(void **state)
{
    struct contract_engine *engine = *state;
    struct users_device_put_op put = {.device = phone(1)};
    assert_int_equal(ASK(engine, users_device_put, engine->users, &put), OK);
    struct users_device_change_op change = {.device = phone(2), .expect_generation = 1};
    assert_int_equal(ASK(engine, users_device_change, engine->users, &change), OK);
    assert_int_equal(ASK(engine, users_device_change, engine->users, &change), ERR_STALE);
    change.device.id = contract_id(71);
    assert_int_equal(ASK(engine, users_device_change, engine->users, &change), ERR_NOT_FOUND);
    struct users_device_get_op get = {.user = contract_id(1), .device_id = contract_id(70)};
    assert_int_equal(ASK(engine, users_device_get, engine->users, &get), OK);
    assert_int_equal(get.device.generation, 2);
    assert_int_equal(get.device.refresh_hash[0], 2);
    struct users_devices_op list = {.user = contract_id(1)};
    assert_int_equal(ASK(engine, users_devices, engine->users, &list), OK);
    assert_int_equal(list.count, 1);
    assert_true(cht_str_equal(list.devices[0].name, contract_str("phone")));
    arena_deinit(&get.arena);
    arena_deinit(&list.arena);
}

static void put_revoked(struct contract_engine *engine, uint32_t number, uint64_t at)
{
    struct users_device_put_op put = {.device = phone(1)};
    put.device.id = contract_id(number);
    put.device.revoked_at = at;
    assert_int_equal(ASK(engine, users_device_put, engine->users, &put), OK);
}

static struct users_revoked_op revoked(
    struct contract_engine *engine, uint64_t since, uint32_t limit)
{
    struct users_revoked_op op = {.since = since, .limit = limit};
    assert_int_equal(ASK(engine, users_revoked, engine->users, &op), OK);
    return op;
}

static void what_became_void_is_told_oldest_first_also_after_a_restart(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(create(engine, person(1, "anna")), OK);
    assert_int_equal(create(engine, person(2, "bert")), OK);
    struct users_change_op change = {.user = person(1, "anna")};
    change.user.token_version = 7;
    change.user.voided_at = 3000;
    assert_int_equal(ASK(engine, users_change, engine->users, &change), OK);
    put_revoked(engine, 71, 4000);
    put_revoked(engine, 72, 2000);
    put_revoked(engine, 73, 0);
    engine->close(engine);
    engine->open(engine, false);
    struct users_revoked_op op = revoked(engine, 2000, 10);
    assert_int_equal(op.count, 3);
    assert_int_equal(op.revoked[0].at, 2000);
    assert_int_equal(op.revoked[1].at, 3000);
    assert_int_equal(op.revoked[1].version, 7);
    assert_true(cht_id_is_none(&op.revoked[1].device));
    struct cht_id device = contract_id(71), user = contract_id(1);
    assert_true(cht_id_equal(&op.revoked[2].device, &device));
    assert_true(cht_id_equal(&op.revoked[2].user, &user));
    arena_deinit(&op.arena);
    op = revoked(engine, 2001, 10);
    assert_int_equal(op.count, 2);
    arena_deinit(&op.arena);
    op = revoked(engine, 0, 2);
    assert_int_equal(op.revoked[0].at, 3000);
    arena_deinit(&op.arena);
}

static void many_things_that_became_void_are_told_whole(void **state)
{
    struct contract_engine *engine = *state;
    for (uint32_t i = 1; i <= 40; i++) {
        put_revoked(engine, 1000 + i, i);
    }
    struct users_revoked_op op = revoked(engine, 1, 1000);
    assert_int_equal(op.count, 40);
    for (uint32_t i = 0; i < 40; i++) {
        struct cht_id device = contract_id(1001 + i);
        assert_int_equal(op.revoked[i].at, i + 1);
        assert_true(cht_id_equal(&op.revoked[i].device, &device));
    }
    arena_deinit(&op.arena);
}

static void only_devices_that_are_signed_in_are_listed(void **state)
{
    struct contract_engine *engine = *state;
    for (uint32_t i = 0; i < 20; i++) {
        put_revoked(engine, 100 + i, i % 4 ? 9 : 0);
    }
    struct users_devices_op list = {.user = contract_id(1)};
    assert_int_equal(ASK(engine, users_devices, engine->users, &list), OK);
    assert_int_equal(list.count, 5);
    arena_deinit(&list.arena);
}

static enum err block(struct contract_engine *engine, uint32_t other, bool on)
{
    struct users_block_op op = {
        .user = contract_id(1), .other = contract_id(other), .on = on, .blocks_max = 2};
    return ASK(engine, users_block, engine->users, &op);
}

static void blocks_are_bounded_and_idempotent(void **state)
{
    struct contract_engine *engine = *state;
    assert_int_equal(block(engine, 10, true), OK);
    assert_int_equal(block(engine, 11, true), OK);
    assert_int_equal(block(engine, 11, true), OK);
    assert_int_equal(block(engine, 12, true), ERR_FULL);
    assert_int_equal(block(engine, 10, false), OK);
    assert_int_equal(block(engine, 10, false), OK);
    struct users_blocks_op list = {.user = contract_id(1)};
    assert_int_equal(ASK(engine, users_blocks, engine->users, &list), OK);
    assert_int_equal(list.count, 1);
    struct cht_id ids[2] = {contract_id(2), contract_id(1)};
    struct users_blocking_op who = {.author = contract_id(11), .ids = ids, .id_count = 2};
    assert_int_equal(ASK(engine, users_blocking, engine->users, &who), OK);
    assert_false(who.blocking[0]);
    assert_true(who.blocking[1]);
    arena_deinit(&list.arena);
}

static void block_at(
    struct contract_engine *engine, uint32_t user, uint32_t other, bool on, uint64_t at)
{
    struct users_block_op op = {.user = contract_id(user),
        .other = contract_id(other),
        .on = on,
        .blocks_max = 9,
        .at = at};
    assert_int_equal(ASK(engine, users_block, engine->users, &op), OK);
}

static uint64_t since(const struct users_apart_op *op, uint32_t other)
{
    struct cht_id id = contract_id(other);
    for (uint32_t i = 0; i < op->count; i++) {
        if (cht_id_equal(&op->apart[i].user, &id)) {
            return op->apart[i].since;
        }
    }
    return 0;
}

static void a_block_is_found_from_either_end(void **state)
{
    struct contract_engine *engine = *state;
    block_at(engine, 1, 10, true, 50);
    block_at(engine, 1, 10, true, 60); /* it is there already */
    block_at(engine, 11, 1, true, 70);
    block_at(engine, 12, 1, true, 80);
    block_at(engine, 12, 1, false, 90);
    block_at(engine, 10, 11, true, 95);
    struct users_apart_op op = {.user = contract_id(1), .limit = 2};
    assert_int_equal(ASK(engine, users_apart, engine->users, &op), OK);
    assert_int_equal(op.count, 2);
    assert_false(op.more);
    assert_int_equal(since(&op, 10), 50);
    assert_int_equal(since(&op, 11), 70);
    op.limit = 1;
    assert_int_equal(ASK(engine, users_apart, engine->users, &op), OK);
    assert_int_equal(op.count, 1);
    assert_true(op.more);
    op.user = contract_id(13);
    assert_int_equal(ASK(engine, users_apart, engine->users, &op), OK);
    assert_int_equal(op.count, 0);
    assert_false(op.more);
    arena_deinit(&op.arena);
}

int users_contract(struct contract_engine *engine)
{
#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, contract_setup, contract_teardown, engine                                     \
    }
    const struct CMUnitTest tests[] = {
        TEST(an_account_is_found_by_its_name_also_after_a_restart),
        TEST(a_name_is_given_once),
        TEST(the_stamp_changes_with_every_account),
        TEST(of_many_who_want_a_name_at_once_one_gets_it),
        TEST(a_change_needs_the_version_that_was_read),
        TEST(many_are_got_at_once_and_unknown_ones_left_out),
        TEST(people_are_found_by_the_beginning_of_their_name),
        TEST(a_device_changes_only_from_the_generation_that_was_read),
        TEST(what_became_void_is_told_oldest_first_also_after_a_restart),
        TEST(many_things_that_became_void_are_told_whole),
        TEST(only_devices_that_are_signed_in_are_listed),
        TEST(blocks_are_bounded_and_idempotent),
        TEST(a_block_is_found_from_either_end),
    };
#undef TEST
    return cmocka_run_group_tests_name(engine->name, tests, NULL, NULL);
}
