/* page_check - pages of history and the names beside them, held against the truth.
 *
 * Happy path: a page is the fold of its room's log up to the head that it names, all of it that its
 * reader may see and no more. How it fails: the scene is told. What a page must contain at the
 * least is judged where its head is (judge_head of client_frames.c). */

#include "client.h"
#include "cluster.h"
#include "object.h"

#define LIMIT_DEFAULT 50

#define FAIL(client, check, ...) scene_fail(&(client)->cluster->scene, check, __VA_ARGS__)

struct page {
    const struct truth_room *room;
    const struct ask *ask;
    struct object users; /* who is who */
    uint64_t head;
    uint64_t first_n, last_n; /* 0: no message yet */
    uint64_t last_seq;
    uint32_t count;
};

/* ---- one message */

static uint64_t digest_of(struct cht_str text)
{
    return text.size ? digest_bytes(text.at, text.size) : 0;
}

/* How many have put a reaction on it, and whether the reader has. */
static void judge_reactions(struct client *client, const struct page *page, uint64_t seq,
    const struct object *object, uint64_t right)
{
    static char copy[OBJECT_BYTES_MAX];
    struct object reaction = {0};
    struct cht_str list = object_text(object, "reactions"), bytes;
    uint32_t at = 0;
    if (list.at && object_next(list, &at, &bytes) && !object_read(bytes, copy, &reaction)) {
        FAIL(client, "I6", "a reaction can not be read");
    }
    uint64_t own = right >> client->user & 1, count = (uint64_t)__builtin_popcountll(right);
    if (object_number(&reaction, "count") != count || object_flag(&reaction, "me") != own) {
        FAIL(client, "I16",
            "message %llu of room %u is shown to user %u with %llu reactions, own %d, not %llu, "
            "%llu",
            (unsigned long long)seq, page->ask->place, client->user,
            (unsigned long long)object_number(&reaction, "count"), object_flag(&reaction, "me"),
            (unsigned long long)count, (unsigned long long)own);
    }
}

static void judge_content(struct client *client, const struct page *page,
    const struct truth_entry *entry, const struct object *object)
{
    struct truth_message right = truth_message_at(page->room, entry->seq, page->head);
    unsigned long long seq = entry->seq, head = page->head;
    bool deleted = object_flag(object, "deleted");
    uint64_t text = digest_of(object_text(object, "text"));
    if (deleted != right.deleted || text != (right.deleted ? 0 : right.text)) {
        FAIL(client, "I16",
            "message %llu of room %u, deleted %d, is not what the log says up to %llu", seq,
            page->ask->place, deleted, head);
    }
    if (!deleted && object_number(object, "edited_seq") != right.edited_seq) {
        FAIL(client, "I16", "message %llu of room %u is not of its newest edit up to %llu", seq,
            page->ask->place, head);
    }
    judge_reactions(client, page, seq, object, right.deleted ? 0 : right.reactions);
}

static void judge_message(struct client *client, struct page *page, const struct object *object)
{
    unsigned long long seq = object_number(object, "seq");
    const struct truth_entry *entry = truth_entry(page->room, seq);
    if (!entry || entry->kind != cht_entry_kind_message || seq > page->head) {
        FAIL(client, "I16", "history has %llu, which is no message", seq);
        return;
    }
    char from[CHT_ID_TEXT_SIZE + 1] = "";
    struct cht_id id = people_id(entry->by);
    cht_id_to_text(&id, from);
    if (object_person(object, "from") != entry->by || object_number(object, "ts") != entry->ts ||
        object_number(object, "n") != entry->n || !object_has(&page->users, from)) {
        FAIL(client, "I6", "message %llu of room %u differs from the log", seq, page->ask->place);
    }
    if (page->last_n && entry->n != page->last_n + 1) {
        FAIL(client, "I16", "a page of room %u has message %llu behind %llu", page->ask->place,
            (unsigned long long)entry->n, (unsigned long long)page->last_n);
    }
    page->first_n = page->first_n ? page->first_n : entry->n;
    page->last_n = entry->n;
    page->last_seq = seq;
    page->count++;
    judge_content(client, page, entry, object);
}

/* ---- the page */

static bool is_in(const struct truth_room *room, uint64_t seq, uint32_t user)
{
    const struct truth_entry *entry = truth_entry(room, seq);
    return entry && entry->members >> user & 1;
}

/* The earliest entry from which its reader may see the room, as it was when it asked or since. */
static uint64_t first_visible(const struct page *page, uint32_t user)
{
    uint64_t seq = page->ask->durable[page->ask->place];
    if (page->room->history != cht_history_from_joined) {
        return 1;
    }
    seq = seq ? seq : 1;
    while (seq <= page->room->head && !is_in(page->room, seq, user)) {
        seq++;
    }
    while (is_in(page->room, seq - 1, user)) {
        seq--;
    }
    return seq;
}

static uint64_t n_before(const struct truth_room *room, uint64_t seq)
{
    const struct truth_entry *entry = truth_entry(room, seq - 1);
    return entry ? entry->n : 0;
}

/* The newest there are up to the head, as many as were asked for. */
static void judge_extent(struct client *client, const struct page *page, bool more)
{
    uint32_t limit = page->ask->limit ? page->ask->limit : LIMIT_DEFAULT;
    uint64_t newest = n_before(page->room, page->head + 1);
    uint64_t hidden = n_before(page->room, first_visible(page, client->user));
    bool sure = page->ask->behind == cluster_behind(client->cluster);
    if (page->count > limit || (more && page->count < limit) ||
        (page->count > 0 && page->last_n != newest) ||
        (page->count > 0 && page->first_n == 1 && more)) {
        FAIL(client, "I16", "a page of room %u, limit %u, has %u messages up to %llu of %llu",
            page->ask->place, limit, page->count, (unsigned long long)page->last_n,
            (unsigned long long)newest);
    }
    if (sure && page->count > 0 && page->first_n <= hidden) {
        FAIL(client, "I14",
            "user %u was shown message %llu of room %u, and may see none up to %llu", client->user,
            (unsigned long long)page->first_n, page->ask->place, (unsigned long long)hidden);
    }
    bool whole = page->room->history != cht_history_from_joined && !more;
    if (whole && (page->count > 0 ? page->first_n != 1 : newest != 0)) {
        FAIL(client, "I16", "a page of room %u says that nothing is before message %llu",
            page->ask->place, (unsigned long long)page->first_n);
    }
}

void page_check_end(struct client *client, const struct ask *ask, uint64_t last)
{
    const struct cluster *cluster = client->cluster;
    const struct truth_room *room =
        truth_room(&cluster->truth, &cluster->places.at[ask->place].room);
    uint64_t seq = ask->head;
    while (seq > 0 && !is_in(room, seq, client->user)) {
        seq--;
    }
    if (last > seq + 1 && !truth_is_of_pair(room, client->user)) {
        FAIL(client, "I14", "user %u was shown entry %llu of room %u and had gone after %llu",
            client->user, (unsigned long long)last, ask->place, (unsigned long long)seq);
    }
}

void page_check(struct client *client, const struct ask *ask, const struct object *answer)
{
    static char copy[OBJECT_BYTES_MAX], users[OBJECT_BYTES_MAX];
    const struct cluster *cluster = client->cluster;
    struct page page = {.ask = ask,
        .head = object_number(answer, "head"),
        .room = truth_room(&cluster->truth, &cluster->places.at[ask->place].room)};
    struct cht_str messages = object_text(answer, "messages"), bytes;
    if (page.head > (page.room ? page.room->head : 0) ||
        !object_read(object_text(answer, "users"), users, &page.users)) {
        FAIL(client, "I6", "a page of room %u names head %llu, or nobody", ask->place,
            (unsigned long long)page.head);
        return;
    }
    uint32_t at = 0;
    while (messages.at && object_next(messages, &at, &bytes)) {
        struct object message;
        if (!object_read(bytes, copy, &message)) {
            FAIL(client, "I6", "a message of a page can not be read");
            return;
        }
        judge_message(client, &page, &message);
    }
    if (page.room) {
        judge_extent(client, &page, object_flag(answer, "more"));
        page_check_end(client, ask, page.last_seq);
    }
}

/* ---- names */

/* As new as when it was asked at the least: names come from the users' store, which is not behind.
 */
static void judge_name(
    struct client *client, const struct ask *ask, uint32_t user, const struct object *name)
{
    const struct people *people = &client->cluster->people;
    struct cht_str shown = object_text(name, "display_name");
    uint64_t gone_us = people->deleted_us[user], number = 0;
    for (uint32_t i = 0; i < shown.size; i++) {
        char c = shown.at[i];
        number = c >= '0' && c <= '9' ? number * 10 + (uint64_t)(c - '0') : 0;
    }
    bool deleted = object_flag(name, "deleted");
    bool late = (gone_us && gone_us < ask->asked_us && !deleted) ||
                (!deleted && number < people_name_after(people, user, ask->renames));
    if (late || (deleted && !gone_us) || number > people->renames) {
        FAIL(client, "G1", "client %u was shown \"%.*s\" for user %u, an older name",
            client->number, (int)shown.size, shown.at, user);
    }
}

void page_check_users(struct client *client, const struct ask *ask, const struct object *answer)
{
    static char copy[OBJECT_BYTES_MAX], inner[OBJECT_BYTES_MAX];
    struct object users, name;
    struct cht_str text = object_text(answer, "users");
    if (!text.at) {
        return;
    }
    if (!object_read(text, copy, &users)) {
        FAIL(client, "I6", "the names of an answer can not be read");
        return;
    }
    for (size_t i = 0; i < users.count; i++) {
        struct cht_id id;
        uint32_t user = cht_id_from_text(users.members[i].name, &id) ? people_number(&id) : 0;
        if (user && object_read(users.members[i].value, inner, &name)) {
            judge_name(client, ask, user, &name);
        } else {
            FAIL(client, "I6", "a name of an answer can not be read");
        }
    }
}
