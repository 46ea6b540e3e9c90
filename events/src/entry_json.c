/* entry_json - an entry of a room as the frame that clients get.
 *
 * Happy path: the entry's kind picks the frame, its fields are put into the frame's struct, and the
 * frame's row writes it. Delivery and history both come here, so an event looks the same live and
 * in a page. A message without a text was deleted. How it fails: as json_write. An entry whose kind
 * is none of the table writes an empty object: nothing of it is for clients. */

#include "chattifier/events.h"

#define SETTINGS_BYTES_MAX 256

/* The has-bit of a field of the frame, if the entry has the field. */
#define CARRY(entry, from, frame, to) (CHT_HAS(entry, entry, from) ? CHT_BIT(frame, to) : 0)

static void write_message(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    struct cht_f_message frame = {
        .room = *room,
        .seq = entry->seq,
        .prev = entry->prev,
        .n = entry->n,
        .from = entry->by,
        .ts = entry->ts,
        .deleted = entry->text.size == 0,
    };
    if (!frame.deleted) {
        frame.cid = entry->cid;
        frame.text = entry->text;
        frame.reply_to = entry->reply_to;
        frame.mentions = entry->mentions;
    }
    cht_json_event(json, &cht_row_f_message, &frame);
}

static void write_edited(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    struct cht_f_edited frame = {
        .room = *room,
        .seq = entry->seq,
        .prev = entry->prev,
        .target = entry->target,
        .by = entry->by,
        .ts = entry->ts,
        .text = entry->text,
        .cid = entry->cid,
    };
    cht_json_event(json, &cht_row_f_edited, &frame);
}

static void write_deleted(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    struct cht_f_deleted frame = {
        .room = *room,
        .seq = entry->seq,
        .prev = entry->prev,
        .target = entry->target,
        .by = entry->by,
        .ts = entry->ts,
        .cid = entry->cid,
    };
    cht_json_event(json, &cht_row_f_deleted, &frame);
}

static void write_reaction(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    struct cht_f_reaction frame = {
        .room = *room,
        .seq = entry->seq,
        .prev = entry->prev,
        .target = entry->target,
        .key = entry->key,
        .by = entry->by,
        .on = entry->on,
        .ts = entry->ts,
        .cid = entry->cid,
    };
    cht_json_event(json, &cht_row_f_reaction, &frame);
}

/* created tells all, updated what its entry carries. */
static void write_room(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    static const struct cht_str types[] = {{"room.updated", 12}, {"room.created", 12}};
    char text[SETTINGS_BYTES_MAX];
    struct cht_json inner = {.at = text, .size = sizeof(text)};
    struct cht_f_settings settings = {
        .posting = entry->posting,
        .adding = entry->adding,
        .history = entry->history,
    };
    cht_json_event(&inner, &cht_row_f_settings, &settings);
    bool any = entry->posting != 0 || entry->adding != 0 || entry->history != 0;
    bool created = entry->kind == cht_entry_kind_created;
    struct cht_f_room frame = {
        .has = CARRY(entry, name, f_room, name) | CARRY(entry, topic, f_room, topic),
        .room = *room,
        .seq = entry->seq,
        .prev = entry->prev,
        .by = entry->by,
        .ts = entry->ts,
        .kind = entry->room_kind,
        .name = entry->name,
        .topic = entry->topic,
        .visibility = entry->visibility,
        .cid = entry->cid,
    };
    if (any || created) {
        frame.settings = (struct cht_str){text, (uint32_t)inner.used};
    }
    cht_json_begin(json, '{');
    cht_json_key(json, "type");
    cht_json_text(json, types[created]);
    cht_json_members(json, &cht_row_f_room, &frame);
    cht_json_end(json, '}');
}

static void write_room_deleted(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    struct cht_f_room_deleted frame = {
        .room = *room,
        .seq = entry->seq,
        .prev = entry->prev,
        .by = entry->by,
        .ts = entry->ts,
        .cid = entry->cid,
    };
    cht_json_event(json, &cht_row_f_room_deleted, &frame);
}

static void write_member(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    struct cht_f_member frame = {
        .has = CARRY(entry, muted_until, f_member, muted_until),
        .room = *room,
        .seq = entry->seq,
        .prev = entry->prev,
        .user = entry->user,
        .state = entry->state,
        .role = entry->role ? entry->role : (uint64_t)cht_role_member, /* of an older log */
        .muted_until = entry->muted_until,
        .by = entry->by,
        .ts = entry->ts,
        .cid = entry->cid,
    };
    cht_json_event(json, &cht_row_f_member, &frame);
}

void cht_entry_json(struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry)
{
    static void (*const writers[cht_entry_kind_count])(
        struct cht_json * json, const struct cht_id *room, const struct cht_entry *entry) = {
        [cht_entry_kind_message] = write_message,
        [cht_entry_kind_edited] = write_edited,
        [cht_entry_kind_deleted] = write_deleted,
        [cht_entry_kind_reaction] = write_reaction,
        [cht_entry_kind_created] = write_room,
        [cht_entry_kind_updated] = write_room,
        [cht_entry_kind_room_deleted] = write_room_deleted,
        [cht_entry_kind_member] = write_member,
    };
    if (entry->kind < cht_entry_kind_count && writers[entry->kind] != NULL) {
        writers[entry->kind](json, room, entry);
    } else {
        cht_json_begin(json, '{');
        cht_json_end(json, '}');
    }
}
