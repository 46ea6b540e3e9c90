/* store_apply - one function per kind of change.
 *
 * Happy path: a row is made or raised. How it fails: a change that is as old as its row, or older,
 * changes nothing. The rules are those of ports/history.h; where that leaves a choice, what
 * src/engines/sqlite/store_sql.def does. */

#include "base/fold.h"
#include "base/mem.h"
#include "store_inner.h"

static struct stored_room *need_room(struct store *store, const struct cht_id *id)
{
    struct stored_room *room = store_room(store, id);
    if (room) {
        return room;
    }
    room = mem_new(sizeof(*room));
    room->id = *id;
    uint32_t at = 0;
    while (at < store->room_count && store_compare(&store->rooms[at]->id, id) < 0) {
        at++;
    }
    store->rooms = store_grow(store->rooms, store->room_count, &store->room_capacity, sizeof(room));
    struct stored_room **place = store_insert(store->rooms, &store->room_count, at, sizeof(room));
    *place = room;
    return room;
}

/* ---- entries and messages */

static void apply_entry(struct stored_room *room, const struct history_change *c)
{
    uint32_t at = 0;
    while (at < room->entry_count && room->entries[at].seq < c->seq) {
        at++;
    }
    if (at < room->entry_count && room->entries[at].seq == c->seq) {
        return;
    }
    room->entries =
        store_grow(room->entries, room->entry_count, &room->entry_capacity, sizeof(*room->entries));
    struct stored_entry *row = store_insert(room->entries, &room->entry_count, at, sizeof(*row));
    struct cht_entry rest = *c->entry;
    rest.text = rest.key = (struct cht_str){0};
    rest.has &= ~(CHT_BIT(entry, text) | CHT_BIT(entry, key));
    size_t size = cht_encoded_size(&cht_row_entry, &rest);
    uint8_t *body = mem_new(size);
    cht_encode(&cht_row_entry, &rest, body);
    *row = (struct stored_entry){.seq = c->seq,
        .target = c->entry->target,
        .kind = (enum cht_entry_kind)c->entry->kind,
        .by = c->entry->by,
        .cid = store_own(c->entry->cid),
        .body = {(char *)body, (uint32_t)size},
        .key = store_own(c->entry->key),
        .text_of_message = c->entry->kind == cht_entry_kind_message};
    row->text = row->text_of_message ? (struct cht_str){0} : store_own(c->entry->text);
}

static void apply_message(struct stored_room *room, const struct history_change *c)
{
    uint32_t at = 0;
    while (at < room->message_count && room->messages[at].seq < c->seq) {
        at++;
    }
    if (at < room->message_count && room->messages[at].seq == c->seq) {
        return;
    }
    room->messages = store_grow(
        room->messages, room->message_count, &room->message_capacity, sizeof(*room->messages));
    struct stored_message *row =
        store_insert(room->messages, &room->message_count, at, sizeof(*row));
    const struct cht_entry *entry = c->entry;
    *row = (struct stored_message){.seq = c->seq,
        .n = entry->n,
        .ts = entry->ts,
        .reply_to = entry->reply_to,
        .changed_seq = c->seq,
        .from = entry->by,
        .cid = store_own(entry->cid),
        .text = store_own(entry->text)};
    row->mentions = entry->mentions;
    if (entry->mentions.count) {
        row->mentions.at =
            mem_copy(entry->mentions.at, entry->mentions.count * sizeof(struct cht_id));
    } else {
        row->mentions.at = NULL;
    }
}

static struct stored_entry *find_entry(struct stored_room *room, uint64_t seq)
{
    for (uint32_t i = 0; i < room->entry_count; i++) {
        if (room->entries[i].seq == seq) {
            return &room->entries[i];
        }
    }
    return NULL;
}

static void apply_edit(struct stored_room *room, const struct history_change *c)
{
    struct stored_message *message = store_message(room, c->target);
    if (!message || message->deleted || message->changed_seq >= c->seq) {
        return;
    }
    struct stored_entry *entry = find_entry(room, c->target);
    if (entry && entry->text_of_message) {
        entry->text_of_message = false;
        entry->text = store_own(message->text);
    }
    store_disown(&message->text);
    message->text = store_own(c->text);
    message->edited_seq = message->changed_seq = c->seq;
}

static void forget_texts(struct stored_room *room, uint64_t target)
{
    for (uint32_t i = 0; i < room->entry_count; i++) {
        struct stored_entry *entry = &room->entries[i];
        bool about = entry->kind == cht_entry_kind_edited || entry->kind == cht_entry_kind_reaction;
        if (entry->seq == target || (about && entry->target == target)) {
            store_disown(&entry->text);
            store_disown(&entry->key);
            entry->text_of_message = false;
        }
    }
}

static void apply_delete(struct stored_room *room, const struct history_change *c)
{
    struct stored_message *message = store_message(room, c->target);
    if (!message || message->deleted || message->changed_seq >= c->seq) {
        return;
    }
    store_disown(&message->text);
    mem_free(message->mentions.at);
    message->mentions = (struct cht_ids){0};
    message->deleted = true;
    message->changed_seq = c->seq;
    forget_texts(room, c->target);
    for (uint32_t i = room->reaction_count; i > 0; i--) {
        if (room->reactions[i - 1].target == c->target) {
            store_disown(&room->reactions[i - 1].key);
            store_remove(room->reactions, &room->reaction_count, i - 1, sizeof(*room->reactions));
        }
    }
    if (room->head.last_seq == c->target) {
        store_disown(&room->head.last_text);
        room->head.last_deleted = true;
    }
}

static void apply_reaction(struct stored_room *room, const struct history_change *c)
{
    const struct stored_message *message = store_message(room, c->target);
    if (!message || message->deleted) {
        return;
    }
    for (uint32_t i = 0; i < room->reaction_count; i++) {
        struct stored_reaction *row = &room->reactions[i];
        if (row->target == c->target && cht_id_equal(&row->user, &c->user) &&
            cht_str_equal(row->key, c->key)) {
            if (row->changed_seq < c->seq) {
                row->on = c->on;
                row->changed_seq = c->seq;
            }
            return;
        }
    }
    room->reactions = store_grow(
        room->reactions, room->reaction_count, &room->reaction_capacity, sizeof(*room->reactions));
    room->reactions[room->reaction_count++] =
        (struct stored_reaction){c->target, c->seq, store_own(c->key), c->user, c->on};
}

/* ---- rooms */

static void drop_other_names(struct store *store, const struct cht_id *room, struct cht_str folded)
{
    for (uint32_t i = store->name_count; i > 0; i--) {
        const struct stored_name *name = &store->names[i - 1];
        if (cht_id_equal(&name->room, room) && name->claimed_at == 0 &&
            !cht_str_equal(name->name, folded)) {
            store_drop_name(store, name);
        }
    }
}

static void put_public_name(struct store *store, const struct room_meta *meta)
{
    struct arena arena = {0};
    bool is_public = meta->visibility == cht_visibility_public && !meta->deleted && meta->name.size;
    struct cht_str folded = is_public ? name_fold(&arena, meta->name) : (struct cht_str){0};
    drop_other_names(store, &meta->room, folded);
    const struct stored_name *holder = is_public ? store_name(store, folded) : NULL;
    bool taken = holder && holder->claimed_at == 0 && !cht_id_equal(&holder->room, &meta->room);
    if (is_public && !taken) {
        store_put_name(store, folded, &meta->room, 0);
    }
    arena_deinit(&arena);
}

static void apply_room(
    struct store *store, struct stored_room *room, const struct history_change *c)
{
    if (room->meta_seq >= c->seq) {
        return;
    }
    room->meta_seq = c->seq;
    store_disown(&room->meta.name);
    store_disown(&room->meta.topic);
    room->meta = *c->meta;
    room->meta.room = room->id;
    room->meta.name = store_own(c->meta->name);
    room->meta.topic = store_own(c->meta->topic);
    put_public_name(store, &room->meta);
}

static void apply_room_gone(
    struct store *store, struct stored_room *room, const struct history_change *c)
{
    if (room->gone_seq >= c->seq) {
        return;
    }
    room->gone_seq = c->seq;
    drop_other_names(store, &room->id, (struct cht_str){0});
    for (uint32_t i = 0; i < room->member_count; i++) {
        struct room_member *member = &room->members[i];
        if (member->changed_seq < c->seq && member->state == cht_member_state_joined) {
            member->role = cht_role_none;
            member->state = cht_member_state_left;
            member->changed_seq = c->seq;
        }
    }
    for (uint32_t i = store->mine_count; i > 0; i--) {
        const struct stored_mine *mine = &store->mine[i - 1];
        const struct room_member *member = store_member(room, &mine->user);
        if (cht_id_equal(&mine->room, &room->id) && member && member->changed_seq <= c->seq) {
            store_remove(store->mine, &store->mine_count, i - 1, sizeof(*store->mine));
        }
    }
}

static void apply_head(struct stored_room *room, const struct history_change *c)
{
    if (room->head.seq >= c->head->seq) {
        return;
    }
    store_disown(&room->head.last_text);
    room->head = *c->head;
    room->head.last_text = store_own(c->head->last_text);
}

/* ---- members */

static void put_mine(struct store *store, const struct history_change *c)
{
    const struct room_member *member = c->member;
    struct stored_mine *mine = store_mine(store, &member->user, &c->room);
    if (!mine) {
        uint32_t at = 0;
        while (at < store->mine_count) {
            int order = store_compare(&store->mine[at].user, &member->user);
            order = order ? order : store_compare(&store->mine[at].room, &c->room);
            if (order > 0) {
                break;
            }
            at++;
        }
        store->mine =
            store_grow(store->mine, store->mine_count, &store->mine_capacity, sizeof(*mine));
        mine = store_insert(store->mine, &store->mine_count, at, sizeof(*mine));
        *mine = (struct stored_mine){.user = member->user,
            .room = c->room,
            .joined_seq = member->joined_seq,
            .read_n = c->read_n};
    } else if (mine->changed_seq >= member->changed_seq) {
        return;
    }
    mine->role = member->role;
    mine->hidden = c->hidden;
    mine->changed_seq = member->changed_seq;
}

static struct room_member *need_member(struct stored_room *room, const struct room_member *row)
{
    struct room_member *member = store_member(room, &row->user);
    if (member) {
        return member->changed_seq < row->changed_seq ? member : NULL;
    }
    uint32_t at = 0;
    while (at < room->member_count && store_compare(&room->members[at].user, &row->user) < 0) {
        at++;
    }
    room->members = store_grow(
        room->members, room->member_count, &room->member_capacity, sizeof(*room->members));
    return store_insert(room->members, &room->member_count, at, sizeof(*room->members));
}

static void apply_member(
    struct store *store, struct stored_room *room, const struct history_change *c)
{
    struct room_member *member = need_member(room, c->member);
    if (!member) {
        return;
    }
    bool stays =
        member->state == cht_member_state_joined && c->member->state == cht_member_state_joined;
    uint64_t joined_seq = stays ? member->joined_seq : c->member->joined_seq;
    *member = *c->member;
    member->joined_seq = joined_seq;
    if (member->state == cht_member_state_joined || c->hidden) {
        put_mine(store, c);
        return;
    }
    const struct stored_mine *mine = store_mine(store, &member->user, &c->room);
    if (mine && mine->changed_seq < c->member->changed_seq) {
        store_remove(
            store->mine, &store->mine_count, (uint32_t)(mine - store->mine), sizeof(*store->mine));
    }
}

static void apply_sent(
    struct store *store, const struct stored_room *room, const struct history_change *c)
{
    struct stored_mine *mine = store_mine(store, &c->user, &c->room);
    if (mine && mine->read_n < c->read_n && mine->joined_seq <= c->seq) {
        mine->read_n = c->read_n;
    }
    for (int i = 0; i < 2 && c->hidden; i++) {
        struct stored_mine *shown = store_mine(store, &room->meta.pair[i], &c->room);
        if (shown && shown->hidden && shown->changed_seq < c->seq) {
            shown->hidden = false;
        }
    }
}

static void apply_mention(struct store *store, const struct history_change *c)
{
    struct stored_mine *mine = store_mine(store, &c->user, &c->room);
    if (mine && mine->mention_n < c->n && mine->joined_seq <= c->seq) {
        mine->mention_n = c->n;
    }
}

void store_apply(struct store *store, const struct history_change *c)
{
    struct stored_room *room = need_room(store, &c->room);
    room->changed = store->writes;
    if (c->kind == CHANGE_MEMBER) {
        store_user_changed(store, &c->member->user);
    }
    switch (c->kind) {
    case CHANGE_ENTRY:
        apply_entry(room, c);
        break;
    case CHANGE_MESSAGE:
        apply_message(room, c);
        break;
    case CHANGE_EDIT:
        apply_edit(room, c);
        break;
    case CHANGE_DELETE:
        apply_delete(room, c);
        break;
    case CHANGE_REACTION:
        apply_reaction(room, c);
        break;
    case CHANGE_ROOM:
        apply_room(store, room, c);
        break;
    case CHANGE_ROOM_GONE:
        apply_room_gone(store, room, c);
        break;
    case CHANGE_MEMBER:
        apply_member(store, room, c);
        break;
    case CHANGE_SENT:
        apply_sent(store, room, c);
        break;
    case CHANGE_MENTION:
        apply_mention(store, c);
        break;
    case CHANGE_HEAD:
        apply_head(room, c);
        break;
    }
}
