/* choose - see the header.
 *
 * Happy path: a step is drawn and noted, then done, as a step of a scenario is. How it fails: a
 * step that has nothing to be done to, as the message of an edit, is left out. */

#include "choose.h"

#include "base/event_buf.h"
#include "call.h"
#include "client.h"
#include "cluster.h"
#include "goodbye.h"
#include "node.h"

#define OPEN_MAX 12
#define OPEN_FEW 3
#define MESSAGES_BACK 20
#define ANY_PER_10000 300
#define HTTP_PER_10000 1000

#define USES_TEXT 1u
#define USES_USER 2u
#define USES_ON 4u
#define USES_UNTIL 8u
#define USES_MESSAGE 16u
#define USES_OWN 32u /* a message, mostly its own */

static const struct {
    uint32_t weight, uses;
} acts[] = {
#define ACT(name, command, weight, uses, doc) {weight, uses},
#include "acts.def"
#undef ACT
};

static const uint32_t look_chances[] = {
#define LOOK(name, chance, doc) chance,
#include "looks.def"
#undef LOOK
};

static const struct truth_room *truth_of(const struct client *client, uint32_t place)
{
    return truth_room(&client->cluster->truth, &client->cluster->places.at[place].room);
}

/* ---- drawing */

static enum act_kind draw_kind(struct client *client)
{
    uint32_t total = 0, off = client->cluster->acts_off;
    for (uint32_t i = 0; i < ACT_COUNT; i++) {
        total += off & 1u << i ? 0 : acts[i].weight;
    }
    uint32_t at = (uint32_t)dice_below(&client->choices, total);
    for (uint32_t i = 0; i < ACT_COUNT; i++) {
        uint32_t weight = off & 1u << i ? 0 : acts[i].weight;
        if (at < weight) {
            return (enum act_kind)i;
        }
        at -= weight;
    }
    return ACT_send;
}

/* Mostly a room that one is in; now and then any. */
static uint32_t draw_place(struct client *client, enum act_kind kind)
{
    uint32_t count = client->cluster->places.count;
    uint32_t place = (uint32_t)dice_below(&client->choices, count);
    bool any = kind == ACT_join || dice_hits(&client->choices, ANY_PER_10000);
    for (uint32_t i = 0; !any && i < count; i++) {
        if (client->views[place].member) {
            break;
        }
        place = (place + 1) % count;
    }
    return place;
}

/* A direct room of one's own; PLACES_MAX: there is none. */
static uint32_t draw_direct(struct client *client)
{
    const struct places *places = &client->cluster->places;
    uint32_t from = (uint32_t)dice_below(&client->choices, places->count);
    for (uint32_t i = 0; i < places->count; i++) {
        uint32_t place = (from + i) % places->count;
        if (place_peer(&places->at[place], client->user)) {
            return place;
        }
    }
    return PLACES_MAX;
}

/* Somebody, if possible the other one of a direct room. */
static uint32_t draw_peer(struct client *client)
{
    const struct cluster *cluster = client->cluster;
    uint32_t place = draw_direct(client);
    uint32_t any = 1 + (uint32_t)dice_below(&client->choices, cluster->people.count);
    return place < PLACES_MAX ? place_peer(&cluster->places.at[place], client->user) : any;
}

/* The act of a recent message that this client has seen; often one of its own. 0: none. */
static uint64_t draw_message(struct client *client, uint32_t place, bool own)
{
    const struct truth_room *room = truth_of(client, place);
    uint64_t seen = client->views[place].applied;
    uint64_t back = dice_below(&client->choices, MESSAGES_BACK);
    for (uint64_t seq = seen > back ? seen - back : seen; seq > 0; seq--) {
        const struct truth_entry *entry = truth_entry(room, seq);
        bool fits =
            entry && entry->kind == cht_entry_kind_message &&
            (!own || entry->by == client->user || dice_hits(&client->choices, ANY_PER_10000));
        if (fits) {
            return act_of_cid(entry->cid);
        }
    }
    return 0;
}

static uint64_t draw_until(struct client *client)
{
    uint64_t after_ms = dice_below(&client->choices, 10000);
    bool none = dice_hits(&client->choices, 3000);
    return none ? 0 : UINT64_C(1700000000000) + client->cluster->scene.now_us / 1000 + after_ms;
}

static struct step new_step(const struct client *client, uint32_t kind)
{
    return (struct step){
        .at_us = client->cluster->scene.now_us, .kind = kind, .client = client->number};
}

static void do_step(struct client *client, const struct step *step);

static void note_and_do(struct client *client, const struct step *step)
{
    scenario_note(&client->cluster->scenario, step);
    do_step(client, step);
}

static void draw_act(struct client *client)
{
    uint32_t most = client->cluster->options.seed % 3 == 0 ? OPEN_MAX : OPEN_FEW;
    if (client->acts_open >= most || client->act_count == CLIENT_ACTS_MAX) {
        return;
    }
    struct dice *dice = &client->choices;
    enum act_kind kind = draw_kind(client);
    uint32_t uses = acts[kind].uses;
    struct step step = new_step(client, STEP_OF_ACT(kind));
    step.act = client->act_count;
    step.http = call_fits(kind) && dice_hits(dice, HTTP_PER_10000);
    step.room = kind == ACT_write ? draw_direct(client) : draw_place(client, kind);
    if (step.room == PLACES_MAX) {
        return;
    }
    step.user = uses & USES_USER ? 1 + dice_below(dice, client->cluster->people.count) : 0;
    step.on = uses & USES_ON ? dice_hits(dice, 6000) : 0;
    step.until = uses & USES_UNTIL ? draw_until(client) : 0;
    step.more = uses & USES_TEXT ? dice_below(dice, 60) : 0;
    if (uses & (USES_MESSAGE | USES_OWN)) {
        step.of = draw_message(client, (uint32_t)step.room, uses & USES_OWN);
        if (step.of == 0) {
            return;
        }
    }
    note_and_do(client, &step);
}

/* Who is idle looks at nothing, but repeats. */
static void draw_look(struct client *client)
{
    uint64_t at = dice_below(&client->choices, 10000);
    for (uint32_t look = 0; look < LOOK_COUNT; look++) {
        if (at >= look_chances[look]) {
            at -= look_chances[look];
            continue;
        }
        struct step step = new_step(client, STEP_OF_LOOK(look));
        step.room = dice_below(&client->choices, client->cluster->places.count);
        if (look == LOOK_repeat) {
            step.room = 0;
            step.act = dice_below(&client->choices, client->act_count);
        } else if (client->idle) {
            return;
        } else if (look == LOOK_block) {
            step.room = 0;
            step.user = draw_peer(client);
            step.on = dice_hits(&client->choices, 6000);
        } else if (look == LOOK_visit) {
            step.act = client->act_count;
        } else if (look == LOOK_search || look == LOOK_watch || look == LOOK_typing) {
            step.on = dice_hits(&client->choices, 5000);
            step.more = dice_below(&client->choices, 26);
        }
        note_and_do(client, &step);
        return;
    }
}

/* ---- doing */

static void repeat(struct client *client, const struct step *step)
{
    const struct act *act = step->act < client->act_count ? &client->acts[step->act] : NULL;
    if (act && act->state == ACT_OK) {
        act_repeat(client, act);
    }
}

/* As the user service does: the truth, then a cast for who remembers it. */
static void block(struct client *client, const struct step *step)
{
    struct cluster *cluster = client->cluster;
    people_block(&cluster->people, client->user, (uint32_t)step->user, step->on);
    struct cht_blocked event = {
        .user = people_id(client->user), .other = people_id((uint32_t)step->user), .on = step->on};
    struct buf *bytes = event_buf_encode(&cht_row_blocked, &event);
    cast_send(&cluster->nodes[client->wire->node - 1].bus.cast, bytes);
    buf_unref(bytes);
}

static void begin_act(struct client *client, const struct step *step)
{
    enum act_kind kind = (enum act_kind)(step->kind - FAULT_COUNT);
    uint64_t target = step->of ? act_message(client, (uint32_t)step->of) : 0;
    struct act *act =
        step->of && !target ? NULL : act_new(client, kind, (uint32_t)step->room, step->act);
    if (!act) {
        return;
    }
    act->target = target;
    act->other = (uint32_t)step->user;
    act->on = step->on != 0;
    act->http = step->http != 0;
    act->until = step->until;
    act_write_text(act, (uint32_t)step->more);
    act_try(client, act);
}

static void do_step(struct client *client, const struct step *step)
{
    if (step->room >= client->cluster->places.count) {
        return;
    }
    if (step->kind < STEP_OF_LOOK(0)) {
        begin_act(client, step);
        return;
    }
    switch ((enum look)(step->kind - STEP_OF_LOOK(0))) {
    case LOOK_history:
        client_read_newest(
            client, (uint32_t)step->room, dice_between(&client->dice, 1, READ_NEWEST_WAYS));
        break;
    case LOOK_read:
        client_read(client, (uint32_t)step->room);
        break;
    case LOOK_repeat:
        repeat(client, step);
        break;
    case LOOK_block:
        block(client, step);
        break;
    case LOOK_goodbye:
        goodbye_say(client);
        break;
    case LOOK_search:
        client_search(
            client, step->on ? (uint32_t)step->room : PLACES_MAX, (char)('a' + step->more % 26));
        break;
    case LOOK_watch:
        if (step->on) {
            client_set_state(
                client, step->more % 2 ? cht_presence_state_away : cht_presence_state_online);
        } else {
            client_watch(client);
        }
        break;
    case LOOK_typing:
        client_type(client, (uint32_t)step->room, step->on);
        break;
    case LOOK_visit:
        act_visit(client, (uint32_t)step->room, step->act);
        break;
    case LOOK_rename:
        people_rename(&client->cluster->people, client->user);
        break;
    case LOOK_COUNT:
        break;
    }
}

void choose_steps(struct client *client)
{
    struct cluster *cluster = client->cluster;
    if (cluster->options.replays) {
        const struct step *step;
        while (client->wire &&
               (step = scenario_next(&cluster->scenario, client->number, cluster->scene.now_us))) {
            if (!client->idle || step->kind == STEP_OF_LOOK(LOOK_repeat)) {
                do_step(client, step);
            }
        }
        return;
    }
    draw_look(client);
    uint32_t at_once = cluster->options.seed % 3 == 0 ? 4 : 1;
    for (uint32_t i = 0; i < at_once && !client->idle; i++) {
        draw_act(client);
    }
}
