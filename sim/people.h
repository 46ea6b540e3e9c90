#pragma once

/* people - the ports users, sessions and secrets, modelled as far as chat, message and socket ask.
 *
 * Users are known by number. Sessions are soft state: a flush forgets all of
 * it for five seconds. Secrets give a keyed digest that is good enough to notice a wrong one. */

#include "dice.h"
#include "job.h"
#include "ports/secrets.h"
#include "ports/sessions.h"
#include "ports/users.h"

#define PEOPLE_MAX 64
#define PEOPLE_SESSIONS_MAX 1024
#define PEOPLE_RENAMES_MAX 1000

struct people_session {
    struct session session;
    enum cht_presence_state state;
};

struct people {
    uint32_t count;
    struct people_session sessions[PEOPLE_SESSIONS_MAX];
    uint32_t session_count;
    uint64_t changed_us; /* when a session last came, went or changed its state */
    uint64_t blocked_us[PEOPLE_MAX][PEOPLE_MAX];   /* [who][whom]: since when; 0: not */
    uint64_t unblocked_us[PEOPLE_MAX][PEOPLE_MAX]; /* since when not any more; 0: never was */
    uint64_t deleted_us[PEOPLE_MAX];         /* when the account was deleted; 0: it is there */
    uint64_t goodbye_us[PEOPLE_MAX];         /* when they began to leave their rooms for it */
    uint8_t renamed[PEOPLE_RENAMES_MAX + 1]; /* [number of the change, from 1]: whose name it was */
    uint32_t renames;
    const uint64_t *now_us;
    uint64_t flushed_until_us;
};

struct people_port {
    struct users users; /* first */
    struct sessions sessions;
    struct secrets secrets;
    struct people *people;
    struct desk *desk;
    struct loop *loop;
    struct sessions_listener *listener;
};

void people_join(
    struct people_port *port, struct people *people, struct desk *desk, struct loop *loop);
void people_leave(struct people *people, uint32_t node);

/* Misfortune: the cache is empty. */
void people_flush(struct people *people);

/* One blocks the other, or no longer does. */
void people_block(struct people *people, uint32_t user, uint32_t other, bool on);

/* Has one of the two blocked the other, for longer than that? */
bool people_are_apart(const struct people *people, uint32_t one, uint32_t two, uint64_t for_us);

/* Has neither blocked the other, for longer than that? */
bool people_are_together(const struct people *people, uint32_t one, uint32_t two, uint64_t for_us);

/* One takes another name, which has the number of the change in it. */
void people_rename(struct people *people, uint32_t user);

/* The number in the name that `user` had after so many changes of all; 0: the first name. */
uint32_t people_name_after(const struct people *people, uint32_t user, uint32_t renames);

/* The best of the user's connections. */
enum cht_presence_state people_state(const struct people *people, uint32_t user);

/* The user of that number, from 1. */
struct cht_id people_id(uint32_t number);

/* 0: nobody. */
uint32_t people_number(const struct cht_id *id);
