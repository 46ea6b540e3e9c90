#pragma once

/* decide_house - a room in memory, the people of it, and what a test of its rules asks and checks.
 */

#include "test.h"

#include "chat/room_decide.h"

#define START_MS UINT64_C(1700000000000)
#define OWNER 1
#define ADMIN 2
#define MEMBER 3
#define MUTED 4
#define STRANGER 5
#define BANNED 6
#define PLAIN 8 /* a member that others do something to */

enum room_sort { GROUP, PRIVATE, PUBLIC, SORT_COUNT };

extern struct room_state room;
extern struct room_decision decision;
extern struct room_facts facts;

struct cht_id user(uint16_t number);

/* The room's next entry, to be filled and applied; valid until the next call. */
struct cht_entry *next_entry(enum cht_entry_kind kind, uint16_t by);
void seat(uint16_t number, enum cht_role role, enum cht_member_state state);

/* A message of that user; answers its seq. */
uint64_t message(uint16_t by, const char *text);

/* There is no room any more. */
void forget_room(void);

/* The room is anew: created by OWNER, nobody in it. */
void make_empty(enum cht_room_kind kind, enum cht_visibility visibility);

/* A room with everybody in it, and a message of MEMBER as its newest entry. */
void make_room(enum room_sort sort);

/* OWNER and ADMIN are the two people; a message of OWNER is the newest entry. */
void make_direct(void);

/* Who may send, who may add; 0: as before. */
void set_posting(enum cht_who posting, enum cht_who adding);

/* For setup and teardown of a test: a group; all facts are there, nothing speaks against anything.
 */
int set_up(void **state);
int tear_down(void **state);

/* A command with a cid of its own. */
struct cht_command command_of(uint64_t type, uint16_t author);
void decide(const struct cht_command *command);

/* The decision becomes part of the room. */
void apply(void);
void is_refused(enum err err, const char *field);
void is_accepted(uint32_t entries);

/* With all that such a command needs: the newest message, PLAIN as its user; `what` an update
 * changes: its name, or else a setting. */
struct cht_command filled(uint64_t type, uint16_t author, const char *what);

/* A room of the store, with MEMBER in it, whose window begins above seq 100. */
void make_old_room(uint64_t floor_ts);
