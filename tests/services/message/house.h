#pragma once

/* house - a message service on the SQLite engines, with one room whose log the test writes, and
 * what it answered last. */

#include "contract.h"

#include "chattifier/events.h"
#include "message/message_settings.h"

extern struct contract_engine *engine;
extern struct cht_id room_id, ann, bob, eve;
extern uint64_t next_seq;     /* of the newest entry */
extern char answer[1 << 20];  /* the body of the newest answer */
extern uint64_t answer_error; /* its enum err */
extern uint32_t answers;
extern char kinds[32]; /* of the newest answers: 'r' a reply, 'l' a list of rooms, 'c' circles */

/* How many questions it has in work. */
#define HOUSE_QUERIES 16u
#define HOUSE_QUERIES_OF_USER 6u
#define HOUSE_QUERIES_OF_NODES 4u
#define HOUSE_WAITS_OF_USER 2u

int house_setup(void **state);
int house_teardown(void **state);

/* New settings, where they are reloadable. */
void house_set(const struct message_settings *settings);

/* Another service on the same stores, which remembers nothing. */
void house_restart(void);

/* How many lists and tails were read from the store. */
uint64_t house_shared_reads(void);

/* How many questions were answered with a page from memory. */
uint64_t house_hot_answers(void);

/* ---- the log */

/* One record; seq, n and ts are set. */
void house_append(struct cht_entry *entries, uint32_t count);

/* Made by ann, who is its owner, with bob: entries 1 to 3. Rooms of up to 3 show what is read. */
void house_create_room(enum cht_room_kind kind, enum cht_visibility visibility);
void house_say(const char *text);

/* By ann: an edit or a delete; what of the past members see. */
void house_change_message(enum cht_entry_kind kind, uint64_t target, const char *text);
void house_set_history(enum cht_history_from from);
void house_change_member(struct cht_id user, enum cht_member_state state, enum cht_role role);

/* ---- questions */
void house_post(const struct cht_event_row *row, const void *event);
void house_post_question(struct cht_command command);

/* ann, bob or eve, for dice. */
struct cht_id house_person(int number);

/* Waits until there are more answers than that. */
void house_wait_answers(uint32_t before);
void house_ask(struct cht_command command);
void house_ask_room(enum cht_command_type type, struct cht_id author);

/* Until the store has all of the log, by a question whose answer is not kept. */
void house_hurry(void);

/* Time passes in steps until there are `enough` answers; a read of the store goes all the way in
 * each. The steps are small where other reads have to go all the way meanwhile. */
void house_pass(uint64_t ms, uint64_t step_ms, uint32_t enough);

void assert_has(const char *text);
void assert_has_not(const char *text);
