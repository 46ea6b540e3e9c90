/* query_json - the parts of answers that several queries have: rooms, users, where a list goes on.
 *
 * Happy path: members are appended to the block of the answer. How it fails: as cht_json, by
 * counting on. */

#include "query.h"

#include "names.h"

void query_put_u64(struct cht_json *json, const char *key, uint64_t number)
{
    cht_json_key(json, key);
    cht_json_u64(json, number);
}

static void put_text(struct cht_json *json, const char *key, struct cht_str text)
{
    cht_json_key(json, key);
    cht_json_text(json, text);
}

static void put_word(
    struct cht_json *json, const char *key, const struct cht_words *words, uint64_t number)
{
    const char *word = cht_word_text(words, number);
    if (word[0] != '\0') {
        put_text(json, key, (struct cht_str){word, (uint32_t)__builtin_strlen(word)});
    }
}

void query_put_next(struct query *query, struct cht_json *json)
{
    if (query->next.size > 0) {
        put_text(json, "next", query->next);
    }
}

static void put_user_key(struct cht_json *json, const struct cht_id *user)
{
    char text[CHT_ID_TEXT_SIZE + 1] = {0};
    cht_id_to_text(user, text);
    cht_json_key(json, text);
}

void query_put_users(struct query *query, struct cht_json *json)
{
    cht_json_key(json, "users");
    cht_json_begin(json, '{');
    for (uint32_t i = 0; query->names != NULL && i < query->user_count; i++) {
        put_user_key(json, &query->user_ids[i]);
        cht_json_raw(json, query->names[i]);
    }
    for (uint32_t i = 0; query->names == NULL && i < query->users.count; i++) {
        put_user_key(json, &query->users.users[i].id);
        names_write(query->service->names, query->names_stamp, json, &query->users.users[i]);
    }
    cht_json_end(json, '}');
}

/* A member from whom older history is hidden is not shown a last message of before. */
static bool sees_last(const struct room_of_user *room)
{
    return room->head.last_seq > 0 && (room->meta.history != cht_history_from_joined ||
                                          room->head.last_seq >= room->joined_seq);
}

static void put_last(struct cht_json *json, const struct room_head *head)
{
    cht_json_key(json, "last");
    cht_json_begin(json, '{');
    query_put_u64(json, "seq", head->last_seq);
    cht_json_key(json, "from");
    cht_json_id(json, &head->last_from);
    query_put_u64(json, "ts", head->last_ts);
    if (head->last_deleted) {
        cht_json_key(json, "deleted");
        cht_json_flag(json, true);
    } else {
        put_text(json, "text", head->last_text);
    }
    cht_json_end(json, '}');
}

static void put_standing(
    struct query *query, struct cht_json *json, const struct room_of_user *room)
{
    uint64_t read_n = room->read_n < room->head.n ? room->read_n : room->head.n;
    if (room->meta.kind == cht_room_kind_direct) {
        const struct cht_id *pair = room->meta.pair;
        bool is_first = cht_id_equal(&pair[0], &query->command.author);
        cht_json_key(json, "peer");
        cht_json_id(json, &pair[is_first ? 1 : 0]);
    }
    put_word(json, "role", &cht_words_role, room->role);
    query_put_u64(json, "seq", room->head.seq);
    query_put_u64(json, "n", room->head.n);
    query_put_u64(json, "read_n", read_n);
    query_put_u64(json, "unread", room->head.n - read_n);
    cht_json_key(json, "mentioned");
    cht_json_flag(json, room->last_mention_n > room->read_n);
    if (sees_last(room)) {
        put_last(json, &room->head);
    }
}

static void put_settings(struct cht_json *json, const struct room_meta *meta)
{
    cht_json_key(json, "settings");
    cht_json_begin(json, '{');
    put_word(json, "posting", &cht_words_who, meta->posting);
    put_word(json, "adding", &cht_words_who, meta->adding);
    put_word(json, "history", &cht_words_history_from, meta->history);
    cht_json_end(json, '}');
}

static void put_details(struct cht_json *json, const struct room_of_user *room)
{
    if (room->meta.topic.size > 0) {
        put_text(json, "topic", room->meta.topic);
    }
    if (!cht_id_is_none(&room->meta.creator)) {
        cht_json_key(json, "creator");
        cht_json_id(json, &room->meta.creator);
    }
    query_put_u64(json, "created", room->meta.created);
    query_put_u64(json, "members", room->head.members);
    put_settings(json, &room->meta);
}

/* The members of a room's object, without braces. A visitor has no standing in it. */
void query_put_room(
    struct query *query, struct cht_json *json, const struct room_of_user *room, bool details)
{
    cht_json_key(json, "room");
    cht_json_id(json, &room->meta.room);
    put_word(json, "kind", &cht_words_room_kind, room->meta.kind);
    if (room->meta.name.size > 0) {
        put_text(json, "name", room->meta.name);
    }
    put_word(json, "visibility", &cht_words_visibility, room->meta.visibility);
    if (room->role != cht_role_none) {
        put_standing(query, json, room);
    }
    if (details) {
        put_details(json, room);
    }
}
