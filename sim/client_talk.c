/* client_talk - what a client says besides its acts: sync, fetching, reading.
 *
 * Happy path: a free number, a command, its answer. How it fails: with no free number it asks
 * later. */

#include <stdio.h>

#include "base/check.h"
#include "client.h"
#include "cluster.h"

#define SYNC_EVENTS_MAX 20

void client_say(struct client *client, const struct cht_command *command, const char *ref)
{
    char text[8192];
    struct cht_json json = {.at = text, .size = sizeof(text)};
    cht_json_client(&json, command, cht_str_of(ref));
    CHECK(json.used <= sizeof(text));
    wire_say(client->wire, text, (uint32_t)json.used);
}

struct ask *client_find_ask(struct client *client, uint32_t number)
{
    for (uint32_t i = 0; i < CLIENT_QUERIES_MAX; i++) {
        if (client->asks[i].kind != QUERY_NONE && client->asks[i].number == number) {
            return &client->asks[i];
        }
    }
    return NULL;
}

static void note_durable(const struct cluster *cluster, struct ask *ask)
{
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        const struct truth_room *room = truth_room(&cluster->truth, &cluster->places.at[i].room);
        ask->durable[i] = room ? room->head : 0;
    }
}

static struct ask *new_ask(struct client *client, enum query_kind kind, uint32_t place)
{
    const struct cluster *cluster = client->cluster;
    for (uint32_t i = 0; i < CLIENT_QUERIES_MAX; i++) {
        if (client->asks[i].kind == QUERY_NONE) {
            client->asks[i] = (struct ask){.kind = kind,
                .number = ++client->numbers,
                .place = place,
                .asked_us = cluster->scene.now_us,
                .behind = cluster_behind(cluster),
                .renames = cluster->people.renames};
            note_durable(cluster, &client->asks[i]);
            return &client->asks[i];
        }
    }
    return NULL;
}

static void say_ask(struct client *client, const struct ask *ask, struct cht_command *command)
{
    char ref[16];
    snprintf(ref, sizeof(ref), "q%u", ask->number);
    client_say(client, command, ref);
}

void client_sync(struct client *client)
{
    struct cluster *cluster = client->cluster;
    struct ask *ask = new_ask(client, QUERY_SYNC, 0);
    if (!ask) {
        return;
    }
    struct cht_room_seq rooms[PLACES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        if (client->views[i].applied > 0) {
            rooms[count++] = (struct cht_room_seq){
                .room = cluster->places.at[i].room, .seq = client->views[i].applied};
        }
    }
    struct cht_command command = {.type = cht_command_type_sync,
        .has = CHT_BIT(command, rooms) | CHT_BIT(command, events) | CHT_BIT(command, limit),
        .rooms = {rooms, count},
        .events = ask->number % (SYNC_EVENTS_MAX + 1),
        .limit = 100};
    client->synced = true;
    client->sync_us = cluster->scene.now_us;
    say_ask(client, ask, &command);
}

void client_fetch(struct client *client, uint32_t place)
{
    struct view *view = &client->views[place];
    struct ask *ask = new_ask(client, QUERY_EVENTS, place);
    if (!ask) {
        return;
    }
    view->fetching = true;
    ask->after = view->applied;
    ask->at_least = view->wanted;
    struct cht_command command = {.type = cht_command_type_room_events,
        .has = CHT_BIT(command, room) | CHT_BIT(command, after_seq) | CHT_BIT(command, limit) |
               CHT_BIT(command, at_least),
        .room = client->cluster->places.at[place].room,
        .after_seq = view->applied,
        .limit = dice_between(&client->dice, 1, 100),
        .at_least = view->wanted};
    say_ask(client, ask, &command);
}

static uint64_t highest_n(const struct client *client, uint32_t place)
{
    const struct truth_room *room =
        truth_room(&client->cluster->truth, &client->cluster->places.at[place].room);
    const struct truth_entry *entry = truth_entry(room, client->views[place].applied);
    return entry ? entry->n : 0;
}

void client_read(struct client *client, uint32_t place)
{
    struct ask *ask = new_ask(client, QUERY_READ, place);
    if (ask) {
        struct cht_command command = {.type = cht_command_type_read,
            .has = CHT_BIT(command, room) | CHT_BIT(command, n),
            .room = client->cluster->places.at[place].room,
            .n = highest_n(client, place)};
        say_ask(client, ask, &command);
    }
}

/* Two of three want as many as there are by default, and one of two says what it has seen. */
void client_read_newest(struct client *client, uint32_t place, uint64_t way)
{
    struct ask *ask = new_ask(client, QUERY_HISTORY, place);
    if (!ask) {
        return;
    }
    struct cht_command command = {.type = cht_command_type_room_history,
        .has = CHT_BIT(command, room),
        .room = client->cluster->places.at[place].room};
    if (way % 3 == 0) {
        ask->limit = (uint32_t)way;
        command.has |= CHT_BIT(command, limit);
        command.limit = way;
    }
    if (way % 2 == 0) {
        ask->at_least = client->views[place].applied;
        command.has |= CHT_BIT(command, at_least);
        command.at_least = ask->at_least;
    }
    say_ask(client, ask, &command);
}

void client_type(struct client *client, uint32_t place, bool on)
{
    struct ask *ask = new_ask(client, QUERY_TYPING, place);
    if (ask) {
        struct cht_command command = {.type = cht_command_type_typing,
            .has = CHT_BIT(command, room) | CHT_BIT(command, on),
            .room = client->cluster->places.at[place].room,
            .on = on};
        say_ask(client, ask, &command);
    }
}

void client_search(struct client *client, uint32_t place, char letter)
{
    struct ask *ask = new_ask(client, QUERY_SEARCH, place);
    if (!ask) {
        return;
    }
    ask->letter = letter;
    struct cht_command command = {.type = cht_command_type_search,
        .has = CHT_BIT(command, q) | CHT_BIT(command, limit),
        .q = {&ask->letter, 1},
        .limit = dice_between(&client->dice, 1, 50)};
    if (place < PLACES_MAX) {
        command.has |= CHT_BIT(command, room);
        command.room = client->cluster->places.at[place].room;
    }
    say_ask(client, ask, &command);
}

void client_watch(struct client *client)
{
    struct ask *ask = client->wire ? new_ask(client, QUERY_PRESENCE, 0) : NULL;
    if (!ask) {
        return;
    }
    struct cht_id users[PEOPLE_MAX];
    uint32_t count = client->cluster->people.count;
    for (uint32_t i = 0; i < count; i++) {
        users[i] = people_id(i + 1);
    }
    struct cht_command command = {.type = cht_command_type_presence_watch,
        .has = CHT_BIT(command, users),
        .users = {users, count}};
    say_ask(client, ask, &command);
}

void client_set_state(struct client *client, enum cht_presence_state state)
{
    struct ask *ask = new_ask(client, QUERY_PRESENCE, 0);
    if (ask) {
        struct cht_command command = {
            .type = cht_command_type_presence_set, .has = CHT_BIT(command, state), .state = state};
        say_ask(client, ask, &command);
    }
}
