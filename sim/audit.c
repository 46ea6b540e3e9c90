/* audit - see the header.
 *
 * Happy path: the store says what the log says, each client has applied all it may see, nothing is
 * left over. How it fails: the first difference breaks its promise. */

#include "audit.h"

#include "cluster.h"
#include "heap.h"
#include "node.h"

#define FAIL(cluster, check, ...)                                                                  \
    do {                                                                                           \
        if (tell) {                                                                                \
            scene_fail(&(cluster)->scene, check, __VA_ARGS__);                                     \
        }                                                                                          \
        return false;                                                                              \
    } while (0)

#define CLOSE_US 5000000
#define APART_US 25000000 /* a list whose cast was lost has been read again */

/* ---- quiet */

static bool has_seen_all(struct cluster *cluster, const struct client *client, bool tell)
{
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        const struct truth_room *room = truth_room(&cluster->truth, &cluster->places.at[i].room);
        const struct view *view = &client->views[i];
        bool member = truth_is_member(room, client->user) && !room->gone;
        if (member && view->applied != room->head) {
            FAIL(cluster, "I8", "client %u (user %u) has applied %llu of room %u, its head is %llu",
                client->number, client->user, (unsigned long long)view->applied, i,
                (unsigned long long)room->head);
        }
    }
    return true;
}

static bool is_client_quiet(struct cluster *cluster, const struct client *client, bool tell)
{
    if (cluster->people.deleted_us[client->user]) {
        if (client->wire) {
            FAIL(cluster, "I18", "client %u comes back, and its account is gone", client->number);
        }
        return true;
    }
    if (!client->wire || !client->ready) {
        FAIL(cluster, "I26", "client %u is not connected", client->number);
    }
    for (uint32_t i = 0; i < client->act_count; i++) {
        const struct act *act = &client->acts[i];
        if (act->state == ACT_FLYING || act->state == ACT_WAITING) {
            FAIL(cluster, "I19", "act %u of client %u has no end after %u attempts", act->id,
                client->number, act->attempts);
        }
    }
    return has_seen_all(cluster, client, tell);
}

bool audit_is_quiet(struct cluster *cluster, bool tell)
{
    for (uint32_t i = 0; i < cluster->client_count; i++) {
        if (!is_client_quiet(cluster, cluster->clients[i], tell)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < cluster->bus.shard_count; i++) {
        uint64_t stored = cluster->store.progress[i].index;
        if (stored != cluster->truth.shards[i].index) {
            FAIL(cluster, "I22", "shard %u: the store has %llu of %llu records", i,
                (unsigned long long)stored, (unsigned long long)cluster->truth.shards[i].index);
        }
    }
    if (bus_waiting(&cluster->bus) > 0) {
        FAIL(cluster, "I26", "%llu commands are not done",
            (unsigned long long)bus_waiting(&cluster->bus));
    }
    return true;
}

#undef FAIL
#define FAIL(cluster, check, ...) scene_fail(&(cluster)->scene, check, __VA_ARGS__)

void audit_live(struct cluster *cluster)
{
    for (uint32_t c = 0; c < cluster->client_count; c++) {
        const struct client *client = cluster->clients[c];
        for (uint32_t i = 0; i < cluster->places.count; i++) {
            const struct truth_room *room =
                truth_room(&cluster->truth, &cluster->places.at[i].room);
            const struct act *probe = cluster->places.at[i].probe;
            uint64_t live = client->views[i].live;
            bool said = probe && probe->state == ACT_OK && client->wire;
            if (said && truth_is_member(room, client->user) && live < probe->seq) {
                FAIL(cluster, "I26", "client %u was told %llu of room %u as it happened, not %llu",
                    client->number, (unsigned long long)live, i, (unsigned long long)probe->seq);
            }
        }
    }
}

/* For so long that who watches has been told: a repeat of what was true already may still add
 * somebody now. */
static bool has_been_in(const struct cluster *cluster, const struct truth_room *room, uint32_t user)
{
    const struct truth_entry *joined = truth_entry(room, room->members[user].joined_seq);
    return truth_is_member(room, user) && joined &&
           joined->landed_us + CLOSE_US < cluster->scene.now_us;
}

static bool are_close(const struct cluster *cluster, uint32_t user, uint32_t other)
{
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        const struct truth_room *room = truth_room(&cluster->truth, &cluster->places.at[i].room);
        if (room && room->kind != cht_room_kind_channel && !room->gone &&
            has_been_in(cluster, room, user) && has_been_in(cluster, room, other)) {
            return true;
        }
    }
    return false;
}

/* Whoever is kept apart by a block for long is gone, for the other; where a block has changed
 * lately, anything is right. */
static bool is_told_right(
    const struct cluster *cluster, const struct client *client, uint32_t user, uint64_t right)
{
    const struct people *people = &cluster->people;
    uint64_t told = client->presence[user];
    if (!client->wire || user == client->user || !are_close(cluster, client->user, user)) {
        return true;
    }
    if (people_are_apart(people, client->user, user, APART_US)) {
        return told == cht_presence_state_offline;
    }
    return told == right || !people_are_together(people, client->user, user, APART_US);
}

void audit_presence(struct cluster *cluster)
{
    for (uint32_t c = 0; c < cluster->client_count; c++) {
        const struct client *client = cluster->clients[c];
        for (uint32_t user = 1; user <= cluster->people.count; user++) {
            uint64_t right = people_state(&cluster->people, user);
            if (!is_told_right(cluster, client, user, right)) {
                FAIL(cluster, "I26",
                    "client %u was told %llu of whether user %u is there, not %llu", client->number,
                    (unsigned long long)client->presence[user], user, (unsigned long long)right);
            }
        }
    }
}

/* ---- the store */

static void check_entry(struct cluster *cluster, uint32_t number, const struct stored_entry *row,
    const struct truth_entry *entry)
{
    unsigned long long seq = entry->seq;
    if (row->seq != entry->seq || row->kind != entry->kind ||
        people_number(&row->by) != entry->by || row->target != entry->target) {
        FAIL(cluster, "I22", "the store's entry %llu of room %u differs from the log", seq, number);
    }
}

static uint64_t stored_reactions(const struct stored_room *stored, uint64_t target)
{
    uint64_t users = 0;
    for (uint32_t i = 0; i < stored->reaction_count; i++) {
        const struct stored_reaction *row = &stored->reactions[i];
        bool counts = row->target == target && row->on;
        users |= counts ? UINT64_C(1) << people_number(&row->user) : 0;
    }
    return users;
}

static void check_message(struct cluster *cluster, uint32_t number,
    const struct stored_room *stored, const struct stored_message *row)
{
    const struct truth_room *room = truth_room(&cluster->truth, &stored->id);
    struct truth_message right = truth_message_at(room, row->seq, room->head);
    unsigned long long seq = row->seq;
    uint64_t text = row->text.size ? digest_bytes(row->text.at, row->text.size) : 0;
    bool same = row->n == right.n && row->deleted == right.deleted &&
                (row->deleted || row->edited_seq == right.edited_seq);
    if (!same || (!row->deleted && stored_reactions(stored, row->seq) != right.reactions)) {
        FAIL(cluster, "I16", "the store's message %llu of room %u is not the fold of its log", seq,
            number);
    }
    if (text != (right.deleted ? 0 : right.text)) {
        FAIL(cluster, "I16", "the store's text of message %llu of room %u differs", seq, number);
    }
}

static void check_members(struct cluster *cluster, uint32_t number, const struct truth_room *room)
{
    for (uint32_t user = 1; user <= cluster->people.count && !room->gone; user++) {
        struct cht_id id = people_id(user);
        const struct stored_mine *mine = NULL;
        for (uint32_t i = 0; i < cluster->store.mine_count; i++) {
            const struct stored_mine *row = &cluster->store.mine[i];
            bool same = cht_id_equal(&row->user, &id) && cht_id_equal(&row->room, &room->id);
            mine = same ? row : mine;
        }
        bool shown = truth_is_member(room, user), belongs = shown || truth_is_of_pair(room, user);
        if ((mine != NULL) != belongs || (mine && mine->hidden == shown)) {
            FAIL(cluster, "I22",
                "user %u, room %u: by the log a member %d, shown %d; stored %d, %d", user, number,
                belongs, shown, mine != NULL, mine && !mine->hidden);
        }
    }
}

static void check_room(struct cluster *cluster, uint32_t number)
{
    const struct truth_room *room = truth_room(&cluster->truth, &cluster->places.at[number].room);
    const struct stored_room *stored =
        store_find(&cluster->store, &cluster->places.at[number].room);
    if (!room) {
        return;
    }
    if (!stored || stored->entry_count != room->head || stored->head.seq != room->head) {
        FAIL(cluster, "I22", "room %u: the store has %u entries and head %llu, the log %llu",
            number, stored ? stored->entry_count : 0,
            stored ? (unsigned long long)stored->head.seq : 0, (unsigned long long)room->head);
        return;
    }
    uint32_t message = 0;
    for (uint64_t i = 0; i < room->head; i++) {
        check_entry(cluster, number, &stored->entries[i], &room->entries[i]);
        if (room->entries[i].kind != cht_entry_kind_message) {
            continue;
        }
        if (message == stored->message_count || stored->messages[message].seq != i + 1) {
            FAIL(cluster, "I22", "room %u: the store lacks message %llu", number,
                (unsigned long long)i + 1);
            return;
        }
        check_message(cluster, number, stored, &stored->messages[message++]);
    }
    check_members(cluster, number, room);
}

static void check_acts(struct cluster *cluster, const struct client *client)
{
    for (uint32_t i = 0; i < client->act_count; i++) {
        const struct act *act = &client->acts[i];
        const struct truth_room *room =
            truth_room(&cluster->truth, &cluster->places.at[act->place].room);
        struct cht_str cid = cht_str_of(act->cid);
        const struct truth_entry *entry = truth_by_cid(room, client->user, cid);
        bool refused = act->state == ACT_REFUSED && act->unknown == 0;
        if (refused && entry) {
            FAIL(cluster, "I4", "act %u was refused for good and is entry %llu of room %u", act->id,
                (unsigned long long)entry->seq, act->place);
        }
    }
}

/* Who was a member when they began to delete their account has left. */
static void check_deleted(struct cluster *cluster, const struct truth_room *room)
{
    for (uint32_t user = 1; room && user <= cluster->people.count; user++) {
        uint64_t began_us = cluster->people.deleted_us[user] ? cluster->people.goodbye_us[user] : 0;
        const struct truth_entry *joined = truth_entry(room, room->members[user].joined_seq);
        if (began_us && joined && joined->landed_us < began_us && !room->gone &&
            truth_is_member(room, user)) {
            FAIL(cluster, "I13",
                "user %u has no account and is a member of a room of kind %llu still", user,
                (unsigned long long)room->kind);
        }
    }
}

void audit(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->places.count; i++) {
        check_room(cluster, i);
        check_deleted(cluster, truth_room(&cluster->truth, &cluster->places.at[i].room));
    }
    for (uint32_t i = 0; i < cluster->client_count; i++) {
        check_acts(cluster, cluster->clients[i]);
    }
}

/* ---- leftovers: everybody has gone, the services end, and nothing of their memory is left */

void audit_leftovers(struct cluster *cluster)
{
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        struct node *node = &cluster->nodes[i];
        if (!node_is_idle(node)) {
            struct socket_counters counters = socket_counters(node->socket);
            FAIL(cluster, "I25",
                "node %u is not idle: connections %u, pending %u, chat %d, store %d", node->number,
                counters.connections, counters.pending, chat_is_idle(node->chat),
                message_is_idle(node->message));
            return;
        }
    }
    for (uint32_t i = 0; i < cluster->node_count; i++) {
        struct node *node = &cluster->nodes[i];
        if (!node_stop(node)) {
            FAIL(cluster, "I25", "node %u leaves %llu blocks behind", node->number,
                (unsigned long long)heap_blocks(node->number));
        }
    }
}
