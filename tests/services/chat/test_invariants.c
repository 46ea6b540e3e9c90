/* Long runs of chance: people talk, edit, delete, come and go, while appends fail, shards are lost,
 * and the bus gives commands again, at old places and at new ones. Afterwards the log is checked
 * against what everybody was told; all along, that no deleted text is said again. */

#include "base/event_buf.h"
#include "house.h"

#include <stdio.h>
#include <string.h>

#define STEPS 600
#define SEEDS 40
#define USERS 4
#define NODE 9
#define COMMANDS_MAX 2048
#define ENTRIES_MAX 4096

/* One attempt at a command: a repeat by the client is another one with the same cid. */
struct attempt {
    struct cht_command command;
    char cid[16], text[24];
    uint64_t place;
    bool ok, refused;
    uint64_t seq;
};

static struct attempt attempts[COMMANDS_MAX];
static uint32_t attempt_count;
static struct cht_id room;
static uint32_t shard;
static uint64_t chance_state;
static uint64_t newest;     /* seq that was heard of */
static uint64_t term_heard; /* of the shard, as last heard: commands are sent to that owner */
static bool rivals;         /* the first answer counts: an old owner may still say something else */

static uint32_t chance(uint32_t below)
{
    chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(chance_state >> 33) % below;
}

/* Some seq of the last so many. */
static uint64_t some_seq(uint32_t back)
{
    uint64_t less = chance(back);
    return newest > less ? newest - less : 1;
}

/* ---- what is done */
static struct attempt *new_attempt(const struct attempt *from)
{
    assert_true(attempt_count < COMMANDS_MAX);
    struct attempt *attempt = &attempts[attempt_count++];
    *attempt = *from;
    attempt->command.term = term_heard;
    attempt->ok = attempt->refused = false;
    attempt->command.node_ref = attempt_count;
    attempt->command.cid = house_str(attempt->cid);
    if (attempt->command.text.size) {
        attempt->command.text = house_str(attempt->text);
    }
    return attempt;
}

static void give(struct house *house, struct attempt *attempt)
{
    attempt->place = ++house->shard[shard].place;
    house_do_at(house, &attempt->command, attempt->place);
}

static void do_new(struct house *house)
{
    static const uint64_t types[] = {cht_command_type_message_send, cht_command_type_message_send,
        cht_command_type_message_send, cht_command_type_message_edit,
        cht_command_type_message_delete, cht_command_type_message_react, cht_command_type_room_add,
        cht_command_type_room_remove, cht_command_type_room_leave};
    struct attempt made = {.command = {.type = types[chance(9)],
                               .author = house_id((uint8_t)(1 + chance(USERS))),
                               .room = room,
                               .node = HOUSE_NODE}};
    struct cht_command *command = &made.command;
    snprintf(made.cid, sizeof(made.cid), "try-%u", attempt_count);
    snprintf(made.text, sizeof(made.text), "secret-%u.", attempt_count);
    bool says = command->type == cht_command_type_message_send ||
                command->type == cht_command_type_message_edit;
    command->text = says ? house_str(made.text) : (struct cht_str){0};
    command->target = command->type == cht_command_type_message_send ? 0 : some_seq(30);
    command->key = house_str("+1");
    command->on = chance(2);
    command->user = house_id((uint8_t)(1 + chance(USERS)));
    /* the owner stays: somebody must be able to let the others in again */
    if (command->type == cht_command_type_room_leave) {
        command->author = house_id((uint8_t)(2 + chance(USERS - 1)));
    }
    command->sent_at = loop_wall_ms(&house->loop.loop);
    command->deadline = command->sent_at + 30000;
    give(house, new_attempt(&made));
}

/* The client does not know what became of it. */
static void do_repeat(struct house *house)
{
    if (attempt_count > 0) {
        uint32_t back = chance(attempt_count < 30 ? attempt_count : 30);
        give(house, new_attempt(&attempts[attempt_count - 1 - back]));
    }
}

static void give_again(struct house *house, bool at_a_new_place)
{
    if (attempt_count > 0) {
        uint32_t back = chance(attempt_count < 30 ? attempt_count : 30);
        struct attempt *attempt = &attempts[attempt_count - 1 - back];
        if (at_a_new_place) {
            give(house, attempt);
        } else {
            house_do_at(house, &attempt->command, attempt->place);
        }
    }
}

/* What was given and not done comes again, in its order. */
static void regain(struct house *house)
{
    house->append_err = OK;
    house->appends_wait = false;
    house_answer_all(house);
    house_gain(house, shard);
    uint32_t from = attempt_count > 8 ? attempt_count - 8 : 0;
    for (uint32_t i = from; i < attempt_count; i++) {
        if (!attempts[i].ok && !attempts[i].refused) {
            house_do_at(house, &attempts[i].command, attempts[i].place);
        }
    }
    house_subscribe(house, &room, NODE);
}

static void lose(struct house *house)
{
    house_lose(house, shard);
    regain(house);
}

/* Nothing lands, or all that was under way did and nobody was told. */
static void fail_appends(struct house *house)
{
    bool lands = chance(2);
    house->appends_wait = lands;
    house->append_err = lands ? OK : ERR_UNKNOWN;
    do_new(house);
    if (lands) {
        do_new(house);
        do_repeat(house);
        while (house->waiting_count > 0) {
            house_answer(house, ERR_UNKNOWN);
        }
    }
    regain(house);
}

static void hold_appends(struct house *house)
{
    house->appends_wait = true;
    for (uint32_t i = chance(5); i > 0; i--) {
        do_new(house);
    }
    house_resend(house, &room, NODE, some_seq(60) - 1);
    house_answer_all(house);
}

static void step(struct house *house)
{
    uint32_t what = chance(100);
    if (what < 60) {
        do_new(house);
    } else if (what < 70) {
        do_repeat(house);
    } else if (what < 80) {
        give_again(house, what < 75);
    } else if (what < 84) {
        lose(house);
    } else if (what < 88) {
        fail_appends(house);
    } else if (what < 93) {
        hold_appends(house);
    } else if (what < 95) {
        house_store_entries(house, &room);
    } else if (what < 98) {
        house_resend(house, &room, NODE, some_seq(60) - 1);
    } else {
        house_pass(house, 1 + chance(3000));
    }
}

/* ---- the log, as it is read */
static struct cht_entry entries[ENTRIES_MAX];
static uint32_t entry_count;

/* By index, the first of each; what is older than a claim that was passed does not count. */
static void read_log(struct house *house)
{
    struct house_shard *log = &house->shard[shard];
    uint64_t last = 0, term = 0;
    entry_count = 0;
    for (uint32_t i = 0; i < log->count; i++) {
        static uint8_t memory[HOUSE_RECORDS][2048];
        struct cht_scratch scratch = {memory[i], sizeof(memory[i]), 0};
        struct cht_record record;
        struct buf *buf = log->items[i].record;
        struct cht_str bytes = event_buf_bytes(buf);
        assert_true(cht_decode(&cht_row_record, bytes, &scratch, &record));
        if (record.index <= last || record.term < term) {
            continue;
        }
        assert_int_equal(record.index, last + 1);
        last = record.index;
        term = record.term;
        for (uint32_t k = 0; k < record.entries.count; k++) {
            entries[entry_count++] = ((struct cht_entry *)record.entries.at)[k];
        }
    }
}

static bool is_of(const struct cht_entry *entry, const struct attempt *attempt)
{
    return cht_str_equal(entry->cid, house_str(attempt->cid)) &&
           cht_id_equal(&entry->by, &attempt->command.author);
}

/* Seqs are 1, 2, 3 ...; n counts the messages; nobody speaks who is not in the room; one entry a
 * cid; nothing is done to what is deleted. */
static void the_log_is_sound(void)
{
    bool in[USERS + 1] = {false}, deleted[ENTRIES_MAX] = {false};
    uint64_t n = 0;
    for (uint32_t i = 0; i < entry_count; i++) {
        const struct cht_entry *entry = &entries[i];
        assert_int_equal(entry->seq, i + 1);
        n += entry->kind == cht_entry_kind_message;
        assert_int_equal(entry->n, n);
        assert_true(i == 0 || entry->ts >= entries[i - 1].ts);
        assert_true(i < 3 || in[entry->by.bytes[0]]);
        if (entry->kind == cht_entry_kind_member) {
            in[entry->user.bytes[0]] = entry->state == cht_member_state_joined;
        } else if (entry->kind == cht_entry_kind_edited || entry->kind == cht_entry_kind_reaction ||
                   entry->kind == cht_entry_kind_deleted) {
            assert_true(entry->target < entry->seq);
            assert_false(deleted[entry->target]);
            assert_int_equal(entries[entry->target - 1].kind, cht_entry_kind_message);
            deleted[entry->target] = entry->kind == cht_entry_kind_deleted;
        }
        for (uint32_t k = 0; entry->cid.size && k < i; k++) {
            assert_false(cht_str_equal(entries[k].cid, entry->cid) &&
                         cht_id_equal(&entries[k].by, &entry->by));
        }
    }
}

/* Who was told ok has an entry, or it was so already; who was only refused has none. */
static void everybody_was_told_the_truth(void)
{
    for (uint32_t i = 0; i < attempt_count; i++) {
        const struct cht_entry *found = NULL;
        for (uint32_t k = 0; k < entry_count; k++) {
            found = is_of(&entries[k], &attempts[i]) ? &entries[k] : found;
        }
        bool all_refused = true;
        for (uint32_t k = 0; k < attempt_count; k++) {
            if (strcmp(attempts[k].cid, attempts[i].cid) == 0) {
                all_refused = all_refused && attempts[k].refused && !attempts[k].ok;
            }
        }
        assert_false(all_refused && found);
        bool is_send = attempts[i].command.type == cht_command_type_message_send;
        if (attempts[i].ok && is_send) {
            assert_non_null(found);
            assert_int_equal(found->seq, attempts[i].seq);
        }
    }
}

/* ---- what is heard */
static bool gone[ENTRIES_MAX]; /* by seq: its delete was said */

static void note_answer(const char *line)
{
    unsigned long long ref, seq;
    const char *hash = strchr(line, '#');
    if (rivals && hash && sscanf(hash, "#%llu", &ref) == 1 &&
        (attempts[ref - 1].ok || attempts[ref - 1].refused)) {
        return;
    }
    if (sscanf(line, "7 ok #%llu seq=%llu", &ref, &seq) == 2) {
        struct attempt *attempt = &attempts[ref - 1];
        assert_false(attempt->refused);
        assert_true(!attempt->ok || attempt->seq == seq);
        attempt->ok = true;
        attempt->seq = seq;
        if (attempt->command.type == cht_command_type_message_delete) {
            gone[attempt->command.target] = true;
        }
    } else if (sscanf(line, "7 error #%llu", &ref) == 1 && !strstr(line, " timeout")) {
        assert_false(attempts[ref - 1].ok);
        attempts[ref - 1].refused = true;
    }
}

/* The message that an event is about; 0: none with a text. */
static unsigned long long message_of(const char *line)
{
    unsigned long long seq = 0;
    const char *target = strstr(line, "\"target\":");
    if (strstr(line, "\"type\":\"message.edited\"") || strstr(line, "\"message.deleted\"")) {
        assert_int_equal(sscanf(target, "\"target\":%llu", &seq), 1);
    } else if (strstr(line, "\"type\":\"message\"")) {
        assert_int_equal(sscanf(line, "9 %llu", &seq), 1);
    }
    return seq;
}

static void listen(struct house *house)
{
    char *line = (char *)(uintptr_t)house_heard(house);
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        unsigned long long message = message_of(line);
        if (message && strstr(line, "secret-")) {
            assert_false(gone[message]);
        }
        if (message && strstr(line, "\"message.deleted\"")) {
            gone[message] = true;
        }
        note_answer(line);
        unsigned long long seq, number, claimed_term;
        if (sscanf(line, "* claimed %llu term=%llu", &number, &claimed_term) == 2 &&
            number == shard) {
            term_heard = claimed_term;
        }
        if (sscanf(line, "9 %llu", &seq) == 1 && seq > newest) {
            newest = seq;
        }
    }
}

static void one_run(struct house *house)
{
    room = house_group(house, USERS);
    shard = house_shard_of(&room);
    house_subscribe(house, &room, NODE);
    for (int i = 0; i < STEPS; i++) {
        step(house);
        listen(house);
    }
    house_answer_all(house);
    listen(house);
    read_log(house);
    the_log_is_sound();
    everybody_was_told_the_truth();
    assert_true(entry_count > 50);
}

/* ---- two workers, each of which may believe that the shard is its own */

/* The other one claims; what this one had under way may land before the claim does. */
static void overlap(struct house *house)
{
    house->to_rival = !house->to_rival;
    house->tails_wait = true;
    house_gain(house, shard); /* it has fenced this one and has not appended its claim */
    house->to_rival = !house->to_rival;
    for (uint32_t i = chance(3); i > 0; i--) {
        do_new(house);
    }
    house_answer_all(house);
    house->to_rival = !house->to_rival;
}

static void step_of_rivals(struct house *house)
{
    uint32_t what = chance(100);
    if (what < 55) {
        do_new(house);
    } else if (what < 65) {
        do_repeat(house);
    } else if (what < 72) {
        house->to_rival = !house->to_rival; /* the bus gives to one, then to the other */
    } else if (what < 87) {
        house_gain(house, shard);
    } else if (what < 94) {
        overlap(house);
    } else if (what < 95) {
        house_lose(house, shard);
    } else {
        give_again(house, chance(2));
    }
}

static void every_ok_has_its_entry(void)
{
    for (uint32_t i = 0; i < attempt_count; i++) {
        const struct attempt *attempt = &attempts[i];
        if (!attempt->ok || attempt->command.type != cht_command_type_message_send) {
            continue;
        }
        assert_in_range(attempt->seq, 1, entry_count);
        assert_true(is_of(&entries[attempt->seq - 1], attempt));
    }
}

static void rivals_run(struct house *house)
{
    room = house_group(house, USERS);
    shard = house_shard_of(&room);
    for (int i = 0; i < 2 * STEPS; i++) {
        step_of_rivals(house);
        listen(house);
    }
    house_answer_all(house);
    listen(house);
    read_log(house);
    the_log_is_sound();
    every_ok_has_its_entry();
    everybody_was_told_the_truth();
    assert_true(entry_count > 30);
}

static void begin_run(uint64_t seed)
{
    chance_state = seed;
    rivals = false;
    attempt_count = 0;
    newest = 3;
    term_heard = 1;
    memset(gone, 0, sizeof(gone));
}

static void of_two_owners_at_a_time_one_writes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        void *house;
        house_setup_rivals(&house);
        begin_run(seed);
        rivals = true;
        rivals_run(house);
        house_teardown(&house);
    }
}

static void whatever_happens_the_promises_hold(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        void *house;
        house_setup(&house);
        begin_run(seed);
        one_run(house);
        house_teardown(&house);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_the_promises_hold),
        cmocka_unit_test(of_two_owners_at_a_time_one_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
