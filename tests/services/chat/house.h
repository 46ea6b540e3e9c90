#pragma once

/* house - a chat service with everything around it made up: a log in memory, a store that a test
 * fills by hand, and mails that are kept as lines of text until the test asks for them. */

#include "test.h"

#include "chat/chat.h"
#include "test_loop.h"

#define HOUSE_SHARDS 4
#define HOUSE_OWNER 2 /* the node of the service */
#define HOUSE_RIVAL 3
#define HOUSE_NODE 7 /* the node that commands come from */
#define HOUSE_RECORDS 4096
#define HOUSE_ENTRIES 4096

struct house_shard {
    uint64_t term, place; /* of the newest claim; of the newest command */
    struct log_item items[HOUSE_RECORDS];
    uint32_t count;
    uint64_t trimmed; /* records up to it are gone */
    struct log_writer *writers;
    uint32_t released, done;
};

struct house {
    struct test_loop loop;
    struct shards shards;
    struct log log;
    struct mail mail;
    struct cast cast;
    struct rooms rooms;
    struct history history;
    struct users users;
    struct sessions sessions;
    struct shards_handler *owner;
    struct mail_handler *work;
    struct mail rival_mail;
    struct shards_handler *rival_owner;
    struct mail_handler *rival_work;
    struct cast_handler *casts;
    struct chat_settings settings;
    struct chat_service *service;
    struct chat_service *rival; /* another worker on the same log, if a test wants one */
    bool to_rival;              /* gains, losses, commands and mails go to it */
    struct house_shard shard[HOUSE_SHARDS];

    /* what goes wrong, or waits */
    bool late_appends; /* those of a fenced writer land until the claim record does */
    bool appends_wait, tails_wait;
    enum err append_err, load_err, progress_err, online_err;
    bool loads_wait;
    struct op *waiting[64];
    uint32_t waiting_count;

    /* the store */
    uint64_t stored_index;   /* of every shard, but never more than the log has */
    uint64_t wanted_index;   /* what somebody waits for, as heard last; 0: nobody did */
    uint64_t progress_index; /* not 0: instead of it, whatever the log has */
    struct room_meta meta;   /* of the one room it knows; none: it knows none */
    struct room_head head;
    struct room_member members[16];
    uint32_t member_count;
    struct cht_id hider; /* its list does not show that room */
    struct room_cid cids[8];
    uint32_t cid_count;
    struct cht_entry entries[HOUSE_ENTRIES];
    uint32_t entry_count;
    struct room_cid found; /* what find_cid answers; seq 0: find_err */
    enum err find_err;
    struct history_message message; /* seq 0: not found */
    uint64_t cursor;                /* what a cursor was set to last */
    bool no_cursor;                 /* the store knows of no membership */
    uint32_t loads, facts;          /* how often it was asked */
    bool blocks_wait;

    /* people */
    struct cht_id missing, blocker, crowded;
    bool name_taken;
    uint64_t online_nodes[16]; /* everybody is connected there */
    uint32_t online_count;
    bool online_everywhere;

    char heard[65536];
    size_t heard_size;
    uint64_t node_ref;
    uint32_t cid;
    uint8_t scratch[400000];
};

/* For setup and teardown of a test; the service owns all shards. */
int house_setup(void **state);
int house_setup_unowned(void **state);

/* Two workers; both may be told that they own a shard. */
int house_setup_rivals(void **state);

/* 16 rooms may be loaded and 24 known. */
int house_setup_small(void **state);
int house_teardown(void **state);

struct cht_id house_id(uint8_t number);
struct cht_str house_str(const char *text);

/* The shard is offered to the service, or taken from it. */
void house_gain(struct house *house, uint32_t shard);
void house_lose(struct house *house, uint32_t shard);

/* A command of that author; a cid of its own, a ref of its own. */
struct cht_command house_command(struct house *house, uint64_t type, uint8_t author);

/* It arrives at the owner of its room, at a new place of the shard; then all that follows happens.
 */
void house_do(struct house *house, const struct cht_command *command);

/* It comes again, at the same place as the newest, or wherever it is said. */
void house_do_at(struct house *house, const struct cht_command *command, uint64_t place);

/* A group of user 1 and the others up to `members`; answers its id. What was heard is forgotten. */
struct cht_id house_group(struct house *house, uint8_t members);

/* The command with which a user says a text. */
struct cht_command house_message(
    struct house *house, const struct cht_id *room, uint8_t author, const char *text);

/* The same, said. */
void house_send(struct house *house, const struct cht_id *room, uint8_t author, const char *text);

/* The command of the owner that adds a user. */
struct cht_command house_add(struct house *house, const struct cht_id *room, uint8_t user);

/* The command of somebody about a message. */
struct cht_command house_about(
    struct house *house, const struct cht_id *room, uint8_t author, uint64_t type, uint64_t target);

/* What a node asks by mail; then all that follows happens. */
void house_subscribe(struct house *house, const struct cht_id *room, uint64_t node);
void house_resend(struct house *house, const struct cht_id *room, uint64_t node, uint64_t after);
void house_work(struct house *house, const struct cht_event_row *row, const void *event);

/* Ops that were made to wait are answered, the oldest first; then all that follows happens. */
void house_answer(struct house *house, enum err err);
void house_answer_all(struct house *house);

/* A node asks who owns what. */
void house_hello(struct house *house);

/* The user service tells that a block changed. */
void house_blocked(struct house *house, uint8_t user, uint8_t other);

/* Time passes. */
void house_pass(struct house *house, uint64_t ms);

/* What was mailed and cast since the last call, a line each:
 *   7 ok #1 seq=3 n=1 [dup] [body]      a reply to node 7, to its ref 1
 *   7 error #1 conflict [cid] [term=2 owner=2]
 *   7 3 {"type":"message", ...}         a delivery of seq 3
 *   7 subscribed head=3 | 7 heads 3 ... | 7 joined seq=1 users=2 | 7 ephemeral [to_self] [not #1]
 * {...}
 *   * claimed 1 term=2                  a cast
 * Valid until the next call. */
const char *house_heard(struct house *house);

/* The newest record of a shard's log. */
void house_newest_record(struct house *house, uint32_t shard, struct cht_record *ret_record);

/* A record of somebody else is put into the log as it is. */
void house_put_record(struct house *house, uint32_t shard, const struct cht_record *record);

/* The store catches up: it has the room's entries of the log, without the texts of deleted
 * messages.
 */
void house_store_entries(struct house *house, const struct cht_id *room);
uint32_t house_shard_of(const struct cht_id *room);
