/* store_apply - one function per kind of change.
 *
 * Happy path: each change becomes one to four statements that apply upwards only, so writing the
 * same again changes nothing. How it fails: a failed statement stays in the db and undoes the whole
 * batch (data_sqlite.c). */

#include "base/check.h"
#include "base/event_buf.h"
#include "base/fold.h"
#include "chattifier/events.h"
#include "store.h"

#define ROOM_NUMBERS_MAX 65536u

static uint64_t room_no_of(struct data_writer *writer, const struct cht_id *room)
{
    struct store_state *state = writer->state;
    uint32_t known = map_find(&state->room_numbers, map_key_id(room));
    if (known != MAP_NONE) {
        return known;
    }
    uint64_t room_no = store_find_room(&writer->db, room);
    if (!room_no) {
        struct query q = db_query(&writer->db, STORE_ROOM_NEW);
        query_id(&q, room);
        query_run(&q);
        room_no = (uint64_t)sqlite3_last_insert_rowid(writer->db.handle);
    }
    if (state->room_numbers.count == ROOM_NUMBERS_MAX) {
        map_deinit(&state->room_numbers);
        map_init(&state->room_numbers, ROOM_NUMBERS_MAX, state->secret);
    }
    CHECK(map_put(&state->room_numbers, map_key_id(room), (uint32_t)room_no));
    return room_no;
}

static struct query on_place(struct db *db, uint32_t statement, uint64_t place)
{
    struct query q = db_query(db, statement);
    query_u64(&q, place);
    return q;
}

/* ---- entries and messages */

/* All of an entry that has no column. */
static struct buf *body_of(const struct cht_entry *entry)
{
    struct cht_entry rest = *entry;
    rest.text = (struct cht_str){0};
    rest.cid = (struct cht_str){0};
    rest.by = (struct cht_id){{0}};
    rest.has &= ~(CHT_BIT(entry, text) | CHT_BIT(entry, cid) | CHT_BIT(entry, by));
    return event_buf_encode(&cht_row_entry, &rest);
}

static void apply_entry(struct db *db, uint64_t room_no, const struct history_change *c)
{
    const struct cht_entry *entry = c->entry;
    if (entry->kind == cht_entry_kind_message) {
        return; /* its row is that of the message */
    }
    struct buf *body = body_of(entry);
    struct query q = on_place(db, STORE_ENTRY_PUT, store_place(room_no, c->seq));
    query_u64(&q, entry->kind);
    query_u64(&q, entry->target ? store_place(room_no, entry->target) : 0);
    query_id(&q, &entry->by);
    query_text(&q, entry->cid);
    query_blob(&q, body->bytes, body->size);
    query_text(&q, entry->text);
    query_run(&q);
    buf_unref(body);
}

static void apply_message(
    struct data_writer *writer, uint64_t room_no, const struct history_change *c)
{
    struct db *db = &writer->db;
    const struct cht_entry *entry = c->entry;
    uint64_t place = store_place(room_no, c->seq);
    struct buf *body = body_of(entry);
    struct query q = on_place(db, STORE_MESSAGE_PUT, place);
    query_u64(&q, entry->n);
    query_u64(&q, entry->ts);
    query_id(&q, &entry->by);
    query_text(&q, entry->cid);
    query_text(&q, entry->text);
    query_u64(&q, entry->reply_to);
    query_blob(&q, entry->mentions.at, entry->mentions.count * sizeof(struct cht_id));
    query_u64(&q, c->seq);
    query_blob(&q, body->bytes, body->size);
    if (query_run(&q) > 0) {
        search_order_put(writer->state, place, entry->text);
    }
    buf_unref(body);
}

/* Takes the current text out of the index. False: nothing to change, because the message is
 * deleted, unknown or as new. */
static bool begin_change(struct data_writer *writer, uint64_t place, uint64_t seq)
{
    struct query q = on_place(&writer->db, STORE_MESSAGE_TEXT, place);
    bool applies = query_row(&q) && query_get_u64(&q, 1) == 0 && query_get_u64(&q, 2) < seq;
    if (applies) {
        search_order_drop(writer->state, place, query_lend_bytes(&q, 0));
    }
    query_end(&q);
    return applies;
}

static void apply_edit(struct data_writer *writer, uint64_t room_no, const struct history_change *c)
{
    struct db *db = &writer->db;
    uint64_t place = store_place(room_no, c->target);
    if (!begin_change(writer, place, c->seq)) {
        return;
    }
    struct query keep = on_place(db, STORE_ENTRY_KEEP_TEXT, place);
    query_run(&keep);
    struct query edit = on_place(db, STORE_MESSAGE_EDIT, place);
    query_text(&edit, c->text);
    query_u64(&edit, c->seq);
    query_run(&edit);
    search_order_put(writer->state, place, c->text);
}

static void run_on_place(struct db *db, uint32_t statement, uint64_t place)
{
    struct query q = on_place(db, statement, place);
    query_run(&q);
}

static void apply_delete(
    struct data_writer *writer, uint64_t room_no, const struct history_change *c)
{
    struct store_state *state = writer->state;
    struct db *db = &writer->db;
    uint64_t place = store_place(room_no, c->target);
    if (!begin_change(writer, place, c->seq)) {
        return;
    }
    struct query gone = on_place(db, STORE_MESSAGE_DELETE, place);
    query_u64(&gone, c->seq);
    query_run(&gone);
    run_on_place(db, STORE_ENTRY_FORGET_TEXT, place);
    run_on_place(db, STORE_ENTRY_FORGET_EDITS, place);
    run_on_place(db, STORE_ENTRY_FORGET_KEYS, place);
    run_on_place(db, STORE_REACTIONS_FORGET, place);
    struct query head = db_query(db, STORE_ROOM_HEAD_FORGET);
    query_u64(&head, room_no);
    query_u64(&head, c->target);
    query_run(&head);
    if (!state->purge_noted) {
        run_on_place(db, STORE_PURGE_PUT, 1);
        state->purge_noted = true;
    }
    state->purge_wanted = true;
    state->wal_purge = true;
}

static void apply_reaction(struct db *db, uint64_t room_no, const struct history_change *c)
{
    uint64_t place = store_place(room_no, c->target);
    struct query message = on_place(db, STORE_MESSAGE_TEXT, place);
    bool there = query_row(&message) && query_get_u64(&message, 1) == 0;
    query_end(&message);
    if (there) {
        struct query q = on_place(db, STORE_REACTION_PUT, place);
        query_text(&q, c->key);
        query_id(&q, &c->user);
        query_u64(&q, c->on);
        query_u64(&q, c->seq);
        query_run(&q);
    }
}

/* ---- rooms */

/* A name that another room holds stays with it: the log may have two, a list shows one. */
static void put_public_name(struct db *db, const struct room_meta *meta)
{
    struct arena arena = {0};
    bool is_public = meta->visibility == cht_visibility_public && !meta->deleted && meta->name.size;
    struct cht_str name = is_public ? name_fold(&arena, meta->name) : (struct cht_str){0};
    struct query drop = db_query(db, STORE_NAME_DROP_OTHERS);
    query_id(&drop, &meta->room);
    query_text(&drop, name);
    query_run(&drop);
    if (is_public) {
        struct query get = db_query(db, STORE_NAME_GET);
        query_text(&get, name);
        bool taken = false;
        if (query_row(&get)) {
            struct cht_id holder = query_get_id(&get, 0);
            taken = query_get_u64(&get, 1) == 0 && !cht_id_equal(&holder, &meta->room);
        }
        query_end(&get);
        struct query put = db_query(db, STORE_NAME_PUT);
        query_text(&put, name);
        query_id(&put, &meta->room);
        query_u64(&put, 0);
        if (taken) {
            query_end(&put);
        } else {
            query_run(&put);
        }
    }
    arena_deinit(&arena);
}

static void apply_room(struct db *db, uint64_t room_no, const struct history_change *c)
{
    const struct room_meta *meta = c->meta;
    struct query q = on_place(db, STORE_ROOM_META, room_no);
    query_u64(&q, c->seq);
    query_u64(&q, meta->kind);
    query_u64(&q, meta->visibility);
    query_u64(&q, meta->posting);
    query_u64(&q, meta->adding);
    query_u64(&q, meta->history);
    query_text(&q, meta->name);
    query_text(&q, meta->topic);
    query_id(&q, &meta->creator);
    query_blob(&q, meta->pair, sizeof(meta->pair));
    query_u64(&q, meta->created);
    query_u64(&q, meta->deleted);
    if (query_run(&q) > 0) {
        put_public_name(db, meta);
    }
}

static void apply_room_gone(struct db *db, uint64_t room_no, const struct history_change *c)
{
    struct query gone = on_place(db, STORE_ROOM_GONE, room_no);
    query_u64(&gone, c->seq);
    if (query_run(&gone) == 0) {
        return;
    }
    struct query name = db_query(db, STORE_NAME_DROP_OTHERS);
    query_id(&name, &c->room);
    query_text(&name, (struct cht_str){0});
    query_run(&name);
    struct query members = on_place(db, STORE_MEMBERS_END, room_no);
    query_u64(&members, c->seq);
    query_run(&members);
    struct query mine = db_query(db, STORE_MINE_END);
    query_id(&mine, &c->room);
    query_u64(&mine, room_no);
    query_u64(&mine, c->seq);
    query_run(&mine);
}

static void apply_head(struct db *db, uint64_t room_no, const struct history_change *c)
{
    const struct room_head *head = c->head;
    struct query q = on_place(db, STORE_ROOM_HEAD, room_no);
    query_u64(&q, head->seq);
    query_u64(&q, head->n);
    query_u64(&q, head->ts);
    query_u64(&q, head->loud_seq);
    query_u64(&q, head->members);
    query_blob(&q, head->cause.bytes, sizeof(head->cause.bytes));
    query_u64(&q, head->last_seq);
    query_id(&q, &head->last_from);
    query_u64(&q, head->last_ts);
    query_text(&q, head->last_text);
    query_u64(&q, head->last_deleted);
    query_run(&q);
}

/* ---- members */

static void put_mine(struct db *db, uint64_t room_no, const struct history_change *c)
{
    const struct room_member *member = c->member;
    struct query q = db_query(db, STORE_MINE_PUT);
    query_id(&q, &member->user);
    query_id(&q, &c->room);
    query_u64(&q, room_no);
    query_u64(&q, member->role);
    query_u64(&q, member->joined_seq);
    query_u64(&q, c->read_n);
    query_u64(&q, c->hidden);
    query_u64(&q, member->changed_seq);
    query_run(&q);
}

static void apply_member(struct db *db, uint64_t room_no, const struct history_change *c)
{
    const struct room_member *member = c->member;
    struct query q = on_place(db, STORE_MEMBER_PUT, room_no);
    query_id(&q, &member->user);
    query_u64(&q, member->role);
    query_u64(&q, member->state);
    query_u64(&q, member->joined_seq);
    query_u64(&q, member->muted_until);
    query_u64(&q, member->changed_seq);
    if (query_run(&q) == 0) {
        return;
    }
    if (member->state == cht_member_state_joined || c->hidden) {
        put_mine(db, room_no, c);
        return;
    }
    struct query drop = db_query(db, STORE_MINE_DROP);
    query_id(&drop, &member->user);
    query_id(&drop, &c->room);
    query_u64(&drop, member->changed_seq);
    query_run(&drop);
}

static void show_again(struct db *db, uint64_t room_no, const struct history_change *c)
{
    struct cht_id pair[2] = {{{0}}, {{0}}};
    struct query room = on_place(db, STORE_ROOM_PAIR, room_no);
    if (query_row(&room)) {
        query_get_bytes(&room, 0, pair, sizeof(pair));
    }
    query_end(&room);
    for (int i = 0; i < 2; i++) {
        struct query q = db_query(db, STORE_MINE_SHOW);
        query_id(&q, &pair[i]);
        query_id(&q, &c->room);
        query_u64(&q, c->seq);
        query_run(&q);
    }
}

static void raise_mine(
    struct db *db, uint32_t statement, const struct history_change *c, uint64_t n)
{
    struct query q = db_query(db, statement);
    query_id(&q, &c->user);
    query_id(&q, &c->room);
    query_u64(&q, n);
    query_u64(&q, c->seq);
    query_run(&q);
}

void store_apply(struct data_writer *writer, const struct history_change *c)
{
    struct db *db = &writer->db;
    uint64_t room_no = room_no_of(writer, &c->room);
    switch (c->kind) {
    case CHANGE_ENTRY:
        apply_entry(db, room_no, c);
        break;
    case CHANGE_MESSAGE:
        apply_message(writer, room_no, c);
        break;
    case CHANGE_EDIT:
        apply_edit(writer, room_no, c);
        break;
    case CHANGE_DELETE:
        apply_delete(writer, room_no, c);
        break;
    case CHANGE_REACTION:
        apply_reaction(db, room_no, c);
        break;
    case CHANGE_ROOM:
        apply_room(db, room_no, c);
        break;
    case CHANGE_ROOM_GONE:
        apply_room_gone(db, room_no, c);
        break;
    case CHANGE_MEMBER:
        apply_member(db, room_no, c);
        break;
    case CHANGE_SENT:
        raise_mine(db, STORE_MINE_SENT, c, c->read_n);
        if (c->hidden) {
            show_again(db, room_no, c);
        }
        break;
    case CHANGE_MENTION:
        raise_mine(db, STORE_MINE_MENTION, c, c->n);
        break;
    case CHANGE_HEAD:
        apply_head(db, room_no, c);
        break;
    }
}
