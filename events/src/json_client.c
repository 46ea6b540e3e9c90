/* json_client - a command as the JSON that a client sends.
 *
 * Happy path: what the command takes and is set is written, settings and rooms in the shapes of the
 * protocol. How it fails: like all writing, `used` passes `size`; a command of no type is an empty
 * object. */

#include "chattifier/events.h"
#include "command_rules.h"
#include "field.h"
#include "json_write.h"

static void write_null(struct cht_json *json, int place)
{
    cht_json_key(json, cht_row_command.fields[place].name);
    cht_json_raw(json, (struct cht_str){"null", 4});
}

static void write_rooms(struct cht_json *json, const struct cht_list *list)
{
    const struct cht_room_seq *rooms = list->at;
    cht_json_key(json, "rooms");
    cht_json_begin(json, '{');
    for (uint32_t i = 0; i < list->count; i++) {
        char name[CHT_ID_TEXT_SIZE + 1];
        cht_id_to_text(&rooms[i].room, name);
        name[CHT_ID_TEXT_SIZE] = '\0';
        cht_json_key(json, name);
        cht_json_u64(json, rooms[i].seq);
    }
    cht_json_end(json, '}');
}

static void write_field(struct cht_json *json, const struct cht_command *command, int place)
{
    if ((command->cleared >> place & 1) != 0) {
        write_null(json, place);
    } else if (!cht_field_is_set(&cht_row_command.fields[place], (unsigned)place, command)) {
        return;
    } else if (place == CHT_AT_command_rooms) {
        write_rooms(json, &command->rooms);
    } else {
        cht_json_member(json, &cht_row_command.fields[place], command);
    }
}

static void write_fields(struct cht_json *json, const struct cht_command *command, uint64_t bits)
{
    for (uint64_t left = bits; left != 0; left &= left - 1) {
        write_field(json, command, __builtin_ctzll(left));
    }
}

static bool has_settings(const struct cht_command *command, uint64_t settings)
{
    return ((command->has | command->cleared) & settings) != 0 || command->posting != 0 ||
           command->adding != 0 || command->history != 0;
}

void cht_json_client(struct cht_json *json, const struct cht_command *command, struct cht_str ref)
{
    const struct cht_command_row *row = cht_command_row(command->type);
    cht_json_begin(json, '{');
    if (row != NULL) {
        uint64_t settings = row->takes & CHT_SETTINGS_BITS;
        cht_json_key(json, "type");
        cht_json_word(json, row->wire);
        if (ref.size > 0) {
            cht_json_key(json, "ref");
            cht_json_text(json, ref);
        }
        write_fields(json, command, row->takes & ~settings);
        if (settings != 0 && has_settings(command, settings)) {
            cht_json_key(json, "settings");
            cht_json_begin(json, '{');
            write_fields(json, command, settings);
            cht_json_end(json, '}');
        }
    }
    cht_json_end(json, '}');
}
