/* store - the rows of the model and how they are found.
 *
 * Happy path: sorted lists, searched from the front. How it fails: it does not; what may fail is
 * the desk's. */

#include "store.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "heap.h"
#include "store_inner.h"

void *store_grow(void *rows, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return rows;
    }
    *capacity = *capacity ? *capacity * 2 : 8;
    return mem_resize(rows, *capacity * size);
}

void *store_insert(void *rows, uint32_t *count, uint32_t at, size_t size)
{
    uint8_t *bytes = (uint8_t *)rows + at * size;
    memmove(bytes + size, bytes, (*count - at) * size);
    memset(bytes, 0, size);
    (*count)++;
    return bytes;
}

void store_remove(void *rows, uint32_t *count, uint32_t at, size_t size)
{
    uint8_t *bytes = (uint8_t *)rows + at * size;
    memmove(bytes, bytes + size, (*count - at - 1) * size);
    (*count)--;
}

struct cht_str store_own(struct cht_str text)
{
    if (text.size == 0) {
        return (struct cht_str){0};
    }
    return (struct cht_str){mem_copy(text.at, text.size), text.size};
}

void store_disown(struct cht_str *text)
{
    mem_free((void *)(uintptr_t)text->at);
    *text = (struct cht_str){0};
}

int store_compare(const struct cht_id *a, const struct cht_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

struct stored_room *store_room(const struct store *store, const struct cht_id *room)
{
    for (uint32_t i = 0; i < store->room_count; i++) {
        if (cht_id_equal(&store->rooms[i]->id, room)) {
            return store->rooms[i];
        }
    }
    return NULL;
}

const struct stored_room *store_find(const struct store *store, const struct cht_id *room)
{
    return store_room(store, room);
}

struct stored_mine *store_mine(
    const struct store *store, const struct cht_id *user, const struct cht_id *room)
{
    for (uint32_t i = 0; i < store->mine_count; i++) {
        struct stored_mine *mine = &store->mine[i];
        if (cht_id_equal(&mine->user, user) && cht_id_equal(&mine->room, room)) {
            return mine;
        }
    }
    return NULL;
}

const struct stored_user *store_user(const struct store *store, const struct cht_id *user)
{
    for (uint32_t i = 0; i < store->user_count; i++) {
        if (cht_id_equal(&store->users[i].user, user)) {
            return &store->users[i];
        }
    }
    return NULL;
}

void store_user_changed(struct store *store, const struct cht_id *user)
{
    uint32_t at = 0;
    while (at < store->user_count && store_compare(&store->users[at].user, user) < 0) {
        at++;
    }
    if (at == store->user_count || !cht_id_equal(&store->users[at].user, user)) {
        store->users = store_grow(
            store->users, store->user_count, &store->user_capacity, sizeof(*store->users));
        struct stored_user *row =
            store_insert(store->users, &store->user_count, at, sizeof(*store->users));
        row->user = *user;
    }
    store->users[at].changed = store->writes;
}

struct stored_message *store_message(const struct stored_room *room, uint64_t seq)
{
    for (uint32_t i = 0; room && i < room->message_count; i++) {
        if (room->messages[i].seq == seq) {
            return &room->messages[i];
        }
    }
    return NULL;
}

struct room_member *store_member(const struct stored_room *room, const struct cht_id *user)
{
    for (uint32_t i = 0; room && i < room->member_count; i++) {
        if (cht_id_equal(&room->members[i].user, user)) {
            return &room->members[i];
        }
    }
    return NULL;
}

struct stored_name *store_name(const struct store *store, struct cht_str folded)
{
    for (uint32_t i = 0; i < store->name_count; i++) {
        if (cht_str_equal(store->names[i].name, folded)) {
            return &store->names[i];
        }
    }
    return NULL;
}

void store_drop_name(struct store *store, const struct stored_name *name)
{
    uint32_t at = (uint32_t)(name - store->names);
    store_disown(&store->names[at].name);
    store_remove(store->names, &store->name_count, at, sizeof(*store->names));
}

static int compare_text(struct cht_str a, struct cht_str b)
{
    uint32_t size = a.size < b.size ? a.size : b.size;
    int order = size ? memcmp(a.at, b.at, size) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

void store_put_name(
    struct store *store, struct cht_str folded, const struct cht_id *room, uint64_t claimed_at)
{
    struct stored_name *name = store_name(store, folded);
    if (!name) {
        uint32_t at = 0;
        while (at < store->name_count && compare_text(store->names[at].name, folded) < 0) {
            at++;
        }
        store->names =
            store_grow(store->names, store->name_count, &store->name_capacity, sizeof(*name));
        name = store_insert(store->names, &store->name_count, at, sizeof(*name));
        name->name = store_own(folded);
    }
    name->room = *room;
    name->claimed_at = claimed_at;
}

/* ---- copies */

struct room_meta store_meta(const struct stored_room *room, struct arena *arena)
{
    struct room_meta meta = room->meta;
    meta.room = room->id;
    meta.name = arena_str(arena, meta.name);
    meta.topic = arena_str(arena, meta.topic);
    meta.deleted = meta.deleted || room->gone_seq > 0;
    return meta;
}

struct room_head store_head(const struct stored_room *room, struct arena *arena)
{
    struct room_head head = room->head;
    head.last_text = arena_str(arena, head.last_text);
    return head;
}

struct cht_entry store_entry(
    const struct stored_room *room, const struct stored_entry *row, struct arena *arena)
{
    struct cht_entry entry;
    struct cht_str body = arena_str(arena, row->body);
    size_t size = body.size * 16u + 1024;
    struct cht_scratch scratch = {arena_take(arena, size), size, 0};
    CHECK(cht_decode(&cht_row_entry, body, &scratch, &entry));
    const struct stored_message *message =
        row->text_of_message ? store_message(room, row->seq) : NULL;
    entry.text = arena_str(arena, message ? message->text : row->text);
    entry.has |= entry.text.size ? CHT_BIT(entry, text) : 0;
    entry.key = arena_str(arena, row->key);
    entry.has |= entry.key.size ? CHT_BIT(entry, key) : 0;
    return entry;
}

/* ---- the whole */

static void free_room(struct stored_room *room)
{
    store_disown(&room->meta.name);
    store_disown(&room->meta.topic);
    store_disown(&room->head.last_text);
    for (uint32_t i = 0; i < room->entry_count; i++) {
        store_disown(&room->entries[i].cid);
        store_disown(&room->entries[i].body);
        store_disown(&room->entries[i].text);
        store_disown(&room->entries[i].key);
    }
    for (uint32_t i = 0; i < room->message_count; i++) {
        store_disown(&room->messages[i].cid);
        store_disown(&room->messages[i].text);
        mem_free(room->messages[i].mentions.at);
    }
    for (uint32_t i = 0; i < room->reaction_count; i++) {
        store_disown(&room->reactions[i].key);
    }
    mem_free(room->entries);
    mem_free(room->messages);
    mem_free(room->members);
    mem_free(room->reactions);
    mem_free(room);
}

void store_deinit(struct store *store)
{
    for (uint32_t i = 0; i < store->room_count; i++) {
        free_room(store->rooms[i]);
    }
    while (store->name_count) {
        store_drop_name(store, store->names);
    }
    mem_free(store->rooms);
    mem_free(store->mine);
    mem_free(store->users);
    mem_free(store->names);
    *store = (struct store){0};
}

void store_join(struct store_port *port, struct store *store, struct desk *desk)
{
    *port = (struct store_port){{&store_rooms_ops}, {&store_history_ops}, store, desk};
}
