/* query_history - room.history (messages as they are now), room.events (the log) and search.
 *
 * Happy path: the rights are checked, one page is read from the first seq that the asker may see,
 * users are added. How it fails: as query.c; two bounds in one question are a bad field. */

#include "query.h"

/* More than one bound is refused; none is the newest page. */
static bool read_bound(struct query *query, enum history_bound *ret_bound, uint64_t *ret_seq)
{
    const struct cht_command *command = &query->command;
    bool before = CHT_HAS(command, command, before_seq);
    bool after = CHT_HAS(command, command, after_seq);
    bool around = CHT_HAS(command, command, around_seq);
    if (before + after + around > 1) {
        query->bad_field = before ? "before_seq" : "after_seq";
        flow_fail(&query->flow, ERR_BAD_FIELD);
        return false;
    }
    *ret_bound = before   ? HISTORY_BEFORE
                 : after  ? HISTORY_AFTER
                 : around ? HISTORY_AROUND
                          : HISTORY_NEWEST;
    *ret_seq = before ? command->before_seq : after ? command->after_seq : command->around_seq;
    return true;
}

/* Messages and entries are read as a member, in one question. */
#define PAGE_RIGHTS                                                                                \
    {"ask_room", ask_room},                                                                        \
    {                                                                                              \
        "check_right", query_check_right                                                           \
    }

/* The reads begin alike. */
static void ask_room(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    enum err said = query->read.messages.op.err;
    if (said == OK || said == ERR_NOT_FOUND) {
        query_take_member(query, said);
    } else {
        flow_fail(flow, said);
    }
}

/* ---- room.history */

static void read_messages(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct history_messages_op *op = &query->read.messages;
    if (!read_bound(query, &op->bound, &op->seq)) {
        return;
    }
    op->room = query->command.room;
    op->reader = query->command.author;
    op->as_member = true;
    op->from_seq = 1;
    op->limit = query->limit;
    op->bytes_max = QUERY_PAGE_BYTES;
    history_messages(query->service->deps.history, flow_tolerate(flow), op);
}

static void collect_messages(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct history_messages_op *op = &query->read.messages;
    if (!query_reached(query, op->head)) {
        if (flow->err == OK) {
            history_messages(query->service->deps.history, &flow->asker, op);
        }
        return;
    }
    for (uint32_t i = 0; i < op->count; i++) {
        query_add_user(query, &op->messages[i].from);
    }
    for (uint32_t i = 0; i < op->count; i++) {
        if (!op->messages[i].deleted) {
            const struct cht_ids *mentions = &op->messages[i].mentions;
            query_add_users(query, mentions->at, mentions->count);
        }
    }
}

static void put_message(
    struct query *query, struct cht_json *json, const struct history_message *message)
{
    struct cht_f_message frame = {
        .room = query->command.room,
        .seq = message->seq,
        .n = message->n,
        .from = message->from,
        .ts = message->ts,
        .deleted = message->deleted,
    };
    if (!message->deleted) {
        frame.cid = message->cid;
        frame.text = message->text;
        frame.reply_to = message->reply_to;
        frame.mentions = message->mentions;
        frame.edited_seq = message->edited_seq;
    }
    struct cht_f_reaction_count *reactions = NULL;
    if (!message->deleted && message->reaction_count > 0) {
        reactions = arena_array(&query->arena, message->reaction_count, sizeof(*reactions));
        for (uint32_t i = 0; i < message->reaction_count; i++) {
            const struct history_reaction *from = &message->reactions[i];
            reactions[i] = (struct cht_f_reaction_count){.has = CHT_BIT(f_reaction_count, me),
                .key = from->key,
                .count = from->count,
                .me = from->me};
        }
        frame.reactions = (struct cht_list){reactions, message->reaction_count};
    }
    cht_json_begin(json, '{');
    cht_json_members(json, &cht_row_f_message, &frame);
    cht_json_end(json, '}');
}

static void encode_messages(struct query *query, struct cht_json *json)
{
    const struct history_messages_op *op = &query->read.messages;
    cht_json_key(json, "messages");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < op->count; i++) {
        put_message(query, json, &op->messages[i]);
    }
    cht_json_end(json, ']');
    query_put_u64(json, "head", op->head);
    cht_json_key(json, "more");
    cht_json_flag(json, op->more);
    query_put_users(query, json);
}

/* ---- the newest page, kept in memory */

static struct hot_page *find_hot(struct query *query)
{
    struct hot_page *page =
        hot_pages_find(query->service->hot, &query->command.room, query->limit, &query->stamp);
    return page != NULL && page->head >= query->command.at_least ? page : NULL;
}

static void answer_hot(struct query *query, const struct hot_page *page)
{
    query->service->counters.hot++;
    query->body = buf_ref(page->body);
    flow_skip_to_end(&query->flow);
}

static struct hot_stamp stamp_now(const struct query *query)
{
    return (struct hot_stamp){
        history_stamp(query->service->deps.history, &query->command.room),
        users_stamp(query->service->deps.users),
    };
}

/* For a reader who is known to see it. */
static void look_for_page(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    query->stamp = stamp_now(query);
    const struct hot_page *page = query->fresh.op.err == OK ? find_hot(query) : NULL;
    if (page != NULL && hot_page_is_for(page, &query->command.author)) {
        answer_hot(query, page);
    }
}

/* For a member of whom it was just found, under the same stamp, where the room begins. */
static void look_again(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct hot_page *page = query->one.op.err == OK ? find_hot(query) : NULL;
    if (page != NULL && !page->is_own && page->from_seq == query_first_seq(query)) {
        hot_page_add_reader(page, &query->command.author);
        answer_hot(query, page);
    }
}

/* What was read while the stamp changed may be newer than it, and would be shown to one who was
 * found to be a member under it and is none any more. */
static void encode_newest(struct query *query, struct cht_json *json)
{
    const struct history_messages_op *op = &query->read.messages;
    struct hot_stamp now = stamp_now(query);
    encode_messages(query, json);
    struct hot_page page = {
        .stamp = query->stamp,
        .from_seq = op->from_seq,
        .head = op->head,
        .limit = query->limit,
    };
    for (uint32_t i = 0; i < op->count; i++) {
        page.is_own = page.is_own || op->messages[i].reaction_count > 0;
    }
    if (json->used <= json->size && hot_stamp_is_same(&now, &query->stamp)) {
        page.body = buf_copy(json->at, json->used);
        hot_page_add_reader(&page, &query->command.author);
        hot_pages_keep(query->service->hot, &query->command.room, &page);
        buf_unref(page.body);
    }
}

static void start_newest(struct query *query)
{
    static const struct flow_step steps[] = {{"wait_fresh", query_wait_room},
        {"look_for_page", look_for_page}, {"ask_member", query_ask_member},
        {"look_again", look_again}, {"read", read_messages}, PAGE_RIGHTS,
        {"collect", collect_messages}, QUERY_END};
    query->encode = encode_newest;
    QUERY_START(query, steps);
}

void query_start_history(struct query *query)
{
    static const struct flow_step steps[] = {{"wait_fresh", query_wait_room},
        {"read", read_messages}, PAGE_RIGHTS, {"collect", collect_messages}, QUERY_END};
    const uint64_t bounds =
        CHT_BIT(command, before_seq) | CHT_BIT(command, after_seq) | CHT_BIT(command, around_seq);
    if ((query->command.has & bounds) == 0) {
        start_newest(query);
        return;
    }
    query->encode = encode_messages;
    QUERY_START(query, steps);
}

/* ---- room.events */

static void read_entries(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct history_entries_op *op = &query->read.entries;
    if (!read_bound(query, &op->bound, &op->seq)) {
        return;
    }
    op->room = query->command.room;
    op->reader = query->command.author;
    op->as_member = true;
    op->from_seq = 1;
    op->limit = query->limit;
    op->bytes_max = QUERY_PAGE_BYTES;
    history_entries(query->service->deps.history, flow_tolerate(flow), op);
}

static void collect_entries(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct history_entries_op *op = &query->read.entries;
    if (!query_reached(query, op->head)) {
        if (flow->err == OK) {
            history_entries(query->service->deps.history, &flow->asker, op);
        }
        return;
    }
    for (uint32_t i = 0; i < op->count; i++) {
        query_add_user(query, &op->entries[i].by);
        query_add_user(query, &op->entries[i].user);
    }
    for (uint32_t i = 0; i < op->count; i++) {
        const struct cht_ids *mentions = &op->entries[i].mentions;
        query_add_users(query, mentions->at, mentions->count);
    }
}

static void encode_entries(struct query *query, struct cht_json *json)
{
    const struct history_entries_op *op = &query->read.entries;
    cht_json_key(json, "events");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < op->count; i++) {
        cht_entry_json(json, &query->command.room, &op->entries[i]);
    }
    cht_json_end(json, ']');
    query_put_u64(json, "head", op->head);
    cht_json_key(json, "more");
    cht_json_flag(json, op->more);
    bool asks_from = op->bound == HISTORY_AFTER;
    if (asks_from && op->oldest_seq > op->seq + 1 && op->oldest_seq > op->from_seq) {
        cht_json_key(json, "truncated");
        cht_json_flag(json, true);
    }
    query_put_users(query, json);
}

void query_start_events(struct query *query)
{
    static const struct flow_step steps[] = {{"wait_fresh", query_wait_room},
        {"read", read_entries}, PAGE_RIGHTS, {"collect", collect_entries}, QUERY_END};
    query->encode = encode_entries;
    QUERY_START(query, steps);
}

/* ---- search */

static void read_hits(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct history_search_op *op = &query->read.search;
    op->user = query->command.author;
    op->room = query->command.room;
    op->q = query->command.q;
    op->limit = query->limit;
    if (query->position.size == sizeof(op->after)) {
        __builtin_memcpy(&op->after, query->position.at, sizeof(op->after));
    }
    history_search(query->service->deps.history, &flow->asker, op);
}

static void collect_hits(struct flow *flow)
{
    struct query *query = (struct query *)flow;
    struct history_search_op *op = &query->read.search;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < op->count; i++) {
        query_add_user(query, &op->hits[i].from);
        bytes += op->hits[i].text.size;
        if (bytes >= QUERY_PAGE_BYTES && i + 1 < op->count) {
            op->count = i + 1;
            op->more = true;
            op->at = op->hits[i].at;
        }
    }
    if (op->more) {
        query_set_next(query, &op->at, sizeof(op->at));
    }
}

static void put_hit(struct cht_json *json, const struct history_hit *hit)
{
    cht_json_begin(json, '{');
    cht_json_key(json, "room");
    cht_json_id(json, &hit->room);
    query_put_u64(json, "seq", hit->seq);
    query_put_u64(json, "n", hit->n);
    cht_json_key(json, "from");
    cht_json_id(json, &hit->from);
    query_put_u64(json, "ts", hit->ts);
    cht_json_key(json, "text");
    cht_json_text(json, hit->text);
    cht_json_end(json, '}');
}

static void encode_hits(struct query *query, struct cht_json *json)
{
    const struct history_search_op *op = &query->read.search;
    cht_json_key(json, "hits");
    cht_json_begin(json, '[');
    for (uint32_t i = 0; i < op->count; i++) {
        put_hit(json, &op->hits[i]);
    }
    cht_json_end(json, ']');
    query_put_next(query, json);
    query_put_users(query, json);
}

void query_start_search(struct query *query)
{
    static const struct flow_step everywhere[] = {
        {"wait_fresh", query_wait_all}, {"read", read_hits}, {"collect", collect_hits}, QUERY_END};
    static const struct flow_step in_room[] = {
        QUERY_RIGHTS, {"read", read_hits}, {"collect", collect_hits}, QUERY_END};
    query->encode = encode_hits;
    if (cht_id_is_none(&query->command.room)) {
        QUERY_START(query, everywhere);
    } else {
        QUERY_START(query, in_room);
    }
}
