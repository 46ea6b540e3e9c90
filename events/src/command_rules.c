/* command_rules - what a command must fulfil as a whole, beyond the bounds of its single fields.
 *
 * Happy path: no rule objects. How it fails: the first rule that does names the field. */

#include "command_rules.h"

#include <stdio.h>

#include "field.h"

#define USERS_OF_GET_MAX 100
#define PREFIX_OF_FIND_MIN 2

static bool has(const struct cht_command *command, int field)
{
    return cht_field_is_set(&cht_row_command.fields[field], (unsigned)field, command);
}

/* Each rule answers the field it objects to, or -1. */
static int check_send(const struct cht_command *command)
{
    bool room = has(command, CHT_AT_command_room);
    bool to = has(command, CHT_AT_command_to);
    if (room == to) {
        return room ? CHT_AT_command_to : CHT_AT_command_room;
    }
    return -1;
}

static int check_direct(const struct cht_command *command)
{
    static const int fields[] = {CHT_AT_command_name, CHT_AT_command_topic,
        CHT_AT_command_visibility, CHT_AT_command_posting, CHT_AT_command_adding,
        CHT_AT_command_history};
    if (command->members.count != 1) {
        return CHT_AT_command_members;
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (has(command, fields[i])) {
            return fields[i];
        }
    }
    return -1;
}

static int check_create(const struct cht_command *command)
{
    if (command->kind == cht_room_kind_direct) {
        return check_direct(command);
    }
    if (!cht_is_name(command->name)) {
        return CHT_AT_command_name;
    }
    if (command->visibility == cht_visibility_public && command->kind != cht_room_kind_channel) {
        return CHT_AT_command_visibility;
    }
    return -1;
}

/* Every room that can be changed has a name. */
static int check_update(const struct cht_command *command)
{
    bool cleared = (command->cleared & CHT_BIT(command, name)) != 0;
    bool named = !has(command, CHT_AT_command_name) || cht_is_name(command->name);
    return cleared || !named ? CHT_AT_command_name : -1;
}

static int check_history(const struct cht_command *command)
{
    static const int bounds[] = {
        CHT_AT_command_before_seq, CHT_AT_command_after_seq, CHT_AT_command_around_seq};
    unsigned count = 0;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        count += has(command, bounds[i]);
        if (count == 2) {
            return bounds[i];
        }
    }
    return -1;
}

static int check_find(const struct cht_command *command)
{
    return cht_utf8_count(command->prefix) < PREFIX_OF_FIND_MIN ? CHT_AT_command_prefix : -1;
}

static int check_get(const struct cht_command *command)
{
    return command->users.count > USERS_OF_GET_MAX ? CHT_AT_command_users : -1;
}

static int check_rules(const struct cht_command *command)
{
    switch (command->type) {
    case cht_command_type_message_send:
        return check_send(command);
    case cht_command_type_room_create:
        return check_create(command);
    case cht_command_type_room_update:
        return check_update(command);
    case cht_command_type_room_history:
    case cht_command_type_room_events:
        return check_history(command);
    case cht_command_type_user_find:
        return check_find(command);
    case cht_command_type_user_get:
        return check_get(command);
    default:
        return -1;
    }
}

uint64_t cht_command_clearable(uint64_t type)
{
    if (type != cht_command_type_room_update) {
        return 0;
    }
    return CHT_BIT(command, name) | CHT_BIT(command, topic) | CHT_BIT(command, visibility) |
           CHT_SETTINGS_BITS;
}

enum cht_read cht_read_refuse_named(
    struct cht_read_error *ret_error, enum cht_read code, const char *name)
{
    ret_error->code = code;
    snprintf(ret_error->field, sizeof(ret_error->field), "%s", name);
    return code;
}

enum cht_read cht_read_refuse(struct cht_read_error *ret_error, enum cht_read code, int field)
{
    bool setting = (CHT_SETTINGS_BITS >> field & 1) != 0;
    ret_error->code = code;
    snprintf(ret_error->field, sizeof(ret_error->field), "%s%s", setting ? "settings." : "",
        cht_row_command.fields[field].name);
    return code;
}

bool cht_command_complete(const struct cht_command *command, struct cht_read_error *ret_error)
{
    const struct cht_command_row *row = cht_command_row(command->type);
    if (row == NULL) {
        cht_read_refuse_named(ret_error, CHT_READ_UNKNOWN_TYPE, "");
        return false;
    }
    for (uint64_t left = row->requires; left != 0; left &= left - 1) {
        int place = __builtin_ctzll(left);
        if (!has(command, place)) {
            cht_read_refuse(ret_error, CHT_READ_BAD_FIELD, place);
            return false;
        }
    }
    int objected = check_rules(command);
    if (objected >= 0) {
        cht_read_refuse(ret_error, CHT_READ_BAD_FIELD, objected);
        return false;
    }
    return true;
}
