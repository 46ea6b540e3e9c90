/* room_window - a ring of marks.
 *
 * Happy path: an entry is added at the end and becomes the head of its two chains; a look-up by seq
 * is arithmetic, one by cid or target walks a chain until it leaves the window. How it fails: it
 * does not; it grows with the store's lag, which the owner bounds (chat.unstored_max). */

#include "room_window.h"

#include <stdlib.h>

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
    mem_free(window->by_cid);
    mem_free(window->by_target);
    mem_free(window->older);
    *window = (struct room_window){0};
}

static int compare_cids(const void *one, const void *other)
{
    uint64_t a = ((const struct room_mark *)one)->cid, b = ((const struct room_mark *)other)->cid;
    return a < b ? -1 : a > b;
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
        qsort(window->older, count, sizeof(*window->older), compare_cids);
    }
}

static struct room_mark *mark(const struct room_window *window, uint32_t i)
{
    return &window->marks[(window->first + i) & (window->capacity - 1)];
}

/* ---- chains */
static uint64_t *head_of(const struct room_window *window, uint64_t *heads, uint64_t key)
{
    return &heads[(key * window->secret >> 32) & (window->capacity - 1)];
}

static void link_mark(struct room_window *window, struct room_mark *mark)
{
    if (mark->cid) {
        uint64_t *of_cid = head_of(window, window->by_cid, mark->cid);
        mark->next_of_cid = *of_cid;
        *of_cid = mark->seq;
    }
    if (mark->target) {
        uint64_t *of_target = head_of(window, window->by_target, mark->target);
        mark->next_of_target = *of_target;
        *of_target = mark->seq;
    }
}

static void grow(struct room_window *window)
{
    struct room_window bigger = *window;
    bigger.capacity = window->capacity ? window->capacity * 2 : MARKS_MIN;
    bigger.first = 0;
    bigger.marks = mem_resize(NULL, bigger.capacity * sizeof(*bigger.marks));
    bigger.by_cid = mem_array(bigger.capacity, sizeof(*bigger.by_cid));
    bigger.by_target = mem_array(bigger.capacity, sizeof(*bigger.by_target));
    for (uint32_t i = 0; i < window->count; i++) {
        bigger.marks[i] = *mark(window, i);
        link_mark(&bigger, &bigger.marks[i]);
    }
    mem_free(window->marks);
    mem_free(window->by_cid);
    mem_free(window->by_target);
    *window = bigger;
}

static struct room_mark *find(const struct room_window *window, uint64_t seq)
{
    if (window->count == 0 || seq < mark(window, 0)->seq) {
        return NULL;
    }
    uint64_t i = seq - mark(window, 0)->seq;
    return i < window->count ? mark(window, (uint32_t)i) : NULL;
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
    CHECK(window->count == 0 || entry->seq == mark(window, window->count - 1)->seq + 1);
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

static bool is_command(const struct room_mark *mark, const struct cht_id *user, uint64_t cid)
{
    return mark->cid == cid && cht_id_equal(&mark->by, user);
}

static const struct room_mark *find_older(
    const struct room_window *window, const struct cht_id *user, uint64_t cid)
{
    uint32_t low = 0;
    for (uint32_t high = window->older_count; low < high;) {
        uint32_t middle = low + (high - low) / 2;
        if (window->older[middle].cid < cid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < window->older_count && window->older[low].cid == cid; low++) {
        if (is_command(&window->older[low], user, cid)) {
            return &window->older[low];
        }
    }
    return NULL;
}

const struct room_mark *room_window_find_cid(
    const struct room_window *window, const struct cht_id *user, uint64_t cid)
{
    uint64_t seq = window->capacity ? *head_of(window, window->by_cid, cid) : 0;
    for (const struct room_mark *at; (at = find(window, seq)); seq = at->next_of_cid) {
        if (is_command(at, user, cid)) {
            return at;
        }
    }
    return find_older(window, user, cid);
}

/* The newest mark about `target`, perhaps by hash alone. */
static const struct room_mark *first_about(const struct room_window *window, uint64_t target)
{
    return window->capacity ? find(window, *head_of(window, window->by_target, target)) : NULL;
}

int room_window_reaction(
    const struct room_window *window, const struct cht_id *user, uint64_t target, uint64_t key)
{
    const struct room_mark *at = first_about(window, target);
    for (; at; at = find(window, at->next_of_target)) {
        if (at->kind == cht_entry_kind_reaction && at->target == target && at->text == key &&
            cht_id_equal(&at->by, user)) {
            return at->on;
        }
    }
    return -1;
}

static bool is_among(const uint64_t *keys, uint32_t count, uint64_t key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (keys[i] == key) {
            return true;
        }
    }
    return false;
}

uint32_t room_window_other_keys(const struct room_window *window, uint64_t target, uint64_t key)
{
    uint64_t keys[ROOM_REACTION_KEYS_MAX];
    uint32_t count = 0;
    const struct room_mark *at = first_about(window, target);
    for (; at; at = find(window, at->next_of_target)) {
        if (at->kind != cht_entry_kind_reaction || at->target != target || !at->on) {
            continue;
        }
        if (at->text == key) {
            return 0;
        }
        if (count < ROOM_REACTION_KEYS_MAX && !is_among(keys, count, at->text)) {
            keys[count++] = at->text;
        }
    }
    return count;
}

static const struct room_mark *newest_about(
    const struct room_window *window, uint64_t target, enum cht_entry_kind kind)
{
    const struct room_mark *at = first_about(window, target);
    while (at && (at->kind != kind || at->target != target)) {
        at = find(window, at->next_of_target);
    }
    return at;
}

const struct room_mark *room_window_edit(const struct room_window *window, uint64_t target)
{
    return newest_about(window, target, cht_entry_kind_edited);
}

uint64_t room_window_deleted_by(const struct room_window *window, uint64_t target)
{
    const struct room_mark *found = newest_about(window, target, cht_entry_kind_deleted);
    return found ? found->seq : 0;
}

uint64_t room_window_sent_n(
    const struct room_window *window, const struct cht_id *user, uint64_t confirmed_index)
{
    for (uint32_t i = window->count; i > 0; i--) {
        const struct room_mark *at = mark(window, i - 1);
        if (at->index <= confirmed_index) {
            break;
        }
        if (at->kind == cht_entry_kind_message && cht_id_equal(&at->by, user)) {
            return at->n;
        }
    }
    return 0;
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
        window->first = (window->first + 1) & (window->capacity - 1);
        window->count--;
    }
    if (window->older_count && window->count >= ROOM_WINDOW_ENTRIES &&
        window->older_ts + ROOM_WINDOW_MS <= now_ms) {
        mem_free(window->older);
        window->older = NULL;
        window->older_count = 0;
        window->floor = mark(window, 0)->seq - 1;
        window->floor_ts =
            window->floor_ts > window->older_ts ? window->floor_ts : window->older_ts;
    }
}
