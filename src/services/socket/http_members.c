/* http_members - see the header. Happy path: one member, one command. How it fails: none or several
 * of them are refused as a whole. */

#include "http_members.h"

#include <string.h>

static bool take_role(
    struct cht_command *command, const struct cht_member *member, struct cht_scratch *scratch)
{
    command->type = cht_command_type_room_role;
    return member->type == CHT_JSON_TEXT &&
           cht_read_text_field(command, CHT_AT_command_role, member->value, scratch);
}

static bool take_mute(
    struct cht_command *command, const struct cht_member *member, struct cht_scratch *scratch)
{
    (void)scratch;
    bool lifts = member->type == CHT_JSON_NULL;
    command->type = cht_command_type_room_mute;
    command->until = lifts ? 0 : member->number;
    command->has |= CHT_BIT(command, until);
    return lifts || (member->type == CHT_JSON_NUMBER && member->number <= CHT_NUMBER_MAX);
}

static bool take_ban(
    struct cht_command *command, const struct cht_member *member, struct cht_scratch *scratch)
{
    (void)scratch;
    bool on = cht_str_equal(member->value, (struct cht_str){"true", 4});
    command->type = on ? cht_command_type_room_ban : cht_command_type_room_unban;
    return member->type == CHT_JSON_FLAG || member->type == CHT_JSON_NULL;
}

static const struct way {
    const char *name;
    bool null_lifts;
    bool (*take)(
        struct cht_command *command, const struct cht_member *member, struct cht_scratch *scratch);
} ways[] = {
    {"role", false, take_role}, {"muted_until", true, take_mute}, {"banned", true, take_ban}};

/* NULL: the member wants nothing. */
static const struct way *way_of(const struct cht_member *member)
{
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct cht_str name = {ways[i].name, (uint32_t)strlen(ways[i].name)};
        if (cht_str_equal(member->name, name)) {
            return member->type == CHT_JSON_NULL && !ways[i].null_lifts ? NULL : &ways[i];
        }
    }
    return NULL;
}

enum cht_read http_members_read(struct cht_str body, struct cht_scratch *scratch,
    struct cht_command *command, struct cht_read_error *ret_error)
{
    struct cht_member members[CHT_MEMBERS_MAX];
    size_t count = 0;
    bool found = false;
    if (body.size > 0 && !cht_read_members(body, members, CHT_MEMBERS_MAX, &count)) {
        return cht_read_refuse_named(ret_error, CHT_READ_BAD_FRAME, "");
    }
    for (size_t i = 0; i < count; i++) {
        const struct way *way = way_of(&members[i]);
        if (way && (found || !way->take(command, &members[i], scratch))) {
            return cht_read_refuse_named(ret_error, CHT_READ_BAD_FIELD, way->name);
        }
        found = found || way;
    }
    return found ? CHT_READ_OK : cht_read_refuse_named(ret_error, CHT_READ_BAD_FIELD, ways[0].name);
}
