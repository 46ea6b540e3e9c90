/* acts - see the header.
 *
 * Happy path: chosen, tried, ok. How it fails: a refusal that may be repeated, an answer that does
 * not come, a wire that breaks: it is tried again with the same cid and the same `after`, until it
 * is ok or refused for good. */

#include "acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "call.h"
#include "client.h"
#include "cluster.h"

#define ANSWER_BOUND_US 16000000
#define ANSWER_US_MAX 9000000 /* what takes longer its node has ended (socket.answer_timeout_ms)   \
                               */
#define WAIT_US_MAX 800000

static const enum cht_command_type types[] = {
#define ACT(name, command, weight, uses, doc) cht_command_type_##command,
#include "acts.def"
#undef ACT
};

static struct truth_room *truth_of(const struct client *client, uint32_t place)
{
    return truth_room(&client->cluster->truth, &client->cluster->places.at[place].room);
}

struct act *act_find(struct client *client, uint32_t id)
{
    uint32_t index = id % CLIENT_ACTS_MAX;
    bool known = id / CLIENT_ACTS_MAX == client->number && index < client->act_count;
    return known && client->acts[index].state != ACT_NONE ? &client->acts[index] : NULL;
}

static const struct act *find_any(const struct client *client, uint32_t id)
{
    struct cluster *cluster = client->cluster;
    uint32_t owner = id / CLIENT_ACTS_MAX;
    return id && owner < cluster->client_count ? act_find(cluster->clients[owner], id) : NULL;
}

uint32_t act_of_cid(const char *cid)
{
    return cid[0] == 'c' ? (uint32_t)strtoul(cid + 1, NULL, 10) : 0;
}

uint64_t act_message(const struct client *client, uint32_t id)
{
    const struct act *act = find_any(client, id);
    const struct truth_room *room = act ? truth_of(client, act->place) : NULL;
    const struct truth_entry *entry =
        room ? truth_by_cid(
                   room, client->cluster->clients[id / CLIENT_ACTS_MAX]->user, cht_str_of(act->cid))
             : NULL;
    return entry ? entry->seq : 0;
}

const struct act *act_of_text(const struct client *client, struct cht_str text)
{
    char digits[12] = "";
    memcpy(digits, text.at + 1, text.size - 1 < 11 ? text.size - 1 : 11);
    uint32_t id = (uint32_t)strtoul(digits, NULL, 10);
    return find_any(client, id);
}

/* ---- beginning */

struct act *act_new(struct client *client, enum act_kind kind, uint32_t place, uint64_t index)
{
    index = index > client->act_count ? index : client->act_count;
    if (index >= CLIENT_ACTS_MAX) {
        return NULL;
    }
    struct act *act = &client->acts[index];
    *act = (struct act){.id = client->number * CLIENT_ACTS_MAX + (uint32_t)index,
        .kind = kind,
        .place = place,
        .after = client->views[place].applied,
        .first_us = client->cluster->scene.now_us};
    client->act_count = (uint32_t)index + 1;
    client->acts_open++;
    client->cluster->acts++;
    const struct truth_room *room = truth_of(client, place);
    act->floor = room ? room->acked_max : 0;
    snprintf(act->cid, sizeof(act->cid), "c%u-%u", act->id, client->user);
    return act;
}

void act_write_text(struct act *act, uint32_t more)
{
    struct dice dice = {act->id};
    int used = snprintf(act->text, sizeof(act->text), "~%u~ ", act->id);
    for (uint32_t i = 0; i < more && used + 1 < (int)sizeof(act->text); i++) {
        act->text[used++] = (char)('a' + dice_below(&dice, 26));
    }
    act->text[used] = '\0';
}

void act_create_room(struct client *client, uint32_t number)
{
    struct place *place = &client->cluster->places.at[number];
    struct act *act = act_new(client, ACT_create, number, 0);
    memcpy(act->cid, place->cid, sizeof(act->cid));
    act_try(client, act);
}

void act_visit(struct client *client, uint32_t place, uint64_t index)
{
    bool joins = !client->views[place].member;
    struct act *act = joins ? act_new(client, ACT_join, place, index) : NULL;
    if (act) {
        act->visits = true;
        act_try(client, act);
    }
}

static void visit_on(struct client *client, const struct act *done)
{
    struct act *act = done->kind == ACT_join ? act_new(client, ACT_leave, done->place, 0) : NULL;
    if (act) {
        act->visits = true;
        act_try(client, act);
    } else if (done->kind == ACT_leave && client->wire) {
        client_reconnect(client);
    }
}

const struct act *act_say(struct client *client, uint32_t place)
{
    struct act *act = client->ready ? act_new(client, ACT_send, place, 0) : NULL;
    if (act) {
        act_write_text(act, 0);
        act_try(client, act);
    }
    return act;
}

/* ---- saying */

static void fill_direct(
    const struct place *place, struct cht_command *command, struct cht_id *members)
{
    command->has = CHT_BIT(command, cid) | CHT_BIT(command, kind) | CHT_BIT(command, members);
    command->kind = place->kind;
    members[0] = people_id(place->pair[1]);
    command->members.at = members;
    command->members.count = 1;
}

static void fill_room(const struct client *client, const struct act *act,
    struct cht_command *command, struct cht_id *members)
{
    static char names[PLACES_MAX][16];
    const struct place *place = &client->cluster->places.at[act->place];
    snprintf(names[act->place], sizeof(names[0]), "room %u", act->place);
    command->has = CHT_BIT(command, cid) | CHT_BIT(command, kind) | CHT_BIT(command, name);
    command->kind = place->kind;
    command->name = cht_str_of(names[act->place]);
    if (place->kind == cht_room_kind_channel) {
        command->has |= CHT_BIT(command, visibility) | CHT_BIT(command, history);
        command->history = act->place % 4 == 3 ? cht_history_from_joined : cht_history_from_all;
        command->visibility = act->place % 2 ? cht_visibility_public : cht_visibility_private;
    }
    for (uint32_t user = 1; user <= client->cluster->people.count; user++) {
        if (user != client->user && (user + act->place) % 3 != 0) {
            members[command->members.count++] = people_id(user);
        }
    }
    command->members.at = members;
    command->has |= CHT_BIT(command, members);
}

static void fill_command(const struct act *act, struct cht_command *command)
{
    switch (act->kind) {
    case ACT_send:
    case ACT_write:
        command->has |= CHT_BIT(command, text);
        command->text = cht_str_of(act->text);
        break;
    case ACT_edit:
        command->has |= CHT_BIT(command, text) | CHT_BIT(command, target);
        command->text = cht_str_of(act->text);
        break;
    case ACT_delete:
        command->has |= CHT_BIT(command, target);
        break;
    case ACT_react:
        command->has |= CHT_BIT(command, target) | CHT_BIT(command, key) | CHT_BIT(command, on);
        command->key = cht_str_of("+1");
        command->on = act->on;
        break;
    case ACT_role:
        command->has |= CHT_BIT(command, user) | CHT_BIT(command, role);
        command->role = act->on ? cht_role_admin : cht_role_member;
        break;
    case ACT_mute:
        command->has |= CHT_BIT(command, user) | CHT_BIT(command, until);
        command->until = act->until;
        break;
    case ACT_add:
    case ACT_remove:
    case ACT_ban:
    case ACT_unban:
        command->has |= CHT_BIT(command, user);
        break;
    case ACT_update:
        command->has |= CHT_BIT(command, topic);
        command->topic = cht_str_of(act->text);
        break;
    case ACT_join:
    case ACT_leave:
    case ACT_create:
    case ACT_COUNT:
        break;
    }
}

static void say_act(struct client *client, const struct act *act, const char *ref)
{
    struct cht_id members[PEOPLE_MAX];
    struct cht_command command = {.type = types[act->kind],
        .has = CHT_BIT(command, room) | CHT_BIT(command, cid) | CHT_BIT(command, after),
        .room = client->cluster->places.at[act->place].room,
        .after = act->after,
        .target = act->target,
        .user = people_id(act->other ? act->other : 1)};
    const struct place *place = &client->cluster->places.at[act->place];
    if (act->kind == ACT_create && place->pair[0]) {
        fill_direct(place, &command, members);
    } else if (act->kind == ACT_create) {
        fill_room(client, act, &command, members);
    } else {
        fill_command(act, &command);
    }
    if (act->kind == ACT_write) { /* the room follows from the two */
        command.has = (command.has & ~CHT_BIT(command, room)) | CHT_BIT(command, to);
        command.to = people_id(place_peer(place, client->user));
    }
    command.cid = cht_str_of(act->cid);
    client_say(client, &command, ref);
}

static bool flies_over_http(const struct act *act)
{
    return act->http && act->attempts % 2 == 1;
}

void act_try(struct client *client, struct act *act)
{
    act->state = ACT_FLYING;
    act->attempts++;
    act->last_us = client->cluster->scene.now_us;
    act->wire = client->wire->number;
    if (flies_over_http(act)) {
        act->wire = ++client->cluster->wire_count; /* no other act is on it */
        call_open(client, act, 1 + act->id % client->cluster->node_count);
        return;
    }
    char ref[16];
    snprintf(ref, sizeof(ref), "a%u", act->id);
    say_act(client, act, ref);
}

void act_repeat(struct client *client, const struct act *act)
{
    char ref[24];
    snprintf(ref, sizeof(ref), "r%ux%u", act->id, ++client->numbers);
    say_act(client, act, ref);
}

/* ---- answers */

static void finish(struct client *client, struct act *act, enum act_state state)
{
    act->state = state;
    act->done_us = client->cluster->scene.now_us;
    client->acts_open--;
    client->cluster->acts_ok += state == ACT_OK;
    client->cluster->acts_refused += state == ACT_REFUSED;
}

/* I10: on one wire, each tried once, in one room. */
static void check_pipelined(struct client *client, const struct act *act)
{
    for (uint32_t i = 0; i < client->act_count; i++) {
        const struct act *other = &client->acts[i];
        if (other == act || other->state != ACT_OK || other->dup || other->attempts > 1 ||
            other->wire != act->wire || other->place != act->place || !act_says(other)) {
            continue;
        }
        bool earlier = other < act;
        if (earlier ? other->seq >= act->seq : other->seq <= act->seq) {
            scene_fail(&client->cluster->scene, "I10",
                "acts %u and %u of one connection have seqs %llu and %llu", other->id, act->id,
                (unsigned long long)other->seq, (unsigned long long)act->seq);
        }
    }
}

void act_on_ok(struct client *client, struct act *act, uint64_t seq, bool dup)
{
    struct scene *scene = &client->cluster->scene;
    struct truth_room *room = truth_of(client, act->place);
    const struct truth_entry *entry = truth_by_cid(room, client->user, cht_str_of(act->cid));
    unsigned long long shown = seq;
    bool made_entry = act_says(act) || (act->state == ACT_OK && !act->dup);
    if (act->state == ACT_OK && made_entry && (act->seq != seq || !dup)) {
        scene_fail(scene, "I3", "act %u was told %llu and then %llu, dup %d", act->id,
            (unsigned long long)act->seq, shown, dup);
    }
    if (act->state != ACT_FLYING) {
        return;
    }
    act->seq = seq;
    act->dup = dup;
    if (!entry && (!dup || act_says(act))) {
        scene_fail(scene, "I1", "act %u (%s) was told ok with seq %llu, and nothing is durable",
            act->id, cht_command_row(types[act->kind])->wire, shown);
    }
    if (entry && act_says(act) &&
        (entry->seq != seq || entry->text != digest_bytes(act->text, strlen(act->text)))) {
        scene_fail(scene, "I1", "act %u was told seq %llu, the log says %llu", act->id, shown,
            (unsigned long long)entry->seq);
    }
    if (entry && act_says(act) && seq <= act->floor) {
        scene_fail(scene, "I9", "act %u began after ok(%llu) and got %llu", act->id,
            (unsigned long long)act->floor, shown);
    }
    finish(client, act, ACT_OK);
    if (act_says(act) && !dup && act->attempts == 1) {
        check_pipelined(client, act);
    }
    if (room && entry && entry->seq > room->acked_max) {
        room->acked_max = entry->seq;
    }
    if (act->visits) {
        visit_on(client, act);
    }
}

static bool is_code(struct cht_str code, const char *word)
{
    return code.size == strlen(word) && memcmp(code.at, word, code.size) == 0;
}

static bool is_listed(struct cht_str code)
{
    static const char *const codes[] = {"forbidden", "not_found", "not_member", "muted", "conflict",
        "target_deleted", "rate_limited", "overloaded", "unavailable", "timeout", "bad_field"};
    for (uint32_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (is_code(code, codes[i])) {
            return true;
        }
    }
    return false;
}

/* I19: what nobody answers its node ends; where nothing is lost somebody answers, be it that it is
 * too late. */
static void check_answered(struct client *client, const struct act *act, struct cht_str code)
{
    struct cluster *cluster = client->cluster;
    bool ended = is_code(code, "timeout") && cluster->scene.now_us >= act->last_us + ANSWER_US_MAX;
    if (ended && faults_answered(&cluster->faults)) {
        scene_fail(
            &cluster->scene, "I19", "act %u was answered by nobody, and nothing is lost", act->id);
    }
}

void act_on_error(
    struct client *client, struct act *act, struct cht_str code, bool retry, uint64_t wait_ms)
{
    if (act->state != ACT_FLYING) {
        return;
    }
    if (!is_listed(code)) {
        scene_fail(&client->cluster->scene, "I20", "act %u (%s) was refused %.*s", act->id,
            cht_command_row(types[act->kind])->wire, (int)code.size, code.at);
    }
    bool of_faults = is_code(code, "timeout") || is_code(code, "unavailable");
    if (of_faults && faults_none(&client->cluster->faults)) {
        scene_fail(&client->cluster->scene, "I19", "act %u was told %.*s, and nothing is wrong",
            act->id, (int)code.size, code.at);
    }
    check_answered(client, act, code);
    act->unknown += is_code(code, "timeout") || is_code(code, "internal");
    if (!retry || is_code(code, "muted")) {
        finish(client, act, ACT_REFUSED);
        return;
    }
    act->state = ACT_WAITING;
    act->again_us =
        client->cluster->scene.now_us + wait_ms * 1000 + dice_below(&client->dice, WAIT_US_MAX);
}

void act_on_broken(struct client *client)
{
    for (uint32_t i = 0; i < client->act_count; i++) {
        struct act *act = &client->acts[i];
        if (act->state == ACT_FLYING) {
            act->unknown++;
            act->state = ACT_WAITING;
            act->again_us = client->cluster->scene.now_us;
        }
    }
}

void act_tick(struct client *client)
{
    struct cluster *cluster = client->cluster;
    for (uint32_t i = 0; i < client->act_count; i++) {
        struct act *act = &client->acts[i];
        if (act->state == ACT_WAITING && cluster->scene.now_us >= act->again_us) {
            act_try(client, act);
        }
        bool flies = act->state == ACT_FLYING;
        bool late = flies && cluster->scene.now_us > act->last_us + ANSWER_BOUND_US;
        if (late && cluster->healed_us && act->last_us > cluster->healed_us) {
            scene_fail(
                &cluster->scene, "I19", "act %u has no answer and its connection is open", act->id);
        } else if (late && flies_over_http(act)) { /* the node may have died */
            act->unknown++;
            act->state = ACT_WAITING;
            act->again_us = cluster->scene.now_us;
        }
    }
}

void act_give_up(struct client *client)
{
    for (uint32_t i = 0; i < client->act_count; i++) {
        struct act *act = &client->acts[i];
        if (act->state == ACT_FLYING || act->state == ACT_WAITING) {
            act->unknown++;
            finish(client, act, ACT_REFUSED);
        }
    }
}
