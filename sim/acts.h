#pragma once

/* acts - what one client wants done, from the first try to its end: the record that the checkers
 * judge. */

#include "chattifier/events.h"
#include "dice.h"

#define PLACES_MAX 20

enum act_kind {
#define ACT(name, command, weight, uses, doc) ACT_##name,
#include "acts.def"
#undef ACT
    ACT_COUNT
};

enum act_state { ACT_NONE, ACT_FLYING, ACT_WAITING, ACT_OK, ACT_REFUSED };

struct act {
    uint32_t id; /* over all clients; in the text of messages */
    enum act_kind kind;
    enum act_state state;
    uint32_t place, attempts, unknown; /* unknown: attempts whose outcome nobody told */
    uint64_t after, target, until;
    uint32_t other; /* a person */
    bool on;
    uint64_t first_us, last_us, again_us, done_us;
    uint64_t floor; /* of the room: the highest seq that anybody had been told ok for before */
    uint64_t seq;
    uint32_t wire; /* of the newest attempt */
    bool dup;
    bool http;   /* its first try, and every other one, is over HTTP */
    bool visits; /* once it has joined it leaves, and once it has left it connects anew */
    char cid[24];
    char text[96];
};

/* The rooms of a run: known by name before they are there. */
struct place {
    struct cht_id room;
    uint32_t creator; /* the client */
    uint32_t pair[2]; /* of a direct room: people; 0: it is none */
    bool late;        /* nobody makes it in the warm-up */
    enum cht_room_kind kind;
    char cid[24];
    const struct act *probe; /* what was said there when all was quiet */
};

struct places {
    struct place at[PLACES_MAX];
    uint32_t count;
    uint32_t acts; /* ids given */
};

struct client;

/* Does it make a message? */
static inline bool act_says(const struct act *act)
{
    return act->kind == ACT_send || act->kind == ACT_write;
}

/* Of a direct room: the other of the two, which may be the same person. 0: `user` is none of them.
 */
static inline uint32_t place_peer(const struct place *place, uint32_t user)
{
    return place->pair[0] == user ? place->pair[1] : place->pair[1] == user ? place->pair[0] : 0;
}

/* A new act, not yet tried. Its index among those of the client is the given one, or the next that
 * is free. NULL: it can have no more. */
struct act *act_new(struct client *client, enum act_kind kind, uint32_t place, uint64_t index);
void act_write_text(struct act *act, uint32_t more_bytes);
void act_create_room(struct client *client, uint32_t place);

/* Joins, leaves, and connects anew. */
void act_visit(struct client *client, uint32_t place, uint64_t index);

/* Says one thing there now. NULL: it can not. */
const struct act *act_say(struct client *client, uint32_t place);

/* Says again what was ok. */
void act_repeat(struct client *client, const struct act *act);

/* First try, and each repeat. */
void act_try(struct client *client, struct act *act);

/* The wire broke: what flies is unknown. */
void act_on_broken(struct client *client);

/* There is nobody to try again: the outcome of what is open stays unknown. */
void act_give_up(struct client *client);

struct act *act_find(struct client *client, uint32_t id);
void act_on_ok(struct client *client, struct act *act, uint64_t seq, bool dup);
void act_on_error(
    struct client *client, struct act *act, struct cht_str code, bool retry, uint64_t wait_ms);

/* What waits long enough is tried again; what flies too long breaks a promise. */
void act_tick(struct client *client);

/* The id in the cid of an act. 0: no act has it. */
uint32_t act_of_cid(const char *cid);

/* The seq of the message of that act of anybody. 0: there is none. */
uint64_t act_message(const struct client *client, uint32_t id);

/* The act behind a text of its own; NULL if there is none. */
const struct act *act_of_text(const struct client *client, struct cht_str text);
