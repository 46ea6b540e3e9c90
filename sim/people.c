/* people - see the header.
 *
 * Happy path: a look into a small table. How it fails: what was flushed is not there. */

#include "people.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "scene.h"

#define FLUSH_US 5000000

struct cht_id people_id(uint32_t number)
{
    struct cht_id id = {{0}};
    id.bytes[0] = 0xa0;
    id.bytes[14] = (uint8_t)(number >> 8);
    id.bytes[15] = (uint8_t)number;
    return id;
}

uint32_t people_number(const struct cht_id *id)
{
    uint32_t number = (uint32_t)id->bytes[14] << 8 | id->bytes[15];
    struct cht_id same = people_id(number);
    return cht_id_equal(&same, id) ? number : 0;
}

/* ---- users */

void people_rename(struct people *people, uint32_t user)
{
    if (people->renames < PEOPLE_RENAMES_MAX) {
        people->renamed[++people->renames] = (uint8_t)user;
    }
}

uint32_t people_name_after(const struct people *people, uint32_t user, uint32_t renames)
{
    while (renames > 0 && people->renamed[renames] != user) {
        renames--;
    }
    return renames;
}

static struct cht_str display_name(const struct people *people, uint32_t user, struct arena *arena)
{
    char name[32];
    int size = snprintf(
        name, sizeof(name), "Somebody %u", people_name_after(people, user, people->renames));
    return arena_str(arena, (struct cht_str){name, (uint32_t)size});
}

static enum err run_get(struct job *job)
{
    struct people_port *port = job->model;
    struct users_get_op *op = container_of(job->op, struct users_get_op, op);
    arena_reset(&op->arena);
    op->users = arena_array(&op->arena, op->id_count + 1, sizeof(*op->users));
    op->count = 0;
    for (uint32_t i = 0; i < op->id_count; i++) {
        uint32_t number = people_number(&op->ids[i]);
        if (number > 0 && number <= port->people->count) {
            op->users[op->count++] = (struct user){.id = op->ids[i],
                .username = {"somebody", 8},
                .display_name = display_name(port->people, number, &op->arena),
                .token_version = port->people->deleted_us[number] ? 2 : 1,
                .deleted = port->people->deleted_us[number] > 0};
        }
    }
    return OK;
}

static void get(struct users *users, struct users_get_op *op)
{
    struct people_port *port = (struct people_port *)users;
    desk_ask(
        port->desk, &(struct job){.op = &op->op, .kind = JOB_READ, .run = run_get, .model = port});
}

static enum err run_blocking(struct job *job)
{
    const struct people *people = ((struct people_port *)job->model)->people;
    struct users_blocking_op *op = container_of(job->op, struct users_blocking_op, op);
    memset(op->blocking, 0, sizeof(op->blocking));
    for (uint32_t i = 0; i < op->id_count; i++) {
        uint32_t user = people_number(&op->ids[i]);
        op->blocking[i] = people->blocked_us[user][people_number(&op->author)] > 0;
    }
    return OK;
}

static void add_apart(struct users_apart_op *op, uint32_t user, uint64_t since_us)
{
    if (since_us > 0 && op->count == op->limit) {
        op->more = true;
    } else if (since_us > 0) {
        op->apart[op->count++] = (struct cht_apart){.user = people_id(user)};
    }
}

static enum err run_apart(struct job *job)
{
    const struct people *people = ((struct people_port *)job->model)->people;
    struct users_apart_op *op = container_of(job->op, struct users_apart_op, op);
    uint32_t user = people_number(&op->user);
    arena_reset(&op->arena);
    op->apart = arena_array(&op->arena, op->limit, sizeof(*op->apart));
    op->count = 0;
    op->more = false;
    for (uint32_t other = 1; other <= people->count; other++) {
        add_apart(op, other, people->blocked_us[user][other]);
        add_apart(op, other, people->blocked_us[other][user]);
    }
    return OK;
}

static void apart(struct users *users, struct users_apart_op *op)
{
    struct people_port *port = (struct people_port *)users;
    desk_ask(port->desk,
        &(struct job){.op = &op->op, .kind = JOB_READ, .run = run_apart, .model = port});
}

static void blocking(struct users *users, struct users_blocking_op *op)
{
    struct people_port *port = (struct people_port *)users;
    desk_ask(port->desk,
        &(struct job){.op = &op->op, .kind = JOB_READ, .run = run_blocking, .model = port});
}

static uint64_t stamp(struct users *users)
{
    const struct people *people = ((struct people_port *)users)->people;
    uint64_t stamp = 1 + people->renames;
    for (uint32_t i = 1; i <= people->count; i++) {
        stamp += people->deleted_us[i] > 0;
    }
    return stamp;
}

void people_block(struct people *people, uint32_t user, uint32_t other, bool on)
{
    uint64_t *since_us = &people->blocked_us[user][other];
    if (!on && *since_us) {
        people->unblocked_us[user][other] = *people->now_us;
    }
    *since_us = !on ? 0 : *since_us ? *since_us : *people->now_us;
}

bool people_are_apart(const struct people *people, uint32_t one, uint32_t two, uint64_t for_us)
{
    uint64_t by_one = people->blocked_us[one][two], by_two = people->blocked_us[two][one];
    return (by_one && *people->now_us - by_one > for_us) ||
           (by_two && *people->now_us - by_two > for_us);
}

static bool lets(const struct people *people, uint32_t user, uint32_t other, uint64_t for_us)
{
    uint64_t since_us = people->unblocked_us[user][other];
    return !people->blocked_us[user][other] && (!since_us || *people->now_us - since_us > for_us);
}

bool people_are_together(const struct people *people, uint32_t one, uint32_t two, uint64_t for_us)
{
    return lets(people, one, two, for_us) && lets(people, two, one, for_us);
}

/* ---- sessions */

static struct people_port *of(struct sessions *sessions)
{
    return container_of(sessions, struct people_port, sessions);
}

static struct people_session *find(struct people *people, const struct session *session)
{
    for (uint32_t i = 0; i < people->session_count; i++) {
        const struct session *other = &people->sessions[i].session;
        if (other->node == session->node && other->boot == session->boot &&
            other->slot == session->slot && other->generation == session->generation) {
            return &people->sessions[i];
        }
    }
    return NULL;
}

static void note_change(struct people *people)
{
    people->changed_us = people->now_us ? *people->now_us : 0;
}

/* The engine knows no limits, and clients of the simulation replace nobody. Answered in the same
 * turn, at whose end the door closes what nobody has opened. */
static void enter(struct sessions *sessions, struct sessions_enter_op *op)
{
    struct people *people = of(sessions)->people;
    if (!find(people, &op->session)) {
        CHECK(people->session_count < PEOPLE_SESSIONS_MAX);
        people->sessions[people->session_count++] =
            (struct people_session){op->session, cht_presence_state_online};
        note_change(people);
    }
    op_answer_later(&op->op, of(sessions)->loop, OK);
}

static void remove_session(struct sessions *sessions, const struct session *session)
{
    struct people *people = of(sessions)->people;
    struct people_session *found = find(people, session);
    if (found) {
        *found = people->sessions[--people->session_count];
        note_change(people);
    }
}

static void set_state(
    struct sessions *sessions, const struct session *session, enum cht_presence_state state)
{
    struct people *people = of(sessions)->people;
    struct people_session *found = find(people, session);
    if (found) {
        found->state = state;
        note_change(people);
    }
}

static void add_node(struct online_user *online, uint64_t node)
{
    for (uint32_t i = 0; i < online->node_count; i++) {
        if (online->nodes[i] == node) {
            return;
        }
    }
    if (online->node_count < sizeof(online->nodes) / sizeof(online->nodes[0])) {
        online->nodes[online->node_count++] = node;
    } else {
        online->everywhere = true;
    }
}

enum cht_presence_state people_state(const struct people *people, uint32_t user)
{
    enum cht_presence_state best = cht_presence_state_offline;
    for (uint32_t i = 0; i < people->session_count; i++) {
        const struct people_session *at = &people->sessions[i];
        if (people_number(&at->session.user) == user && at->state < best) {
            best = at->state;
        }
    }
    return best;
}

static enum err run_online(struct job *job)
{
    struct people_port *port = job->model;
    struct people *people = port->people;
    struct sessions_online_op *op = container_of(job->op, struct sessions_online_op, op);
    arena_reset(&op->arena);
    op->online = arena_array(&op->arena, op->count + 1, sizeof(*op->online));
    bool flushed = people->now_us && *people->now_us < people->flushed_until_us;
    for (uint32_t i = 0; i < op->count; i++) {
        struct online_user *online = &op->online[i];
        online->user = op->users[i];
        online->state = cht_presence_state_offline;
        for (uint32_t s = 0; !flushed && s < people->session_count; s++) {
            const struct people_session *at = &people->sessions[s];
            if (cht_id_equal(&at->session.user, &op->users[i])) {
                online->state = at->state < online->state ? at->state : online->state;
                add_node(online, at->session.node);
            }
        }
    }
    return OK;
}

static void online(struct sessions *sessions, struct sessions_online_op *op)
{
    struct people_port *port = of(sessions);
    desk_ask(port->desk,
        &(struct job){.op = &op->op, .kind = JOB_READ, .run = run_online, .model = port});
}

static enum token_standing standing(struct sessions *sessions, const struct identity *who)
{
    return of(sessions)->people->deleted_us[people_number(&who->user)] ? TOKEN_REVOKED : TOKEN_GOOD;
}

static void listen(struct sessions *sessions, struct sessions_listener *listener)
{
    of(sessions)->listener = listener;
}

void people_flush(struct people *people)
{
    people->flushed_until_us = *people->now_us + FLUSH_US;
}

/* ---- secrets */

static void mac(
    struct secrets *secrets, const char *purpose, struct cht_str bytes, uint8_t ret_mac[32])
{
    (void)secrets;
    uint64_t digest =
        digest_bytes(purpose, strlen(purpose)) * 3 + digest_bytes(bytes.at, bytes.size);
    for (int i = 0; i < 4; i++) {
        struct dice dice = {digest + (uint64_t)i};
        uint64_t word = dice_next(&dice);
        memcpy(ret_mac + 8 * i, &word, sizeof(word));
    }
}

static bool equal(const void *a, const void *b, size_t size)
{
    return memcmp(a, b, size) == 0;
}

static enum err verify_token(
    struct secrets *secrets, struct cht_str token, struct identity *ret_identity)
{
    (void)secrets;
    (void)token;
    (void)ret_identity;
    return ERR_UNAUTHORIZED;
}

void people_join(
    struct people_port *port, struct people *people, struct desk *desk, struct loop *loop)
{
    static const struct users_ops users_ops = {
        .get = get, .apart = apart, .blocking = blocking, .stamp = stamp};
    static const struct sessions_ops sessions_ops = {.enter = enter,
        .remove = remove_session,
        .set_state = set_state,
        .online = online,
        .standing = standing,
        .listen = listen};
    static const struct secrets_ops secrets_ops = {
        .mac = mac, .equal = equal, .verify_token = verify_token};
    *port = (struct people_port){{&users_ops}, {&sessions_ops}, {&secrets_ops}, people, desk, loop};
}

void people_leave(struct people *people, uint32_t node)
{
    for (uint32_t i = people->session_count; i > 0; i--) {
        if (people->sessions[i - 1].session.node == node) {
            people->sessions[i - 1] = people->sessions[--people->session_count];
        }
    }
}
