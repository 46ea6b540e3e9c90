/* room_window - a ring of marks.
 *
 * Happy path: an entry is added at the end and becomes the head of its chains, out of which goes
 * what it makes obsolete; a look-up by seq is arithmetic, another one walks a chain until it leaves
 * the window. How it fails: it does not; it grows with the store's lag, which the owner bounds
 * (chat.unstored_max).
 *
 * What is on a target is a function of the marks that are there. The newest mark that puts a key on
 * counts the users who did: as none of theirs is newer, it leaves the window last. */

#include "room_window.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

#define MARKS_MIN 8

uint64_t room_digest(const void *bytes, uint64_t size)
{
    static const uint64_t key[2] = {UINT64_C(0x63686174746966), UINT64_C(0x696572636f6e74)};
    uint64_t digest = map_hash(key, bytes, size) & CHT_NUMBER_MAX;
    return digest ? digest : 1;
}

struct room_digests room_digests_of_entry(const struct cht_entry *entry)
{
    return (struct room_digests){
        .cid = room_digest_str(entry->cid),
        .text = room_digest_str(entry->text),
        .key = room_digest_str(entry->key),
    };
}

void room_window_init(struct room_window *window, uint64_t secret)
{
    *window = (struct room_window){.secret = secret | 1};
}

void room_window_deinit(struct room_window *window)
{
    mem_free(window->marks);
    mem_free(window->heads);
    mem_free(window->older);
    *window = (struct room_window){0};
}

static int compare_commands(const void *one, const void *other)
{
    const struct room_mark *a = one, *b = other;
    if (a->cid != b->cid) {
        return a->cid < b->cid ? -1 : 1;
    }
    return memcmp(&a->by, &b->by, sizeof(a->by));
}

void room_window_load(struct room_window *window, const struct rooms_load_op *loaded)
{
    CHECK(window->count == 0);
    const struct room_cid *cids = loaded->cids;
    uint32_t count = loaded->cid_count;
    mem_free(window->older);
    window->older = count ? mem_array(count, sizeof(*window->older)) : NULL;
    window->older_count = count;
    window->older_ts = count ? cids[0].ts : 0;
    window->floor = loaded->cids_above;
    window->floor_ts = loaded->cids_above_ts;
    for (uint32_t i = 0; i < count; i++) {
        window->older[i] = (struct room_mark){.by = cids[i].user,
            .seq = cids[i].seq,
            .n = cids[i].n,
            .ts = cids[i].ts,
            .cid = room_digest_str(cids[i].cid),
            .content = cids[i].content};
    }
    if (count) {
        qsort(window->older, count, sizeof(*window->older), compare_commands);
    }
}

static struct room_mark *mark(const struct room_window *window, uint32_t i)
{
    return &window->marks[(window->first + i) & (window->capacity - 1)];
}

static struct room_mark *find(const struct room_window *window, uint64_t seq)
{
    uint64_t i = seq - window->oldest_seq; /* of an older one far too large */
    return i < window->count ? mark(window, (uint32_t)i) : NULL;
}

/* ---- chains. A link is where the seq of a mark stands: a head, or in the mark before it. */

static uint64_t word_of(const struct cht_id *user)
{
    uint64_t words[2];
    memcpy(words, user, sizeof(words));
    return words[0] ^ words[1];
}

static uint64_t command_key(const struct cht_id *user, uint64_t cid)
{
    return cid + word_of(user);
}

/* Clients choose target and key. */
static uint64_t reaction_key(const struct room_window *window, const struct room_mark *reaction)
{
    uint64_t words[] = {reaction->target, reaction->text, 0, 0};
    memcpy(&words[2], &reaction->by, sizeof(reaction->by));
    return map_hash((const uint64_t[2]){window->secret, window->secret}, words, sizeof(words));
}

static bool is_same_reaction(const struct room_mark *a, const struct room_mark *b)
{
    return a->target == b->target && a->text == b->text && cht_id_equal(&a->by, &b->by);
}

static uint64_t *head_of(const struct room_window *window, enum room_chain chain, uint64_t key)
{
    uint64_t place = (key * window->secret >> 32) & (window->capacity - 1);
    return &window->heads[(uint64_t)chain * window->capacity + place];
}

static void link_in(
    struct room_window *window, enum room_chain chain, uint64_t key, struct room_mark *mark)
{
    uint64_t *head = head_of(window, chain, key);
    mark->next[chain] = *head;
    *head = mark->seq;
}

static void take_out(const struct room_window *window, enum room_chain chain, uint64_t *link)
{
    *link = find(window, *link)->next[chain];
}

/* The link to the newest one of that user, target and key; NULL: there is none. */
static uint64_t *find_reaction(
    const struct room_window *window, const struct room_mark *reaction, uint64_t key)
{
    uint64_t *link = head_of(window, ROOM_CHAIN_REACTION, key);
    for (struct room_mark *at; (at = find(window, *link)); link = &at->next[ROOM_CHAIN_REACTION]) {
        if (is_same_reaction(at, reaction)) {
            return link;
        }
    }
    return NULL;
}

/* The link to the edit or delete of the target, or to the mark that counts the users of a key on
 * it. */
static uint64_t *find_about(
    const struct room_window *window, uint64_t target, enum cht_entry_kind kind, uint64_t key)
{
    if (window->count == 0) {
        return NULL;
    }
    bool is_reaction = kind == cht_entry_kind_reaction;
    uint64_t *link = head_of(window, ROOM_CHAIN_TARGET, target);
    for (struct room_mark *at; (at = find(window, *link)); link = &at->next[ROOM_CHAIN_TARGET]) {
        if (at->target == target && at->kind == kind && (!is_reaction || at->text == key)) {
            return link;
        }
    }
    return NULL;
}

static void link_about(struct room_window *window, struct room_mark *mark)
{
    uint64_t *older = find_about(window, mark->target, (enum cht_entry_kind)mark->kind, mark->text);
    if (older) {
        take_out(window, ROOM_CHAIN_TARGET, older);
    }
    link_in(window, ROOM_CHAIN_TARGET, mark->target, mark);
}

static struct room_mark *find_key(
    const struct room_window *window, uint64_t target, uint64_t key, uint64_t **ret_link)
{
    *ret_link = find_about(window, target, cht_entry_kind_reaction, key);
    return *ret_link ? find(window, **ret_link) : NULL;
}

/* One user fewer; the last one takes the key with them. */
static void drop_user(struct room_window *window, uint64_t target, uint64_t key)
{
    uint64_t *link;
    struct room_mark *counted = find_key(window, target, key, &link);
    CHECK(counted);
    if (--counted->users == 0) {
        take_out(window, ROOM_CHAIN_TARGET, link);
    }
}

/* True: the one before it, which is out now, was on. */
static bool take_out_older(struct room_window *window, const struct room_mark *mark, uint64_t key)
{
    uint64_t *older = find_reaction(window, mark, key);
    bool was_on = older && find(window, *older)->on;
    if (older) {
        take_out(window, ROOM_CHAIN_REACTION, older);
    }
    return was_on;
}

static void link_reaction(struct room_window *window, struct room_mark *mark)
{
    uint64_t key = reaction_key(window, mark);
    bool was_on = take_out_older(window, mark, key);
    link_in(window, ROOM_CHAIN_REACTION, key, mark);
    mark->users = 0;
    if (mark->on) {
        uint64_t *link;
        const struct room_mark *counted = find_key(window, mark->target, mark->text, &link);
        mark->users = (counted ? counted->users : 0) + !was_on;
        link_about(window, mark);
    } else if (was_on) {
        drop_user(window, mark->target, mark->text);
    }
}

static void link_mark(struct room_window *window, struct room_mark *mark)
{
    if (mark->cid) {
        link_in(window, ROOM_CHAIN_CID, command_key(&mark->by, mark->cid), mark);
    }
    if (mark->kind == cht_entry_kind_reaction) {
        link_reaction(window, mark);
    } else if (mark->target) {
        link_about(window, mark);
    }
}

/* Chains end with the window; only what is counted has to be told. */
static void unlink_oldest(struct room_window *window)
{
    const struct room_mark *oldest = mark(window, 0);
    if (oldest->kind != cht_entry_kind_reaction || !oldest->on) {
        return;
    }
    const uint64_t *newest = find_reaction(window, oldest, reaction_key(window, oldest));
    if (newest && *newest == oldest->seq) {
        drop_user(window, oldest->target, oldest->text);
    }
}

static void grow(struct room_window *window)
{
    struct room_window bigger = *window;
    bigger.capacity = window->capacity ? window->capacity * 2 : MARKS_MIN;
    bigger.first = 0;
    bigger.marks = mem_resize(NULL, bigger.capacity * sizeof(*bigger.marks));
    bigger.heads = mem_array((size_t)bigger.capacity * ROOM_CHAINS, sizeof(*bigger.heads));
    for (uint32_t i = 0; i < window->count; i++) {
        bigger.marks[i] = *mark(window, i);
        link_mark(&bigger, &bigger.marks[i]);
    }
    mem_free(window->marks);
    mem_free(window->heads);
    *window = bigger;
}

const struct room_mark *room_window_at(const struct room_window *window, uint64_t seq)
{
    return find(window, seq);
}

static void change_target(struct room_window *window, const struct cht_entry *entry, uint64_t text)
{
    struct room_mark *target = find(window, entry->target);
    if (!target) {
        return;
    }
    if (entry->kind == cht_entry_kind_edited) {
        target->text = text;
    } else if (entry->kind == cht_entry_kind_deleted) {
        target->deleted = true;
        target->text = 0;
    }
}

void room_window_add(struct room_window *window, const struct cht_entry *entry, uint64_t index,
    const struct room_digests *digests)
{
    window->oldest_seq = window->count ? window->oldest_seq : entry->seq;
    CHECK(entry->seq == window->oldest_seq + window->count);
    if (window->count == window->capacity) {
        grow(window);
    }
    bool is_reaction = entry->kind == cht_entry_kind_reaction;
    struct room_mark *newest = mark(window, window->count++);
    *newest = (struct room_mark){.by = entry->by,
        .seq = entry->seq,
        .n = entry->n,
        .ts = entry->ts,
        .index = index,
        .cid = digests->cid,
        .content = entry->content,
        .target = entry->target,
        .text = is_reaction ? digests->key : digests->text,
        .kind = (uint8_t)entry->kind,
        .on = entry->on};
    link_mark(window, newest);
    change_target(window, entry, digests->text);
}

static const struct room_mark *find_older(
    const struct room_window *window, const struct cht_id *user, uint64_t cid)
{
    const struct room_mark wanted = {.by = *user, .cid = cid};
    return window->older_count ? bsearch(&wanted, window->older, window->older_count,
                                     sizeof(*window->older), compare_commands)
                               : NULL;
}

const struct room_mark *room_window_find_cid(
    const struct room_window *window, const struct cht_id *user, uint64_t cid)
{
    uint64_t key = command_key(user, cid);
    uint64_t seq = window->capacity ? *head_of(window, ROOM_CHAIN_CID, key) : 0;
    for (const struct room_mark *at; (at = find(window, seq)); seq = at->next[ROOM_CHAIN_CID]) {
        if (at->cid == cid && cht_id_equal(&at->by, user)) {
            return at;
        }
    }
    return find_older(window, user, cid);
}

int room_window_reaction(
    const struct room_window *window, const struct cht_id *user, uint64_t target, uint64_t key)
{
    const struct room_mark reaction = {.by = *user, .target = target, .text = key};
    const uint64_t *newest =
        window->capacity ? find_reaction(window, &reaction, reaction_key(window, &reaction)) : NULL;
    return newest ? find(window, *newest)->on : -1;
}

uint32_t room_window_other_keys(const struct room_window *window, uint64_t target, uint64_t key)
{
    uint32_t count = 0;
    uint64_t seq = window->capacity ? *head_of(window, ROOM_CHAIN_TARGET, target) : 0;
    for (const struct room_mark *at; (at = find(window, seq)); seq = at->next[ROOM_CHAIN_TARGET]) {
        if (at->kind != cht_entry_kind_reaction || at->target != target) {
            continue;
        }
        if (at->text == key) {
            return 0;
        }
        count++;
    }
    return count;
}

const struct room_mark *room_window_edit(const struct room_window *window, uint64_t target)
{
    const uint64_t *newest = find_about(window, target, cht_entry_kind_edited, 0);
    return newest ? find(window, *newest) : NULL;
}

uint64_t room_window_deleted_by(const struct room_window *window, uint64_t target)
{
    const uint64_t *newest = find_about(window, target, cht_entry_kind_deleted, 0);
    return newest ? *newest : 0;
}

void room_window_trim(struct room_window *window, uint64_t now_ms, uint64_t confirmed_index)
{
    while (window->count > ROOM_WINDOW_ENTRIES) {
        const struct room_mark *oldest = mark(window, 0);
        if (oldest->index > confirmed_index || oldest->ts + ROOM_WINDOW_MS > now_ms) {
            break;
        }
        window->floor = oldest->seq;
        window->floor_ts = oldest->ts;
        unlink_oldest(window);
        window->first = (window->first + 1) & (window->capacity - 1);
        window->oldest_seq++;
        window->count--;
    }
    if (window->older_count && window->count >= ROOM_WINDOW_ENTRIES &&
        window->older_ts + ROOM_WINDOW_MS <= now_ms) {
        mem_free(window->older);
        window->older = NULL;
        window->older_count = 0;
        window->floor = window->oldest_seq - 1;
        window->floor_ts =
            window->floor_ts > window->older_ts ? window->floor_ts : window->older_ts;
    }
}
