/* http_members - see the header. Happy path: one member, one command. How it fails: none or several
 * of them are refused as a whole. */

#include "http_members.h"

#include <string.h>

#define MEMBERS_MAX 64u

static bool is_named(const struct cht_member *member, const char *name)
{
    return member->name.size == strlen(name) &&
           memcmp(member->name.at, name, member->name.size) == 0;
}

static bool take_role(
    struct cht_command *command, const struct cht_member *member, struct cht_scratch *scratch)
{
    command->type = cht_command_type_room_role;
    return member->type == CHT_JSON_TEXT &&
           cht_read_text_field(command, CHT_AT_command_role, member->value, scratch);
}

static bool take_mute(struct cht_command *command, const struct cht_member *member)
{
    command->type = cht_command_type_room_mute;
    command->until = member->number;
    command->has |= CHT_BIT(command, until);
    return member->type == CHT_JSON_NUMBER && member->number <= CHT_NUMBER_MAX;
}

static bool take_ban(struct cht_command *command, const struct cht_member *member)
{
    bool on = member->value.size == 4 && memcmp(member->value.at, "true", 4) == 0;
    command->type = on ? cht_command_type_room_ban : cht_command_type_room_unban;
    return member->type == CHT_JSON_FLAG;
}

enum err http_members_read(
    struct cht_command *command, struct cht_str body, struct cht_scratch *scratch)
{
    struct cht_member members[MEMBERS_MAX];
    size_t count = 0;
    if (body.size == 0) {
        return ERR_BAD_FIELD;
    }
    if (!cht_read_members(body, members, MEMBERS_MAX, &count)) {
        return ERR_BAD_FRAME;
    }
    uint32_t found = 0;
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        const struct cht_member *member = &members[i];
        if (member->type == CHT_JSON_NULL) {
            continue;
        }
        if (is_named(member, "role")) {
            found++;
            good = take_role(command, member, scratch) && good;
        } else if (is_named(member, "muted_until")) {
            found++;
            good = take_mute(command, member) && good;
        } else if (is_named(member, "banned")) {
            found++;
            good = take_ban(command, member) && good;
        }
    }
    return found == 1 && good ? OK : ERR_BAD_FIELD;
}
