/* json_read - a client's JSON as a command.
 *
 * Happy path: the document is looked through once and its members are noted; then each field that
 * the command takes is looked up among them and checked against its row. How it fails: a document
 * that is no strict object is bad_frame; the first field that is wrong, in the order of the rows,
 * is bad_field with its name; after that the command is judged as a whole. */

#include <stdio.h>
#include <string.h>

#include "chattifier/events.h"
#include "command_rules.h"
#include "field.h"
#include "json_scan.h"

#define REF_BYTES_MAX 32

struct reader {
    struct cht_member *members;
    size_t count;
    uint64_t sizes; /* bit i: there is a name of i bytes, modulo 64 */
    struct cht_scratch *scratch;
    struct cht_command *command;
    struct cht_read_error *error;
};

/* `size` is not 0. */
static bool name_is(struct cht_str name, const char *wanted, size_t size)
{
    return name.size == size && name.at[0] == wanted[0] && memcmp(name.at, wanted, size) == 0;
}

/* NULL if there is none. */
static struct cht_member *member_by_name(const struct reader *reader, const char *name, size_t size)
{
    if ((reader->sizes >> size % 64 & 1) == 0) {
        return NULL;
    }
    for (size_t i = 0; i < reader->count; i++) {
        if (name_is(reader->members[i].name, name, size)) {
            return &reader->members[i];
        }
    }
    return NULL;
}

static bool read_members(struct cht_str bytes, struct reader *reader)
{
    if (!cht_json_scan_object(bytes, reader->members, CHT_MEMBERS_MAX, &reader->count)) {
        return false;
    }
    for (size_t i = 0; i < reader->count; i++) {
        cht_json_unescape_name(&reader->members[i]);
        reader->sizes |= UINT64_C(1) << reader->members[i].name.size % 64;
    }
    return true;
}

/* ---- one value */
static enum cht_read refuse_item(
    struct cht_read_error *error, const struct cht_field_row *field, uint32_t place)
{
    error->code = CHT_READ_BAD_FIELD;
    snprintf(error->field, sizeof(error->field), "%s.%u", field->name, (unsigned)place);
    return error->code;
}

static bool read_id(struct cht_member *member, struct cht_id *ret_id)
{
    if (member->type != CHT_JSON_TEXT) {
        return false;
    }
    cht_json_unescape_text(member);
    return cht_id_from_text(member->value, ret_id) && !cht_id_is_none(ret_id);
}

static bool read_number(
    const struct cht_member *member, const struct cht_field_row *field, uint64_t *ret_number)
{
    if (member->type != CHT_JSON_NUMBER || member->number < field->min ||
        member->number > field->max) {
        return false;
    }
    *ret_number = member->number;
    return true;
}

static bool read_flag(const struct cht_member *member, bool *ret_flag)
{
    *ret_flag = member->type == CHT_JSON_FLAG && member->value.at[0] == 't';
    return member->type == CHT_JSON_FLAG;
}

static bool read_word(
    struct cht_member *member, const struct cht_field_row *field, uint64_t *ret_word)
{
    if (member->type != CHT_JSON_TEXT) {
        return false;
    }
    cht_json_unescape_text(member);
    *ret_word = cht_word_number(field->words, member->value);
    return *ret_word != 0;
}

/* Unescapes the text; true if it has a NUL, which only an escape can say. */
static bool has_nul(struct cht_member *member)
{
    bool may_have = member->escaped;
    cht_json_unescape_text(member);
    return may_have && member->value.size > 0 &&
           memchr(member->value.at, '\0', member->value.size) != NULL;
}

static enum cht_read read_text(
    struct cht_member *member, const struct cht_field_row *field, struct cht_str *ret_text)
{
    if (member->type != CHT_JSON_TEXT) {
        return CHT_READ_BAD_FIELD;
    }
    bool nul = has_nul(member);
    bool is_message = field == &cht_row_command.fields[CHT_AT_command_text];
    if (is_message && member->value.size > field->max) {
        return CHT_READ_TOO_LARGE;
    }
    if (nul || !cht_field_fits_valid_text(field, member->value)) {
        return CHT_READ_BAD_FIELD;
    }
    *ret_text = member->value;
    return CHT_READ_OK;
}

/* How many elements or members an accepted list or object has, counted no further than one past
 * `most`. */
static uint32_t count_items(const struct cht_member *member, uint64_t most)
{
    struct cht_json_walk walk;
    struct cht_member item;
    uint32_t count = 0;
    cht_json_walk_start(&walk, member);
    while (count <= most && cht_json_walk_next(&walk, &item)) {
        count++;
    }
    return count;
}

static enum cht_read read_ids(struct reader *reader, const struct cht_field_row *field,
    const struct cht_member *member, struct cht_ids *ret_ids)
{
    struct cht_json_walk walk;
    struct cht_member item;
    if (member->type != CHT_JSON_LIST) {
        return CHT_READ_BAD_FIELD;
    }
    uint32_t count = count_items(member, field->max);
    if (count == 0) {
        return CHT_READ_OK;
    }
    ret_ids->at = count > field->max
                      ? NULL
                      : cht_scratch_take(reader->scratch, count * sizeof(struct cht_id));
    if (ret_ids->at == NULL) {
        return CHT_READ_BAD_FIELD;
    }
    cht_json_walk_start(&walk, member);
    while (cht_json_walk_next(&walk, &item)) {
        if (!read_id(&item, &ret_ids->at[ret_ids->count])) {
            return refuse_item(reader->error, field, ret_ids->count);
        }
        ret_ids->count++;
    }
    return CHT_READ_OK;
}

/* {"<room>": seq, ...} */
static enum cht_read read_rooms(struct reader *reader, const struct cht_field_row *field,
    const struct cht_member *member, struct cht_list *ret_list)
{
    struct cht_json_walk walk;
    struct cht_member item;
    if (member->type != CHT_JSON_OBJECT) {
        return CHT_READ_BAD_FIELD;
    }
    uint32_t count = count_items(member, field->max);
    if (count == 0) {
        return CHT_READ_OK;
    }
    struct cht_room_seq *rooms =
        count > field->max ? NULL : cht_scratch_take(reader->scratch, count * sizeof(*rooms));
    if (rooms == NULL) {
        return CHT_READ_BAD_FIELD;
    }
    ret_list->at = rooms;
    cht_json_walk_start(&walk, member);
    while (cht_json_walk_next(&walk, &item)) {
        struct cht_room_seq *room = &rooms[ret_list->count];
        cht_json_unescape_name(&item);
        room->has = CHT_BIT(room_seq, room) | CHT_BIT(room_seq, seq);
        if (!cht_id_from_text(item.name, &room->room) || cht_id_is_none(&room->room) ||
            !read_number(&item, &cht_row_room_seq.fields[CHT_AT_room_seq_seq], &room->seq)) {
            return refuse_item(reader->error, field, ret_list->count);
        }
        ret_list->count++;
    }
    return CHT_READ_OK;
}

static enum cht_read ok_if(bool good)
{
    return good ? CHT_READ_OK : CHT_READ_BAD_FIELD;
}

/* `error->field` is set only where an element is to blame. */
static enum cht_read read_value(
    struct reader *reader, const struct cht_field_row *field, struct cht_member *member)
{
    void *value = cht_field_in(field, reader->command);
    switch ((enum cht_kind)field->kind) {
    case CHT_KIND_id:
        return ok_if(read_id(member, value));
    case CHT_KIND_u64:
        return ok_if(read_number(member, field, value));
    case CHT_KIND_flag:
        return ok_if(read_flag(member, value));
    case CHT_KIND_word:
        return ok_if(read_word(member, field, value));
    case CHT_KIND_text:
    case CHT_KIND_chars:
    case CHT_KIND_token:
        return read_text(member, field, value);
    case CHT_KIND_ids:
        return read_ids(reader, field, member, value);
    case CHT_KIND_list:
        return read_rooms(reader, field, member, value);
    case CHT_KIND_bytes:
    case CHT_KIND_json:
        break;
    }
    return CHT_READ_BAD_FIELD;
}

/* ---- all fields */
static enum cht_read read_field(struct reader *reader, int place, struct cht_member *member)
{
    uint64_t bit = UINT64_C(1) << place;
    if (member->type == CHT_JSON_NULL) {
        reader->command->cleared |= bit & cht_command_clearable(reader->command->type);
        return CHT_READ_OK;
    }
    reader->error->field[0] = '\0';
    enum cht_read code = read_value(reader, &cht_row_command.fields[place], member);
    if (code == CHT_READ_OK) {
        reader->command->has |= bit;
        return code;
    }
    return reader->error->field[0] != '\0' ? code : cht_read_refuse(reader->error, code, place);
}

/* The field with that name among the wanted ones, or -1. */
static int field_by_name(struct cht_str name, uint64_t wanted)
{
    for (uint64_t left = wanted; left != 0; left &= left - 1) {
        int place = __builtin_ctzll(left);
        const struct cht_field_row *field = &cht_row_command.fields[place];
        if (name_is(name, field->name, field->name_size)) {
            return place;
        }
    }
    return -1;
}

static enum cht_read read_settings(struct reader *reader, uint64_t wanted)
{
    struct cht_json_walk walk;
    struct cht_member item;
    struct cht_member *settings = member_by_name(reader, "settings", 8);
    if (settings == NULL) {
        return CHT_READ_OK;
    }
    if (settings->type == CHT_JSON_NULL) {
        reader->command->cleared |= wanted & cht_command_clearable(reader->command->type);
        return CHT_READ_OK;
    }
    if (settings->type != CHT_JSON_OBJECT) {
        return cht_read_refuse_named(reader->error, CHT_READ_BAD_FIELD, "settings");
    }
    enum cht_read code = CHT_READ_OK;
    cht_json_walk_start(&walk, settings);
    while (code == CHT_READ_OK && cht_json_walk_next(&walk, &item)) {
        cht_json_unescape_name(&item);
        int place = field_by_name(item.name, wanted);
        code = place < 0 ? CHT_READ_OK : read_field(reader, place, &item);
    }
    return code;
}

static enum cht_read read_flat(struct reader *reader, uint64_t wanted)
{
    enum cht_read code = CHT_READ_OK;
    for (uint64_t left = wanted; left != 0 && code == CHT_READ_OK; left &= left - 1) {
        int place = __builtin_ctzll(left);
        const struct cht_field_row *field = &cht_row_command.fields[place];
        struct cht_member *member = member_by_name(reader, field->name, field->name_size);
        code = member == NULL ? CHT_READ_OK : read_field(reader, place, member);
    }
    return code;
}

static enum cht_read read_fields(struct reader *reader, uint64_t wanted)
{
    uint64_t settings = wanted & CHT_SETTINGS_BITS;
    enum cht_read code = read_flat(reader, wanted & ~settings);
    if (code == CHT_READ_OK && settings != 0) {
        code = read_settings(reader, settings);
    }
    if (code != CHT_READ_OK) {
        return code;
    }
    if (reader->command->cleared != 0) {
        reader->command->has |= CHT_BIT(command, cleared);
    }
    return cht_command_complete(reader->command, reader->error) ? CHT_READ_OK : reader->error->code;
}

/* ---- whole objects */
static enum cht_read bad_frame(struct cht_read_error *ret_error)
{
    return cht_read_refuse_named(ret_error, CHT_READ_BAD_FRAME, "");
}

static void read_head(struct reader *reader, struct cht_client_head *ret_head)
{
    struct cht_member *type = member_by_name(reader, "type", 4);
    struct cht_member *ref = member_by_name(reader, "ref", 3);
    if (type != NULL && type->type == CHT_JSON_TEXT) {
        cht_json_unescape_text(type);
        ret_head->type = type->value;
    }
    if (ref == NULL || ref->type == CHT_JSON_NULL) {
        return;
    }
    ret_head->bad_ref = ref->type != CHT_JSON_TEXT || has_nul(ref) || ref->value.size == 0 ||
                        ref->value.size > REF_BYTES_MAX;
    if (!ret_head->bad_ref) {
        ret_head->ref = ref->value;
    }
}

static enum cht_read read_client(struct reader *reader, const struct cht_client_head *head)
{
    if (head->bad_ref) {
        return cht_read_refuse_named(reader->error, CHT_READ_BAD_FIELD, "ref");
    }
    if (head->type.size == 0) {
        struct cht_member *type = member_by_name(reader, "type", 4);
        if (type == NULL || type->type != CHT_JSON_TEXT) {
            return cht_read_refuse_named(reader->error, CHT_READ_BAD_FIELD, "type");
        }
    }
    reader->command->type = cht_command_by_name(head->type);
    const struct cht_command_row *row = cht_command_row(reader->command->type);
    if (row == NULL) {
        return cht_read_refuse_named(reader->error, CHT_READ_UNKNOWN_TYPE, "");
    }
    reader->command->has = CHT_BIT(command, type);
    return read_fields(reader, row->takes);
}

enum cht_read cht_read_client(struct cht_str bytes, struct cht_scratch *scratch,
    struct cht_command *ret_command, struct cht_client_head *ret_head,
    struct cht_read_error *ret_error)
{
    struct cht_member members[CHT_MEMBERS_MAX] CHT_UNCLEARED;
    struct reader reader = {members, 0, 0, scratch, ret_command, ret_error};
    memset(ret_command, 0, sizeof(*ret_command));
    memset(ret_head, 0, sizeof(*ret_head));
    ret_error->code = CHT_READ_OK;
    ret_error->field[0] = '\0';
    if (!read_members(bytes, &reader)) {
        return bad_frame(ret_error);
    }
    read_head(&reader, ret_head);
    return read_client(&reader, ret_head);
}

enum cht_read cht_read_body(struct cht_str bytes, struct cht_scratch *scratch, uint64_t given,
    struct cht_command *command, struct cht_read_error *ret_error)
{
    struct cht_member members[CHT_MEMBERS_MAX] CHT_UNCLEARED;
    struct reader reader = {members, 0, 0, scratch, command, ret_error};
    const struct cht_command_row *row = cht_command_row(command->type);
    ret_error->code = CHT_READ_OK;
    ret_error->field[0] = '\0';
    if (row == NULL) {
        return cht_read_refuse_named(ret_error, CHT_READ_UNKNOWN_TYPE, "");
    }
    if (bytes.size > 0 && !read_members(bytes, &reader)) {
        return bad_frame(ret_error);
    }
    command->has |= given | CHT_BIT(command, type);
    return read_fields(&reader, row->takes & ~given);
}

bool cht_read_members(
    struct cht_str bytes, struct cht_member *ret_members, size_t capacity, size_t *ret_count)
{
    if (!cht_json_scan_object(bytes, ret_members, capacity, ret_count)) {
        *ret_count = 0;
        return false;
    }
    for (size_t i = 0; i < *ret_count; i++) {
        cht_json_unescape_name(&ret_members[i]);
        if (ret_members[i].type == CHT_JSON_TEXT) {
            cht_json_unescape_text(&ret_members[i]);
        }
    }
    return true;
}
