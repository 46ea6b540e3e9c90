/* house - see the header. Happy path: everything that goes out is written down as a line. How it
 * fails: by an assertion. */

#include "base/event_buf.h"
#include "house_inner.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/logger.h"
#include "base/mem.h"

struct log_writer {
    struct log_writer *next;
    uint32_t shard;
    uint64_t term;
};

struct cht_id house_id(uint8_t number)
{
    return (struct cht_id){{number, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, number}};
}

struct cht_str house_str(const char *text)
{
    return (struct cht_str){text, text ? (uint32_t)strlen(text) : 0};
}

uint32_t house_shard_of(const struct cht_id *room)
{
    return cht_shard_of_room(room, HOUSE_SHARDS);
}

static struct buf *encode(const struct cht_event_row *row, const void *event)
{
    struct buf *buf = event_buf_encode(row, event);
    return buf;
}

static void decode(
    struct house *house, const struct cht_event_row *row, const struct buf *buf, void *ret_event)
{
    struct cht_scratch scratch = {house->scratch, sizeof(house->scratch), 0};
    assert_true(cht_decode(row, event_buf_bytes(buf), &scratch, ret_event));
}

void house_later(struct house *house, struct op *op, enum err err)
{
    op_answer_later(op, &house->loop.loop, err);
}

void house_wait(struct house *house, struct op *op)
{
    assert_true(house->waiting_count < 64);
    house->waiting[house->waiting_count++] = op;
}

/* ---- shards */
static void own_here(struct shards *shards, struct shards_handler *handler, uint32_t credit)
{
    assert_true(credit > 0);
    struct house *house = container_of(shards, struct house, shards);
    if (house->owner) {
        house->rival_owner = handler;
    } else {
        house->owner = handler;
    }
}

static void done_here(struct shards *shards, uint32_t shard, const struct position *position)
{
    (void)position;
    container_of(shards, struct house, shards)->shard[shard].done++;
}

static void release_here(struct shards *shards, uint32_t shard)
{
    container_of(shards, struct house, shards)->shard[shard].released++;
}

/* ---- log */
static struct house *of_log(struct log *log)
{
    return container_of(log, struct house, log);
}

static void claim_here(struct log *log, struct log_claim_op *op)
{
    struct house *house = of_log(log);
    struct house_shard *shard = &house->shard[op->shard];
    op->writer = mem_new(sizeof(*op->writer));
    *op->writer = (struct log_writer){shard->writers, op->shard, ++shard->term};
    shard->writers = op->writer;
    op->term = shard->term;
    house_later(house, &op->op, OK);
}

static void put(struct house *house, uint32_t number, struct buf *record_take)
{
    struct house_shard *shard = &house->shard[number];
    struct cht_record record;
    decode(house, &cht_row_record, record_take, &record);
    assert_true(shard->count < HOUSE_RECORDS);
    shard->items[shard->count++] = (struct log_item){
        .shard = number, .index = record.index, .term = record.term, .record = record_take};
}

static bool is_fenced(const struct house *house, const struct log_writer *writer)
{
    const struct house_shard *shard = &house->shard[writer->shard];
    bool newer_landed = false;
    for (uint32_t i = 0; i < shard->count; i++) {
        newer_landed = newer_landed || shard->items[i].term > writer->term;
    }
    return house->late_appends ? newer_landed : writer->term < shard->term;
}

static void append_here(struct log *log, struct log_append_op *op)
{
    struct house *house = of_log(log);
    bool fenced = is_fenced(house, op->writer);
    if (house->appends_wait && !fenced) {
        house_wait(house, &op->op);
    } else {
        house_later(house, &op->op, fenced ? ERR_FENCED : house->append_err);
    }
    if (fenced || house->append_err != OK) {
        buf_unref(op->record);
    } else {
        put(house, op->writer->shard, op->record);
    }
    op->record = NULL;
}

uint64_t house_newest_index(const struct house_shard *shard)
{
    uint64_t newest = 0;
    for (uint32_t i = 0; i < shard->count; i++) {
        newest = shard->items[i].index > newest ? shard->items[i].index : newest;
    }
    return newest;
}

static void read_here(struct log *log, struct log_read_op *op)
{
    struct house *house = of_log(log);
    const struct house_shard *shard = &house->shard[op->shard];
    if (op->from <= shard->trimmed) {
        house_later(house, &op->op, ERR_NOT_FOUND);
        return;
    }
    for (uint32_t i = 0; i < shard->count && op->count < op->limit; i++) {
        const struct log_item *item = &shard->items[i];
        if (item->index >= op->from && item->index <= op->until) {
            op->items[op->count] = *item;
            buf_ref(op->items[op->count++].record);
        }
    }
    house_later(house, &op->op, OK);
}

static void tail_here(struct log *log, struct log_tail_op *op)
{
    struct house *house = of_log(log);
    op->index = house_newest_index(&house->shard[op->shard]);
    if (house->tails_wait) {
        house_wait(house, &op->op);
    } else {
        house_later(house, &op->op, OK);
    }
}

static void release_writer_here(struct log *log, struct log_writer *writer)
{
    struct log_writer **at = &of_log(log)->shard[writer->shard].writers;
    while (*at != writer) {
        at = &(*at)->next;
    }
    *at = writer->next;
    mem_free(writer);
}

/* ---- mail and cast, as text */
static void hear(struct house *house, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void hear(struct house *house, const char *format, ...)
{
    size_t left = sizeof(house->heard) - house->heard_size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(house->heard + house->heard_size, left, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < left);
    house->heard_size += (size_t)size;
}

static unsigned long long number(uint64_t value)
{
    return (unsigned long long)value;
}

/* The JSON text behind the header of a finished frame. */
static void hear_frame(struct house *house, struct cht_str frame)
{
    uint32_t header = frame.at[1] == 126 ? 4 : 2;
    assert_true((uint8_t)frame.at[1] <= 126);
    hear(house, "%.*s\n", (int)(frame.size - header), frame.at + header);
}

static void hear_reply(struct house *house, const struct buf *buf)
{
    struct cht_reply reply;
    decode(house, &cht_row_reply, buf, &reply);
    if (reply.error) {
        hear(house, "error #%llu %s", number(reply.node_ref), err_name((enum err)reply.error));
    } else {
        hear(house, "ok #%llu seq=%llu n=%llu%s%s", number(reply.node_ref), number(reply.seq),
            number(reply.n), reply.dup ? " dup" : "", reply.created ? " created" : "");
    }
    if (reply.term) {
        hear(house, " term=%llu owner=%llu", number(reply.term), number(reply.owner));
    }
    const char *body = reply.body.size || reply.field.size ? " " : "";
    struct cht_str more = reply.body.size ? reply.body : reply.field;
    hear(house, "%s%.*s\n", body, (int)more.size, more.size ? more.at : "");
}

static void hear_delivery(struct house *house, const struct buf *buf)
{
    struct cht_delivery delivery;
    decode(house, &cht_row_delivery, buf, &delivery);
    hear(house, "%llu ", number(delivery.seq));
    hear_frame(house, delivery.frame);
}

static void hear_heads(struct house *house, const struct buf *buf)
{
    struct cht_heads heads;
    decode(house, &cht_row_heads, buf, &heads);
    hear(house, "heads");
    for (uint32_t i = 0; i < heads.rooms.count; i++) {
        hear(house, " %llu", number(((struct cht_room_seq *)heads.rooms.at)[i].seq));
    }
    hear(house, "\n");
}

static void hear_event(struct house *house, const struct buf *buf)
{
    struct cht_subscribed subscribed;
    struct cht_joined joined;
    struct cht_ephemeral ephemeral;
    struct cht_claimed claimed;
    switch (cht_event_number_of(event_buf_bytes(buf))) {
    case CHT_EVENT_reply:
        hear_reply(house, buf);
        break;
    case CHT_EVENT_delivery:
        hear_delivery(house, buf);
        break;
    case CHT_EVENT_heads:
        hear_heads(house, buf);
        break;
    case CHT_EVENT_subscribed:
        decode(house, &cht_row_subscribed, buf, &subscribed);
        hear(house, "subscribed head=%llu\n", number(subscribed.head));
        break;
    case CHT_EVENT_joined:
        decode(house, &cht_row_joined, buf, &joined);
        hear(house, "joined seq=%llu users=%u\n", number(joined.seq), joined.users.count);
        break;
    case CHT_EVENT_ephemeral:
        decode(house, &cht_row_ephemeral, buf, &ephemeral);
        hear(house, "ephemeral %s", ephemeral.to_self ? "to_self " : "");
        if (ephemeral.node_ref) {
            hear(house, "not #%llu ", number(ephemeral.node_ref));
        }
        hear_frame(house, ephemeral.frame);
        break;
    case CHT_EVENT_claimed:
        decode(house, &cht_row_claimed, buf, &claimed);
        hear(house, "claimed %llu term=%llu\n", number(claimed.shard), number(claimed.term));
        break;
    default:
        fail_msg("an event that nobody expects");
    }
}

static struct house *of_mail(struct mail *mail)
{
    return mail->node == HOUSE_RIVAL ? container_of(mail, struct house, rival_mail)
                                     : container_of(mail, struct house, mail);
}

static void open_here(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    assert_int_equal(box, MAIL_WORK);
    assert_true(credit > 0);
    struct house *house = of_mail(mail);
    if (mail == &house->mail) {
        house->work = handler;
    } else {
        house->rival_work = handler;
    }
}

static void send_here(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    struct house *house = of_mail(mail);
    assert_int_equal(box, MAIL_LIVE);
    hear(house, "%llu ", number(node));
    hear_event(house, event);
}

static void cast_here(struct cast *cast, struct buf *event)
{
    struct house *house = container_of(cast, struct house, cast);
    struct cht_wanted wanted;
    if (cht_event_number_of(event_buf_bytes(event)) == CHT_EVENT_wanted) {
        decode(house, &cht_row_wanted, event, &wanted);
        house->wanted_index = wanted.index;
        return;
    }
    hear(house, "* ");
    hear_event(house, event);
}

static void listen_here(struct cast *cast, struct cast_handler *handler)
{
    container_of(cast, struct house, cast)->casts = handler;
}

static void make_ports(struct house *house)
{
    static const struct shards_ops shards_ops = {
        .own = own_here, .done = done_here, .release = release_here};
    static const struct log_ops log_ops = {.claim = claim_here,
        .append = append_here,
        .read = read_here,
        .tail = tail_here,
        .release = release_writer_here};
    static const struct mail_ops mail_ops = {.open = open_here, .send = send_here};
    static const struct cast_ops cast_ops = {cast_here, listen_here};
    house->shards = (struct shards){&shards_ops, HOUSE_SHARDS};
    house->log.ops = &log_ops;
    house->mail = (struct mail){&mail_ops, HOUSE_OWNER, 1};
    house->rival_mail = (struct mail){&mail_ops, HOUSE_RIVAL, 1};
    house->cast.ops = &cast_ops;
    house_open_stores(house);
}

/* ---- the house */
static struct chat_service *make_service(struct house *house, struct mail *mail)
{
    struct chat_deps deps = {&house->loop.world, &house->shards, &house->log, mail, &house->cast,
        &house->rooms, &house->history, &house->users, &house->sessions};
    return chat_create(&deps, &house->settings);
}

static void start(struct house *house)
{
    house->service = make_service(house, &house->mail);
}

static struct house *make_house(void)
{
    static struct logger logger;
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    struct house *house = mem_new(sizeof(*house));
    test_loop_init(&house->loop);
    house->loop.world.logger = &logger;
    house->find_err = ERR_NOT_FOUND;
    make_ports(house);
    struct settings *settings =
        settings_create((const struct settings_table *[]){&chat_settings_table}, 1);
    settings_fill(settings, &chat_settings_table, &house->settings);
    settings_destroy(settings);
    house->settings.resend_frames = 16;
    house->settings.resend_bytes_max = 65536;
    house->settings.nodes_max = 100;
    house->settings.overlay_bytes_max = 65536;
    house->settings.unstored_max = 1024;
    return house;
}

int house_setup_unowned(void **state)
{
    struct house *house = make_house();
    start(house);
    *state = house;
    return 0;
}

static void gain_all(struct house *house)
{
    for (uint32_t shard = 0; shard < HOUSE_SHARDS; shard++) {
        house_gain(house, shard);
    }
    house_heard(house);
}

int house_setup(void **state)
{
    house_setup_unowned(state);
    gain_all(*state);
    return 0;
}

int house_setup_rivals(void **state)
{
    house_setup(state);
    struct house *house = *state;
    house->rival = make_service(house, &house->rival_mail);
    house->late_appends = true;
    return 0;
}

int house_setup_small(void **state)
{
    struct house *house = make_house();
    house->settings.rooms_loaded_max = 16;
    house->settings.rooms_known_max = 24;
    start(house);
    gain_all(house);
    *state = house;
    return 0;
}

static void forget_entries(struct house *house)
{
    while (house->entry_count > 0) {
        mem_free((void *)(uintptr_t)house->entries[--house->entry_count].text.at);
    }
}

int house_teardown(void **state)
{
    struct house *house = *state;
    house_answer_all(house);
    assert_true(chat_is_idle(house->service));
    chat_destroy(house->service);
    assert_true(!house->rival || chat_is_idle(house->rival));
    chat_destroy(house->rival);
    for (uint32_t i = 0; i < HOUSE_SHARDS; i++) {
        assert_null(house->shard[i].writers);
        for (uint32_t k = 0; k < house->shard[i].count; k++) {
            buf_unref(house->shard[i].items[k].record);
        }
    }
    forget_entries(house);
    test_loop_deinit(&house->loop);
    mem_free(house);
    return 0;
}

void house_gain(struct house *house, uint32_t shard)
{
    struct shards_handler *owner = house->to_rival ? house->rival_owner : house->owner;
    owner->on_gain(owner, shard);
    test_loop_settle(&house->loop);
}

void house_lose(struct house *house, uint32_t shard)
{
    struct shards_handler *owner = house->to_rival ? house->rival_owner : house->owner;
    owner->on_lose(owner, shard);
    test_loop_settle(&house->loop);
}

struct cht_command house_command(struct house *house, uint64_t type, uint8_t author)
{
    static char cids[16][16];
    char *cid = cids[++house->cid % 16];
    snprintf(cid, sizeof(cids[0]), "cid-%u", house->cid);
    return (struct cht_command){.type = type,
        .author = house_id(author),
        .cid = house_str(cid),
        .node = HOUSE_NODE,
        .node_ref = ++house->node_ref,
        .sent_at = loop_wall_ms(&house->loop.loop),
        .deadline = loop_wall_ms(&house->loop.loop) + 30000};
}

static struct cht_id room_of(const struct cht_command *command)
{
    struct cht_id room;
    assert_true(cht_room_of_command(command, &room));
    return room;
}

void house_do_at(struct house *house, const struct cht_command *command, uint64_t place)
{
    struct cht_id room = room_of(command);
    struct position position = {{0}};
    for (int i = 15; i >= 8; i--, place >>= 8) {
        position.bytes[i] = (uint8_t)place;
    }
    struct buf *buf = encode(&cht_row_command, command);
    struct shards_handler *owner = house->to_rival ? house->rival_owner : house->owner;
    owner->on_command(owner, house_shard_of(&room), &position, buf);
    buf_unref(buf);
    test_loop_settle(&house->loop);
}

void house_do(struct house *house, const struct cht_command *command)
{
    struct cht_id room = room_of(command);
    house_do_at(house, command, ++house->shard[house_shard_of(&room)].place);
}

struct cht_id house_group(struct house *house, uint8_t members)
{
    struct cht_id others[16];
    for (uint8_t i = 2; i <= members; i++) {
        others[i - 2] = house_id(i);
    }
    struct cht_command command = house_command(house, cht_command_type_room_create, 1);
    command.kind = cht_room_kind_group;
    command.name = house_str("a group");
    command.members = (struct cht_ids){others, members > 1 ? members - 1u : 0u};
    house_do(house, &command);
    house_heard(house);
    return room_of(&command);
}

struct cht_command house_message(
    struct house *house, const struct cht_id *room, uint8_t author, const char *text)
{
    struct cht_command command = house_command(house, cht_command_type_message_send, author);
    command.room = *room;
    command.text = house_str(text);
    return command;
}

void house_send(struct house *house, const struct cht_id *room, uint8_t author, const char *text)
{
    struct cht_command command = house_message(house, room, author, text);
    house_do(house, &command);
}

struct cht_command house_add(struct house *house, const struct cht_id *room, uint8_t user)
{
    struct cht_command command = house_command(house, cht_command_type_room_add, 1);
    command.room = *room;
    command.user = house_id(user);
    return command;
}

struct cht_command house_about(
    struct house *house, const struct cht_id *room, uint8_t author, uint64_t type, uint64_t target)
{
    struct cht_command command = house_command(house, type, author);
    command.room = *room;
    command.target = target;
    return command;
}

void house_work(struct house *house, const struct cht_event_row *row, const void *event)
{
    struct buf *buf = encode(row, event);
    struct mail_handler *work = house->to_rival ? house->rival_work : house->work;
    work->on_mail(work, buf);
    buf_unref(buf);
    test_loop_settle(&house->loop);
}

void house_subscribe(struct house *house, const struct cht_id *room, uint64_t node)
{
    struct cht_subscribe subscribe = {.room = *room, .node = node, .boot = 1};
    house_work(house, &cht_row_subscribe, &subscribe);
}

void house_resend(struct house *house, const struct cht_id *room, uint64_t node, uint64_t after)
{
    struct cht_resend resend = {.room = *room, .node = node, .after = after};
    house_work(house, &cht_row_resend, &resend);
}

void house_answer(struct house *house, enum err err)
{
    assert_true(house->waiting_count > 0);
    struct op *op = house->waiting[0];
    memmove(house->waiting, house->waiting + 1, --house->waiting_count * sizeof(struct op *));
    op_answer(op, err);
    test_loop_settle(&house->loop);
}

void house_answer_all(struct house *house)
{
    house->appends_wait = false;
    house->loads_wait = false;
    house->blocks_wait = false;
    house->tails_wait = false;
    while (house->waiting_count > 0) {
        house_answer(house, OK);
    }
    test_loop_settle(&house->loop);
}

static void cast_to_it(struct house *house, const struct cht_event_row *row, const void *event)
{
    struct buf *buf = encode(row, event);
    house->casts->on_cast(house->casts, buf);
    buf_unref(buf);
    test_loop_settle(&house->loop);
}

void house_hello(struct house *house)
{
    struct cht_hello hello = {.node = HOUSE_NODE, .boot = 1};
    cast_to_it(house, &cht_row_hello, &hello);
}

void house_blocked(struct house *house, uint8_t user, uint8_t other)
{
    struct cht_blocked blocked = {.user = house_id(user), .other = house_id(other), .on = true};
    cast_to_it(house, &cht_row_blocked, &blocked);
}

void house_pass(struct house *house, uint64_t ms)
{
    test_loop_advance(&house->loop, ms);
}

const char *house_heard(struct house *house)
{
    static char heard[sizeof(house->heard)];
    memcpy(heard, house->heard, house->heard_size);
    heard[house->heard_size] = '\0';
    house->heard_size = 0;
    return heard;
}

void house_newest_record(struct house *house, uint32_t shard, struct cht_record *ret_record)
{
    assert_true(house->shard[shard].count > 0);
    decode(house, &cht_row_record, house->shard[shard].items[house->shard[shard].count - 1].record,
        ret_record);
}

void house_put_record(struct house *house, uint32_t shard, const struct cht_record *record)
{
    put(house, shard, encode(&cht_row_record, record));
}

static void store_entry(struct house *house, const struct cht_entry *entry)
{
    struct cht_entry *stored = &house->entries[house->entry_count++];
    *stored = *entry;
    stored->cid = stored->key = (struct cht_str){0};
    stored->mentions = (struct cht_ids){0};
    stored->text.at = entry->text.size ? mem_copy(entry->text.at, entry->text.size) : NULL;
    for (uint32_t i = 0; entry->kind == cht_entry_kind_deleted && i < house->entry_count; i++) {
        struct cht_entry *old = &house->entries[i];
        if (old->seq == entry->target || old->target == entry->target) {
            mem_free((void *)(uintptr_t)old->text.at);
            old->text = (struct cht_str){0};
        }
    }
}

void house_store_entries(struct house *house, const struct cht_id *room)
{
    const struct house_shard *shard = &house->shard[house_shard_of(room)];
    forget_entries(house);
    for (uint32_t i = 0; i < shard->count; i++) {
        struct cht_record record;
        decode(house, &cht_row_record, shard->items[i].record, &record);
        const struct cht_entry *entries = record.entries.at;
        for (uint32_t k = 0; cht_id_equal(&record.room, room) && k < record.entries.count; k++) {
            store_entry(house, &entries[k]);
        }
    }
}
