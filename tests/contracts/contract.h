#pragma once

/* contract - the suites that every engine of a port passes.
 *
 * An engine's test program fills a struct contract_engine and runs a suite with it. `open` gives
 * ports on `loop`; with `fresh` the installation is new and empty, else it is what `close` left: a
 * process that starts again. */

#include "test.h"

#include "ports/cast.h"
#include "ports/history.h"
#include "ports/log.h"
#include "ports/mail.h"
#include "ports/rooms.h"
#include "ports/sessions.h"
#include "ports/shards.h"
#include "ports/users.h"
#include "test_loop.h"
#include "world/net.h"
#include "world/resolver.h"

#define CONTRACT_SHARDS_MAX 8
#define CONTRACT_NODES 18 /* more than an answer about somebody names */
#define CONTRACT_MAILS 3  /* nodes that write to each other */

struct contract_engine {
    const char *name;
    uint32_t shards;
    void (*open)(struct contract_engine *engine, bool fresh);
    void (*close)(struct contract_engine *engine);
    void (*forget)(struct contract_engine *engine); /* closed: the installation may go */
    struct test_loop loop;
    struct log *log;
    struct rooms *rooms;
    struct history *history;
    struct users *users;
    struct sessions *sessions[CONTRACT_NODES]; /* of the nodes 1 to CONTRACT_NODES, boot 1 */
    struct mail *mails[CONTRACT_MAILS];
    struct cast *casts[CONTRACT_MAILS];
    /* The boxes that were opened, and the casts, have their places. NULL: they have at once. */
    bool (*is_connected)(struct contract_engine *engine);
    struct shards *workers[2];
    uint32_t owned_by_first; /* shards, when the first worker alone takes part */
    void (*pass)(struct contract_engine *engine, uint32_t ms); /* for all workers */
    struct net *net;
    struct resolver *resolver;
    void (*turn)(struct contract_engine *engine); /* of the engine's own loop, if it has one */
    struct loop *own_loop;
    bool unsure; /* its sessions may say that somebody is everywhere who is not */
    void *state;
};

/* Each runs its tests with cmocka and answers how many failed. */
int log_contract(struct contract_engine *engine);
int shards_contract(struct contract_engine *engine);
int rooms_contract(struct contract_engine *engine);
int history_contract(struct contract_engine *engine);
int users_contract(struct contract_engine *engine);
int sessions_contract(struct contract_engine *engine);
int mail_contract(struct contract_engine *engine);
int cast_contract(struct contract_engine *engine);
int net_contract(struct contract_engine *engine);
int net_connect_contract(struct contract_engine *engine);

/* Of a system that knows the name "localhost". */
int resolver_contract(struct contract_engine *engine);

/* For the suites: the engine of the running test, opened fresh before it and closed after it. */
int contract_setup(void **state);
int contract_teardown(void **state);

/* For those whose engine may have a loop of its own: a turn of it. */
void contract_turn(struct contract_engine *engine);

/* Turns until `*count` is that; more fails the test at once, less after a while. */
void contract_wait_count(struct contract_engine *engine, const uint32_t *count, uint32_t expected);

/* Turns until its is_connected. */
void contract_connect(struct contract_engine *engine);

/* Asks one thing and waits for its answer: `ASK(engine, users_create, engine->users, &op)`. */
struct test_asker *contract_asker(void);
enum err contract_wait(struct contract_engine *engine);

#define ASK(engine, function, port, op)                                                            \
    (function(port, &contract_asker()->asker, op), contract_wait(engine))

/* An id that differs by number. */
struct cht_id contract_id(uint32_t number);
struct cht_str contract_str(const char *text);

/* A record of that place, which is of room 7 and has no entries. */
struct buf *contract_record(uint64_t term, uint64_t index);

/* The next term of the shard. */
struct log_claim_op contract_claim(struct contract_engine *engine, uint32_t shard);
