/* shard_owner - how this worker comes to own a shard, and how that ends.
 *
 *     IDLE --on_gain--> CLAIMING --claim durable, log read--> OWNED
 *       ^                  |                                    |
 *       +---- failed, lost, fenced, an append not OK -----------+
 *
 * Happy path: the log is claimed, which fences every older writer; a claim record is appended; the
 * records between what the store has and that claim are read as an overlay, up to the claim itself,
 * and the store is hurried past them; then, and not before, commands are decided, and every node is
 * told. How it fails: any step that is not OK gives the shard back to the bus, which offers it
 * again after a moment. A hole, a record that can not be read, or a store that is ahead of the log
 * is an alarm: nothing is decided on what is not known. A store that is too far behind refuses
 * commands. Where a record of the old owner has the place of the claim, its append was on its way
 * at the fence; the next attempt finds it in its overlay. */

#include "base/event_buf.h"
#include "base/mem.h"
#include "chat_inner.h"
#include "chattifier/uncleared.h"

#define READ_RECORDS 128

struct shard_claim {
    struct flow flow;
    struct shard *shard;
    uint64_t life;
    struct log_claim_op claim;
    struct log_tail_op tail;
    struct log_append_op append;
    struct history_progress_op progress;
    struct log_read_op read;
    struct log_item items[READ_RECORDS];
    struct log_place place;
};

static bool is_over(const struct shard_claim *claim)
{
    return claim->life != claim->shard->life;
}

static void ask_claim(struct flow *flow)
{
    struct shard_claim *claim = (struct shard_claim *)flow;
    struct chat_service *chat = claim->shard->chat;
    log_claim(
        chat->deps.log, &flow->asker, &claim->claim, claim->shard->number, chat->deps.mail->node);
}

static void ask_tail(struct flow *flow)
{
    struct shard_claim *claim = (struct shard_claim *)flow;
    log_tail(claim->shard->chat->deps.log, &flow->asker, &claim->tail, claim->shard->number);
}

static void append_claim(struct flow *flow)
{
    struct shard_claim *claim = (struct shard_claim *)flow;
    struct chat_service *chat = claim->shard->chat;
    struct cht_record record = {
        .term = claim->claim.term,
        .index = claim->tail.index + 1,
        .owner = chat->deps.mail->node,
    };
    log_append(chat->deps.log, &flow->asker, &claim->append, claim->claim.writer,
        event_buf_encode(&cht_row_record, &record));
}

static void ask_progress(struct flow *flow)
{
    struct shard_claim *claim = (struct shard_claim *)flow;
    claim->progress.shard = claim->shard->number;
    history_progress(claim->shard->chat->deps.history, &flow->asker, &claim->progress);
}

static void alarm(const struct shard_claim *claim, const char *why, uint64_t index)
{
    LOG_ERROR(claim->shard->chat->deps.world->logger, "chat.log_broken",
        "shard=%u index=%llu last=%llu why=%s", claim->shard->number, (unsigned long long)index,
        (unsigned long long)claim->place.index, why);
}

static void read_on(struct shard_claim *claim)
{
    claim->read.from = claim->place.index + 1;
    log_read(claim->shard->chat->deps.log, &claim->flow.asker, &claim->read);
}

static void ask_records(struct flow *flow)
{
    struct shard_claim *claim = (struct shard_claim *)flow;
    const struct history_progress *stored = &claim->progress.progress;
    claim->place = (struct log_place){stored->index, stored->term};
    if (stored->index > claim->tail.index) {
        alarm(claim, "store_ahead", claim->tail.index);
        flow_fail(flow, ERR_CORRUPT);
        return;
    }
    claim->read.shard = claim->shard->number;
    claim->read.items = claim->items;
    claim->read.limit = READ_RECORDS;
    claim->read.until = claim->tail.index + 1;
    read_on(claim);
}

/* A claim record has no room and is not kept. */
static void keep_record(struct shard *shard, const struct log_item *item, const struct cht_id *room)
{
    if (cht_id_is_none(room)) {
        return;
    }
    overlay_add(&shard->overlay, room, item->index, item->record);
    shard->chat->overlay_bytes += item->record->size;
}

/* The place after the tail is the claim's; if somebody else has it, this claim is no record. */
static bool is_own_claim(const struct shard_claim *claim, const struct cht_record *record)
{
    return record->term == claim->claim.term && cht_id_is_none(&record->room) &&
           record->owner == claim->shard->chat->deps.mail->node;
}

static enum err take_record(struct shard_claim *claim, const struct log_item *item)
{
    enum log_next next = log_place_next(&claim->place, item);
    if (next == LOG_REPEAT || next == LOG_OLD_TERM) {
        return OK;
    }
    struct cht_record record;
    struct cht_scratch scratch = chat_scratch(claim->shard->chat);
    bool good = next == LOG_TAKE &&
                cht_decode(&cht_row_record, event_buf_bytes(item->record), &scratch, &record) &&
                record.index == item->index;
    if (!good) {
        alarm(claim, next == LOG_HOLE ? "hole" : "unreadable", item->index);
        return ERR_CORRUPT;
    }
    if (item->index > claim->tail.index && !is_own_claim(claim, &record)) {
        return ERR_FENCED;
    }
    keep_record(claim->shard, item, &record.room);
    const struct chat_service *chat = claim->shard->chat;
    return chat->overlay_bytes > chat->settings.overlay_bytes_max ? ERR_FULL : OK;
}

static void take_records(struct flow *flow)
{
    struct shard_claim *claim = (struct shard_claim *)flow;
    enum err err = OK;
    uint32_t count = claim->read.count;
    uint64_t before = claim->place.index;
    for (uint32_t i = 0; i < count; i++) {
        if (err == OK && !is_over(claim)) {
            err = take_record(claim, &claim->items[i]);
        }
        buf_unref(claim->items[i].record);
    }
    claim->read.count = 0;
    if (is_over(claim)) {
        return;
    }
    if (err == OK && claim->place.index == before) {
        alarm(claim, "ends_before_tail", claim->read.until);
        err = ERR_CORRUPT;
    }
    if (err != OK) {
        flow_fail(flow, err);
    } else if (claim->place.index < claim->read.until) {
        read_on(claim);
        flow_again(flow);
    }
}

static void tell_all(struct chat_service *chat, const struct cht_event_row *row, const void *event)
{
    struct buf *buf = event_buf_encode(row, event);
    cast_send(chat->deps.cast, buf);
    buf_unref(buf);
}

static void announce(struct shard *shard)
{
    struct cht_claimed event = {
        .shard = shard->number, .term = shard->term, .node = shard->chat->deps.mail->node};
    tell_all(shard->chat, &cht_row_claimed, &event);
}

void owner_want_stored(struct chat_service *chat, uint32_t shard, uint64_t index)
{
    struct cht_wanted event = {.shard = shard, .index = index};
    tell_all(chat, &cht_row_wanted, &event);
}

static void finish(struct flow *flow)
{
    struct shard_claim *claim = (struct shard_claim *)flow;
    struct shard *shard = claim->shard;
    struct chat_service *chat = shard->chat;
    bool over = is_over(claim);
    chat->flows--;
    if (over || flow->err != OK) {
        if (claim->claim.writer) {
            log_release(chat->deps.log, claim->claim.writer);
        }
        if (!over) {
            LOG_WARN(chat->deps.world->logger, "chat.claim_failed", "shard=%u error=%s",
                shard->number, err_name(flow->err));
            owner_end_term(shard, true);
        }
        mem_free(claim);
        return;
    }
    shard->writer = claim->claim.writer;
    shard->term = claim->claim.term;
    shard->last_index = claim->tail.index + 1;
    shard->stored_index = claim->progress.progress.index;
    mem_free(claim);
    overlay_seal(&shard->overlay, chat->secret);
    if (shard->overlay.count > 0) {
        owner_want_stored(chat, shard->number, shard->last_index);
    }
    machine_move(&shard->machine, SHARD_OWNED);
}

static const struct flow_step claim_steps[] = {
    {"claim.ask_claim", ask_claim},
    {"claim.ask_progress", ask_progress},
    {"claim.ask_tail", ask_tail},
    {"claim.append_claim", append_claim},
    {"claim.ask_records", ask_records},
    {"claim.take_records", take_records},
    {"claim.finish", finish},
};

/* ---- commands on their way to lanes */

/* What the store does not have stays in memory, in the windows of its rooms: a store that stands
 * still must not fill that. */
static bool is_store_far_behind(const struct shard *shard)
{
    return shard->last_index > shard->stored_index + shard->chat->settings.unstored_max;
}

static void to_lane(struct shard *shard, struct lane_item *item)
{
    struct chat_service *chat = shard->chat;
    struct cht_scratch scratch = chat_scratch(chat);
    struct cht_command command CHT_UNCLEARED;
    struct cht_id id;
    if (!cht_decode(&cht_row_command, event_buf_bytes(item->event), &scratch, &command) ||
        !cht_room_of_command(&command, &id) ||
        cht_shard_of_room(&id, chat->shard_count) != shard->number) {
        chat->counters.bad_events++;
        shards_done(chat->deps.shards, shard->number, &item->position);
        lane_item_free(chat, item);
        return;
    }
    if (command.term > shard->term) { /* its sender has heard of a newer owner */
        lane_item_free(chat, item);
        owner_end_term(shard, true);
        return;
    }
    if (is_store_far_behind(shard)) {
        lane_refuse(shard, item, ERR_OVERLOADED);
        return;
    }
    struct room *room = rooms_need(chat, &id);
    if (!room || room->lane_count >= chat->settings.lane_commands_max) {
        lane_refuse(shard, item, ERR_OVERLOADED);
        return;
    }
    lane_take(chat, room, item, &command);
}

/* Commands that came while the shard was being claimed go to their lanes now, in their order. */
static void begin(struct shard *shard)
{
    uint64_t life = shard->life;
    while (shard->life == life && shard->early_first) {
        struct lane_item *item = shard->early_first;
        shard->early_first = item->next;
        to_lane(shard, item);
    }
}

static void on_command(struct shards_handler *handler, uint32_t number,
    const struct position *position, struct buf *command)
{
    struct chat_service *chat = container_of(handler, struct chat_service, owner);
    struct shard *shard = &chat->shards[number];
    struct lane_item *item = lane_item_make(chat, command, position);
    if (shard_is(shard, SHARD_OWNED)) {
        to_lane(shard, item);
    } else if (shard_is(shard, SHARD_CLAIMING)) {
        if (shard->early_first) {
            shard->early_last->next = item;
        } else {
            shard->early_first = item;
        }
        shard->early_last = item;
    } else {
        lane_item_free(chat, item); /* not ours: it will be given again to whoever owns it */
    }
}

static void on_gain(struct shards_handler *handler, uint32_t number)
{
    struct chat_service *chat = container_of(handler, struct chat_service, owner);
    owner_end_term(&chat->shards[number], false);
    machine_move(&chat->shards[number].machine, SHARD_CLAIMING);
}

/* ---- the machine */
static struct shard *shard_of(struct machine *machine)
{
    return container_of(machine, struct shard, machine);
}

static void enter_claiming(struct machine *machine)
{
    struct shard *shard = shard_of(machine);
    struct chat_service *chat = shard->chat;
    shard->life++;
    struct shard_claim *claim = mem_new(sizeof(*claim));
    claim->shard = shard;
    claim->life = shard->life;
    chat->flows++;
    flow_start(&claim->flow, chat->loop, claim_steps, FLOW_STEPS(claim_steps));
}

static void enter_owned(struct machine *machine)
{
    struct shard *shard = shard_of(machine);
    shard->chat->counters.terms++;
    shard->chat->counters.shards_owned++;
    announce(shard);
    begin(shard);
}

static void drop_overlay(struct shard *shard)
{
    shard->chat->overlay_bytes -= shard->overlay.bytes;
    overlay_deinit(&shard->overlay);
}

static void enter_idle(struct machine *machine)
{
    struct shard *shard = shard_of(machine);
    struct chat_service *chat = shard->chat;
    shard->life++;
    outbox_drop(shard);
    rooms_drop_shard(chat, shard->number);
    drop_overlay(shard);
    while (shard->early_first) {
        struct lane_item *item = shard->early_first;
        shard->early_first = item->next;
        lane_item_free(chat, item);
    }
    if (shard->writer) {
        log_release(chat->deps.log, shard->writer);
        shard->writer = NULL;
    }
}

static const struct machine_row states[SHARD_STATES] = {
    [SHARD_IDLE] = {"idle", MACHINE_TO(SHARD_CLAIMING), enter_idle},
    [SHARD_CLAIMING] = {"claiming", MACHINE_TO(SHARD_OWNED) | MACHINE_TO(SHARD_IDLE),
        enter_claiming},
    [SHARD_OWNED] = {"owned", MACHINE_TO(SHARD_IDLE), enter_owned},
};

void owner_end_term(struct shard *shard, bool release)
{
    struct chat_service *chat = shard->chat;
    if (shard_is(shard, SHARD_IDLE)) {
        return;
    }
    if (shard_is(shard, SHARD_OWNED)) {
        chat->counters.lost_terms++;
        chat->counters.shards_owned--;
    }
    machine_move(&shard->machine, SHARD_IDLE);
    if (release) {
        shards_release(chat->deps.shards, shard->number);
    }
}

static void on_lose(struct shards_handler *handler, uint32_t number)
{
    struct chat_service *chat = container_of(handler, struct chat_service, owner);
    owner_end_term(&chat->shards[number], false);
}

/* ---- what the store has */
struct progress_flow {
    struct flow flow;
    struct shard *shard;
    uint64_t life;
    struct history_progress_op op;
};

static void ask_stored(struct flow *flow)
{
    struct progress_flow *asking = (struct progress_flow *)flow;
    asking->op.shard = asking->shard->number;
    history_progress(asking->shard->chat->deps.history, &flow->asker, &asking->op);
}

/* An overlay that the store has caught up with is not needed any more, but by rooms that began to
 * load before. */
static void take_stored(struct flow *flow)
{
    struct progress_flow *asking = (struct progress_flow *)flow;
    struct shard *shard = asking->shard;
    shard->progress_asked = false;
    if (flow->err == OK && asking->life == shard->life) {
        shard->stored_index = asking->op.progress.index;
        bool stored = shard->overlay.count > 0 && shard->loading == 0 &&
                      shard->overlay.records[shard->overlay.count - 1].index <= shard->stored_index;
        if (stored) {
            drop_overlay(shard);
        }
    }
    shard->chat->flows--;
    mem_free(asking);
}

static const struct flow_step progress_steps[] = {
    {"progress.ask_stored", ask_stored},
    {"progress.take_stored", take_stored},
};

void owner_ask_progress(struct chat_service *chat)
{
    for (uint32_t i = 0; i < chat->shard_count; i++) {
        struct shard *shard = &chat->shards[i];
        if (!shard_is(shard, SHARD_OWNED) || shard->progress_asked ||
            (shard->stored_index == shard->last_index && shard->overlay.count == 0)) {
            continue;
        }
        shard->progress_asked = true;
        struct progress_flow *asking = mem_new(sizeof(*asking));
        asking->shard = shard;
        asking->life = shard->life;
        chat->flows++;
        flow_start(&asking->flow, chat->loop, progress_steps, FLOW_STEPS(progress_steps));
    }
}

void owner_announce(struct chat_service *chat)
{
    for (uint32_t i = 0; i < chat->shard_count; i++) {
        if (shard_is(&chat->shards[i], SHARD_OWNED)) {
            announce(&chat->shards[i]);
        }
    }
}

void owner_start(struct chat_service *chat)
{
    chat->shards = mem_array(chat->shard_count, sizeof(*chat->shards));
    for (uint32_t i = 0; i < chat->shard_count; i++) {
        chat->shards[i].chat = chat;
        chat->shards[i].number = i;
        machine_init(&chat->shards[i].machine, states, SHARD_STATES, SHARD_IDLE);
    }
    chat->owner = (struct shards_handler){on_gain, on_command, on_lose};
    shards_own(chat->deps.shards, &chat->owner, (uint32_t)chat->settings.commands_max);
}

void owner_stop(struct chat_service *chat)
{
    for (uint32_t i = 0; i < chat->shard_count; i++) {
        owner_end_term(&chat->shards[i], false);
        overlay_deinit(&chat->shards[i].overlay);
    }
    mem_free(chat->shards);
}
