/* client_frames - what a client is told, and how that is judged.
 *
 * Happy path: an answer ends its question, an event is the next of its room and is applied. How it
 * fails: a gap is fetched; what does not agree with the truth breaks a promise. */

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "call.h"
#include "client.h"
#include "cluster.h"
#include "object.h"

#define LISTS_DEEP 2       /* the entries of the rooms of an answer */
#define SETTLED_US 5000000 /* until a search knows */
#define REMOVED_US 2000000
#define VIEW_US 1000000 /* leaving and joining again may be under way */

/* PLACES_MAX: no room of this run. */
static uint32_t place_of(const struct client *client, struct cht_str text)
{
    struct cht_id id;
    const struct places *places = &client->cluster->places;
    for (uint32_t i = 0; cht_id_from_text(text, &id) && i < places->count; i++) {
        if (cht_id_equal(&places->at[i].room, &id)) {
            return i;
        }
    }
    return PLACES_MAX;
}

static struct truth_room *truth_of(const struct client *client, uint32_t place)
{
    return truth_room(&client->cluster->truth, &client->cluster->places.at[place].room);
}

#define FAIL(client, check, ...) scene_fail(&(client)->cluster->scene, check, __VA_ARGS__)

/* ---- entries */

static enum cht_entry_kind kind_of(struct cht_str type)
{
    static const struct {
        const char *type;
        enum cht_entry_kind kind;
    } kinds[] = {{"message", cht_entry_kind_message}, {"message.edited", cht_entry_kind_edited},
        {"message.deleted", cht_entry_kind_deleted}, {"reaction", cht_entry_kind_reaction},
        {"room.created", cht_entry_kind_created}, {"room.updated", cht_entry_kind_updated},
        {"room.deleted", cht_entry_kind_room_deleted}, {"member", cht_entry_kind_member}};
    for (uint32_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (text_is(type, kinds[i].type)) {
            return kinds[i].kind;
        }
    }
    return cht_entry_kind_none;
}

/* Nothing has held up what is told since then. */
static bool is_settled(const struct client *client, uint64_t since_us)
{
    const struct cluster *cluster = client->cluster;
    if (!cluster_has_space(cluster)) {
        return false;
    }
    return faults_prompt(&cluster->faults) || (cluster->healed_us && cluster->healed_us < since_us);
}

/* Since when `user` has not been a member; 0: it is one. */
static uint64_t out_since_us(const struct truth_room *room, uint32_t user)
{
    uint64_t since_us = 0;
    for (uint64_t i = room->head; i > 0; i--) {
        if (room->entries[i - 1].members & UINT64_C(1) << user) {
            break;
        }
        since_us = room->entries[i - 1].landed_us;
    }
    return truth_is_of_pair(room, user) ? 0 : since_us;
}

static void note_seen(struct client *client, uint32_t place, uint64_t seq)
{
    struct view *view = &client->views[place];
    view->seen = seq > view->seen ? seq : view->seen;
}

/* I15: who is out of a room is soon told nothing of it. */
static void judge_removed(struct client *client, uint32_t place, const char *what)
{
    const struct truth_room *room = truth_of(client, place);
    uint64_t out_us = out_since_us(room, client->user);
    if (out_us && is_settled(client, out_us) &&
        out_us + REMOVED_US < client->cluster->scene.now_us) {
        FAIL(client, "I15", "user %u was told of a %s of room %u and had long been out of it",
            client->user, what, place);
    }
}

/* Was it a member at some time since that entry? */
static bool was_in_since(const struct client *client, uint32_t place, uint64_t seq)
{
    const struct truth_room *room = truth_of(client, place);
    for (seq = seq ? seq : 1; room && seq <= room->head; seq++) {
        if (room->entries[seq - 1].members >> client->user & 1) {
            return true;
        }
    }
    return truth_is_of_pair(room, client->user);
}

/* I12: whatever was durable when it asked, on any connection, is in what a client is shown, unless
 * a store was behind; so is what it was told of before. Only members are shown anything (I14). */
static void judge_head(struct client *client, const struct ask *ask, uint32_t place, uint64_t head)
{
    uint64_t seen = client->views[place].seen, durable = ask->durable[place];
    bool sure = ask->behind == cluster_behind(client->cluster);
    if (sure && head < durable) {
        FAIL(client, head < seen ? "I12" : "G1",
            "client %u was shown %llu of room %u; it had been told %llu, and %llu was durable",
            client->number, (unsigned long long)head, place, (unsigned long long)seen,
            (unsigned long long)durable);
    }
    if (sure && !was_in_since(client, place, durable)) {
        FAIL(client, "I14", "user %u was shown room %u and was out of it when it asked",
            client->user, place);
    }
    note_seen(client, place, head);
}

/* I4, I6: what is told is what is durable. In a page a deleted text is gone. */
static void judge_entry(
    struct client *client, uint32_t place, const struct object *object, bool live)
{
    struct truth_room *room = truth_of(client, place);
    uint64_t seq = object_number(object, "seq");
    const struct truth_entry *entry = truth_entry(room, seq);
    unsigned long long shown = seq;
    if (!entry) {
        FAIL(client, "I4", "client %u was told entry %llu of room %u, which is not durable",
            client->number, shown, place);
        return;
    }
    uint32_t by = object_person(object, entry->kind == cht_entry_kind_message ? "from" : "by");
    if (kind_of(object_text(object, "type")) != entry->kind || by != entry->by ||
        object_number(object, "target") != entry->target ||
        object_number(object, "ts") != entry->ts) {
        FAIL(client, "I6", "entry %llu of room %u differs from the log", shown, place);
    }
    struct cht_str text = object_text(object, "text");
    uint64_t digest = text.size ? digest_bytes(text.at, text.size) : 0;
    const struct truth_entry *target = truth_entry(room, entry->target);
    bool deleted = entry->deleted_seq || (target && target->deleted_seq);
    if (digest != entry->text && !(deleted && digest == 0)) {
        FAIL(client, "I6", "the text of entry %llu of room %u differs from the log", shown, place);
    }
    bool keyed = object_text(object, "key").size > 0;
    if (keyed != (entry->kind == cht_entry_kind_reaction) && (keyed || !deleted)) {
        FAIL(client, "I6", "the key of entry %llu of room %u differs from the log", shown, place);
    }
    if (entry->kind == cht_entry_kind_member && object_person(object, "user") != entry->user) {
        FAIL(client, "I6", "entry %llu of room %u is about another", shown, place);
    }
    if (live && !truth_sees(room, client->user, seq)) {
        FAIL(client, "I14", "user %u was told entry %llu of room %u and may not see it",
            client->user, shown, place);
    }
}

static void apply(struct client *client, uint32_t place, const struct object *object)
{
    struct view *view = &client->views[place];
    uint64_t seq = object_number(object, "seq");
    view->applied = seq;
    client->cluster->deliveries++;
    if (text_is(object_text(object, "type"), "room.deleted")) {
        view->member = false;
        view->left_seq = seq;
    }
    if (text_is(object_text(object, "type"), "member") &&
        object_person(object, "user") == client->user) {
        view->member = text_is(object_text(object, "state"), "joined");
        view->left_seq = view->member ? 0 : seq;
    }
}

/* Was the user a member all the way? */
static bool was_in(const struct client *client, uint32_t place, uint64_t from, uint64_t to)
{
    const struct truth_room *room = truth_of(client, place);
    for (uint64_t seq = from; seq <= to; seq++) {
        const struct truth_entry *entry = truth_entry(room, seq);
        if (!entry || !(entry->members & UINT64_C(1) << client->user)) {
            return false;
        }
    }
    return true;
}

/* I7: on one connection the entries of a room come in order, and what is left out is told by a gap
 * frame. Who was out of the room in between begins anew. */
static void judge_order(struct client *client, uint32_t place, uint64_t seq, uint64_t before)
{
    struct view *view = &client->views[place];
    if (seq <= view->live) {
        client->cluster->repeats++;
        return;
    }
    if (view->live && before > view->live && was_in(client, place, view->live, before)) {
        FAIL(client, "I7", "client %u was told %llu and then %llu of room %u, and of no gap",
            client->number, (unsigned long long)view->live, (unsigned long long)seq, place);
    }
    view->live = seq;
}

static void take_entry(struct client *client, uint32_t place, const struct object *object)
{
    struct view *view = &client->views[place];
    uint64_t seq = object_number(object, "seq"), prev = object_number(object, "prev");
    judge_removed(client, place, "entry");
    judge_entry(client, place, object, true);
    note_seen(client, place, seq);
    judge_order(client, place, seq, prev ? prev : seq - 1);
    if (seq <= view->applied) {
        return;
    }
    uint64_t before = prev ? prev : seq - 1;
    if (before <= view->applied) {
        apply(client, place, object);
    } else if (seq > view->wanted) {
        view->wanted = seq;
    }
}

/* ---- lists inside an answer */

static void each_object(struct client *client, struct cht_str list, struct ask *ask,
    void (*each)(struct client *client, struct ask *ask, const struct object *object))
{
    static char copies[LISTS_DEEP][OBJECT_BYTES_MAX];
    static uint32_t depth;
    CHECK(depth < LISTS_DEEP);
    char *copy = copies[depth++];
    uint32_t at = 0;
    struct cht_str bytes;
    while (list.at && object_next(list, &at, &bytes)) {
        struct object object;
        if (!object_read(bytes, copy, &object)) {
            FAIL(client, "I6", "an object of an answer can not be read");
            break;
        }
        each(client, ask, &object);
    }
    depth--;
}

/* ---- answers to questions */

/* I16: a page has no text of what was deleted up to its head, and nothing of reactions to it. */
static void judge_gone(struct client *client, const struct ask *ask, const struct object *object)
{
    const struct truth_room *room = truth_of(client, ask->place);
    const struct truth_entry *entry = truth_entry(room, object_number(object, "seq"));
    bool about =
        entry && (entry->kind == cht_entry_kind_edited || entry->kind == cht_entry_kind_reaction);
    const struct truth_entry *message = about ? truth_entry(room, entry->target) : entry;
    bool gone = message && message->deleted_seq && message->deleted_seq <= ask->head;
    bool shown = object_text(object, "text").size > 0 || object_text(object, "key").size > 0;
    if (gone && shown) {
        FAIL(client, "I16",
            "a page of room %u up to %llu has words of message %llu, deleted by %llu", ask->place,
            (unsigned long long)ask->head, (unsigned long long)message->seq,
            (unsigned long long)message->deleted_seq);
    }
}

/* I14: an entry from before joining, where history begins with that. */
static void judge_view(struct client *client, uint32_t place, const struct truth_entry *entry)
{
    const struct truth_room *room = truth_of(client, place);
    bool from_joined = room && room->history == cht_history_from_joined;
    if (from_joined && entry && !(entry->members & UINT64_C(1) << client->user) &&
        entry->landed_us + VIEW_US < client->cluster->scene.now_us) {
        FAIL(client, "I14", "user %u was shown entry %llu of room %u, from before joining",
            client->user, (unsigned long long)entry->seq, place);
    }
}

/* One of the newest entries beside a room of a list: they end where the list is. */
static void take_newest(struct client *client, struct ask *ask, const struct object *object)
{
    uint64_t seq = object_number(object, "seq");
    if (seq <= ask->page || seq > ask->head) {
        FAIL(client, "I6", "room %u is listed at %llu, with entry %llu behind %llu", ask->place,
            (unsigned long long)ask->head, (unsigned long long)seq, (unsigned long long)ask->page);
    }
    ask->page = seq;
    judge_view(client, ask->place, truth_entry(truth_of(client, ask->place), seq));
    judge_entry(client, ask->place, object, false);
    judge_gone(client, ask, object);
}

/* I14: as of its seq the user was in it. */
static void judge_listed(struct client *client, uint32_t place, uint64_t seq)
{
    const struct truth_room *room = truth_of(client, place);
    const struct truth_entry *entry = truth_entry(room, seq);
    if (entry && !(entry->members & UINT64_C(1) << client->user) &&
        !truth_is_of_pair(room, client->user)) {
        FAIL(client, "I14", "user %u is listed room %u as of %llu and was not in it", client->user,
            place, (unsigned long long)seq);
    }
}

static void take_listed(struct client *client, struct ask *ask, const struct object *object)
{
    uint32_t place = place_of(client, object_text(object, "room"));
    if (place == PLACES_MAX) {
        return;
    }
    judge_head(client, ask, place, object_number(object, "seq"));
    struct view *view = &client->views[place];
    uint64_t seq = object_number(object, "seq"), n = object_number(object, "n");
    uint64_t read_n = object_number(object, "read_n");
    if (read_n > n || object_number(object, "unread") != n - read_n) {
        FAIL(client, "I16", "room %u has n %llu, read_n %llu, unread %llu for user %u", place,
            (unsigned long long)n, (unsigned long long)read_n,
            (unsigned long long)object_number(object, "unread"), client->user);
    }
    view->wanted = seq > view->wanted ? seq : view->wanted;
    view->member = true;
    view->listed = true;
    judge_listed(client, place, seq);
    ask->place = place;
    ask->head = seq;
    ask->page = 0;
    each_object(client, object_text(object, "events"), ask, take_newest);
}

/* A page has every entry, and begins right behind what was asked, or where this user's view of the
 * room begins (I14): what it has is applied without looking for a gap. */
static void take_event(struct client *client, struct ask *ask, const struct object *object)
{
    struct view *view = &client->views[ask->place];
    const struct truth_room *room = truth_of(client, ask->place);
    uint64_t seq = object_number(object, "seq");
    bool from_joined = room && room->history == cht_history_from_joined;
    uint64_t last = ask->page ? ask->page : ask->after;
    bool begins = !ask->page && from_joined && seq > last;
    if (seq != last + 1 && !begins) {
        FAIL(client, "I6", "a page of room %u has %llu behind %llu", ask->place,
            (unsigned long long)seq, (unsigned long long)last);
    }
    if (begins) {
        judge_view(client, ask->place, truth_entry(room, seq));
    }
    ask->page = seq;
    judge_entry(client, ask->place, object, false);
    judge_gone(client, ask, object);
    if (seq > view->applied) {
        apply(client, ask->place, object);
    }
}

static void check_head(struct client *client, struct ask *ask, const struct object *answer)
{
    ask->head = object_number(answer, "head");
    if (ask->head < ask->at_least) {
        FAIL(client, "I11", "client %u had seen %llu of room %u and was shown %llu", client->number,
            (unsigned long long)ask->at_least, ask->place, (unsigned long long)ask->head);
    }
    judge_head(client, ask, ask->place, ask->head);
    struct truth_room *room = truth_of(client, ask->place);
    if (room && !(room->ever & UINT64_C(1) << client->user)) {
        FAIL(client, "I14", "user %u was never in room %u and read it", client->user, ask->place);
    }
}

/* Does an edit of the message say so? */
static bool is_edit(
    const struct truth_room *room, const struct truth_entry *message, uint64_t digest)
{
    for (uint64_t i = message->seq; i < room->head; i++) {
        const struct truth_entry *entry = &room->entries[i];
        if (entry->kind == cht_entry_kind_edited && entry->target == message->seq &&
            entry->text == digest) {
            return true;
        }
    }
    return false;
}

/* I14, I16: a hit is a message of a room of one's own, as it is or was just now. */
static void take_hit(struct client *client, struct ask *ask, const struct object *object)
{
    uint32_t place = place_of(client, object_text(object, "room"));
    const struct truth_room *room = place < PLACES_MAX ? truth_of(client, place) : NULL;
    unsigned long long seq = object_number(object, "seq");
    const struct truth_entry *entry = truth_entry(room, seq);
    struct cht_str text = object_text(object, "text");
    uint64_t digest = text.size ? digest_bytes(text.at, text.size) : 0;
    if (!room || !entry || entry->kind != cht_entry_kind_message ||
        (digest != entry->text && !is_edit(room, entry, digest))) {
        FAIL(client, "I16", "a search finds %llu of room %u, which the log does not say", seq,
            place);
        return;
    }
    bool settled = is_settled(client, ask->asked_us);
    uint64_t out_us = out_since_us(room, client->user);
    uint64_t gone_us = entry->deleted_seq ? room->entries[entry->deleted_seq - 1].landed_us : 0;
    if (settled && ((out_us && out_us + SETTLED_US < ask->asked_us) ||
                       (gone_us && gone_us + SETTLED_US < ask->asked_us))) {
        FAIL(client, out_us ? "I14" : "I16", "user %u finds %llu of room %u, which is not for it",
            client->user, seq, place);
    }
    bool before =
        room->history == cht_history_from_joined && !(entry->members & UINT64_C(1) << client->user);
    if (before || (ask->place < PLACES_MAX && place != ask->place)) {
        FAIL(client, "I14", "user %u finds %llu of room %u", client->user, seq, place);
    }
}

static void take_answer(struct client *client, struct ask *ask, const struct object *answer)
{
    struct ask asked = *ask;
    ask->kind = QUERY_NONE;
    page_check_users(client, &asked, answer);
    if (asked.kind == QUERY_SYNC) {
        each_object(client, object_text(answer, "rooms"), &asked, take_listed);
    } else if (asked.kind == QUERY_EVENTS) {
        check_head(client, &asked, answer);
        each_object(client, object_text(answer, "events"), &asked, take_event);
        page_check_end(client, &asked, asked.page);
        client->views[asked.place].fetching = false;
    } else if (asked.kind == QUERY_HISTORY) {
        check_head(client, &asked, answer);
        page_check(client, &asked, answer);
    } else if (asked.kind == QUERY_SEARCH) {
        each_object(client, object_text(answer, "hits"), &asked, take_hit);
    }
}

static void take_refusal(struct client *client, struct ask *ask, const struct object *answer)
{
    struct ask asked = *ask;
    ask->kind = QUERY_NONE;
    if (asked.kind == QUERY_SYNC) {
        client->synced = false;
    } else if (asked.kind == QUERY_EVENTS) {
        struct view *view = &client->views[asked.place];
        view->fetching = false;
        if (!object_flag(answer, "retry")) {
            view->wanted = view->applied; /* it may not see it any more */
            view->member = false;
        }
    }
}

/* ---- objects */

static void on_answer(struct client *client, const struct object *object, bool ok)
{
    struct cht_str ref = object_text(object, "ref");
    char text[40] = "";
    memcpy(text, ref.at ? ref.at : "", ref.size < 39 ? ref.size : 39);
    if (text[0] == 'q') {
        struct ask *ask = client_find_ask(client, (uint32_t)strtoul(text + 1, NULL, 10));
        if (ask && ok) {
            take_answer(client, ask, object);
        } else if (ask) {
            take_refusal(client, ask, object);
        }
        return;
    }
    struct act *act = act_find(client, (uint32_t)strtoul(text + 1, NULL, 10));
    if (text[0] == 'r' && act) {
        if (ok) {
            act_on_ok(client, act, object_number(object, "seq"), object_flag(object, "dup"));
        }
    } else if (text[0] != 'a' || !act) {
        FAIL(client, "I19", "an answer to nothing: ref \"%s\", code %.*s", text,
            (int)object_text(object, "code").size, object_text(object, "code").at);
    } else if (ok) {
        act_on_ok(client, act, object_number(object, "seq"), object_flag(object, "dup"));
    } else {
        act_on_error(client, act, object_text(object, "code"), object_flag(object, "retry"),
            object_number(object, "retry_after_ms"));
    }
}

static void on_gap(struct client *client, const struct object *object)
{
    uint32_t place = place_of(client, object_text(object, "room"));
    if (place < PLACES_MAX) {
        struct view *view = &client->views[place];
        uint64_t to = object_number(object, "to");
        view->wanted = to > view->wanted ? to : view->wanted;
        view->live = to > view->live ? to : view->live;
    }
}

/* Did the two ever have a group or a direct room in common? */
static bool have_met(const struct client *client, uint32_t other)
{
    uint64_t both = UINT64_C(1) << client->user | UINT64_C(1) << other;
    for (uint32_t i = 0; i < client->cluster->places.count; i++) {
        const struct truth_room *room = truth_of(client, i);
        if (room && room->kind != cht_room_kind_channel && (room->ever & both) == both) {
            return true;
        }
    }
    return client->user == other;
}

/* For so long that it has to hold. */
static bool are_apart(const struct client *client, uint32_t other)
{
    const struct cluster *cluster = client->cluster;
    const uint64_t *sides[] = {&cluster->people.blocked_us[client->user][other],
        &cluster->people.blocked_us[other][client->user]};
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t since_us = *sides[i];
        if (since_us && is_settled(client, since_us) &&
            since_us + REMOVED_US < cluster->scene.now_us) {
            return true;
        }
    }
    return false;
}

/* I14: one is told only of people with whom one shares a group or a direct room, and not
 * where one of the two has blocked the other. */
static void on_presence(struct client *client, const struct object *object)
{
    static const char *const words[] = {"", "online", "away", "offline"};
    uint32_t user = object_person(object, "user");
    if (user == 0 || !have_met(client, user)) {
        FAIL(client, "I14", "user %u was told whether user %u is there", client->user, user);
    }
    if (are_apart(client, user) && !text_is(object_text(object, "state"), "offline")) {
        FAIL(client, "I14", "user %u was told how user %u is, and one has blocked the other",
            client->user, user);
    }
    for (uint32_t i = 1; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text_is(object_text(object, "state"), words[i])) {
            client->presence[user] = i;
        }
    }
}

/* I14, I15: only members type and read, only members are told of it, nobody of their own typing,
 * and in a direct room nobody of whom they have blocked, or who has blocked them. */
static void on_ephemeral(struct client *client, const struct object *object, bool is_typing)
{
    uint32_t place = place_of(client, object_text(object, "room"));
    uint32_t user = object_person(object, "user");
    const struct truth_room *room = place < PLACES_MAX ? truth_of(client, place) : NULL;
    if (!room || !(room->ever >> client->user & 1) || !(room->ever >> user & 1) ||
        (is_typing && user == client->user)) {
        FAIL(client, "I14", "user %u was told what user %u does in room %u, typing %d",
            client->user, user, place, is_typing);
        return;
    }
    if (room->kind == cht_room_kind_direct && user != client->user && are_apart(client, user)) {
        FAIL(client, "I14", "user %u was told what user %u does, typing %d, and one has blocked",
            client->user, user, is_typing);
    }
    judge_removed(client, place, is_typing ? "typing" : "receipt");
}

/* I16, I21: a text names its act; its room has to be one that this user was in. */
static void scan_texts(struct client *client, const char *bytes, uint32_t size)
{
    for (uint32_t i = 0; i + 4 < size; i++) {
        if (bytes[i] != '~') {
            continue;
        }
        const struct act *act = act_of_text(client, (struct cht_str){bytes + i, size - i});
        const struct truth_room *room = act ? truth_of(client, act->place) : NULL;
        if (room && !(room->ever & UINT64_C(1) << client->user) &&
            room->visibility != cht_visibility_public) {
            FAIL(client, "I21", "user %u was sent a text of room %u", client->user, act->place);
        }
        while (i + 1 < size && bytes[i + 1] != '"') {
            i++;
        }
    }
}

void client_on_object(struct client *client, const char *bytes, uint32_t size)
{
    static char copy[OBJECT_BYTES_MAX];
    struct object object;
    scan_texts(client, bytes, size);
    if (!object_read((struct cht_str){bytes, size}, copy, &object)) {
        FAIL(client, "I6", "a frame can not be read: %.*s", (int)(size < 200 ? size : 200), bytes);
        return;
    }
    struct cht_str type = object_text(&object, "type");
    if (text_is(type, "ok") || text_is(type, "error")) {
        on_answer(client, &object, text_is(type, "ok"));
    } else if (text_is(type, "ready")) {
        client->ready = true;
        client->ready_us = client->cluster->scene.now_us;
    } else if (text_is(type, "presence")) {
        on_presence(client, &object);
    } else if (text_is(type, "typing") || text_is(type, "receipt")) {
        on_ephemeral(client, &object, text_is(type, "typing"));
    } else if (text_is(type, "room.gap")) {
        on_gap(client, &object);
    } else if (kind_of(type) != cht_entry_kind_none) {
        uint32_t place = place_of(client, object_text(&object, "room"));
        if (place < PLACES_MAX) {
            take_entry(client, place, &object);
        }
    }
}

/* ---- HTTP */

/* I3: status and header say what the body says. */
static void judge_called(const struct client *client, const struct act *act,
    const struct called *called, const struct object *object)
{
    uint64_t seq = object_number(object, "seq");
    int right = act_says(act) && !object_flag(object, "dup") ? 201 : 200;
    if (called->status != right || called->seq != seq) {
        FAIL(client, "I3", "act %u was answered %d with seq %llu in its header, and %llu", act->id,
            called->status, (unsigned long long)called->seq, (unsigned long long)seq);
    }
}

void client_on_called(const struct call *call, const struct called *called)
{
    static char copy[OBJECT_BYTES_MAX], inner[OBJECT_BYTES_MAX];
    struct client *client = call->client;
    struct act *act = act_find(client, call->act);
    struct object object, error;
    scan_texts(client, called->body.at, called->body.size);
    if (!act || act->attempts != call->attempt) {
        return; /* it was tried again meanwhile */
    }
    if (!object_read(called->body, copy, &object)) {
        FAIL(client, "I6", "the answer to act %u can not be read", act->id);
    } else if (!object_has(&object, "error")) {
        judge_called(client, act, called, &object);
        act_on_ok(client, act, object_number(&object, "seq"), object_flag(&object, "dup"));
    } else if (called->status < 400 || !object_read(object_text(&object, "error"), inner, &error)) {
        FAIL(client, "I20", "act %u was refused with status %d", act->id, called->status);
    } else {
        act_on_error(client, act, object_text(&error, "code"), object_flag(&error, "retry"),
            object_number(&error, "retry_after_ms"));
    }
}
