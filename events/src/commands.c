/* commands - what each command takes, who may use it, and over which routes it is reached.
 *
 * Happy path: a row is looked up by the command's number. How it fails: numbers and names that are
 * none have no row. */

#include "chattifier/events.h"

enum {
    least_anyone = CHT_ROLE_ANYONE,
    least_member = cht_role_member,
    least_admin = cht_role_admin,
    least_owner = cht_role_owner,
};

static const struct cht_command_row rows[cht_command_type_count] = {
#define COMMAND(number, name, on_wire, by, durable, text)                                          \
    [number].wire = on_wire, [number].doc = text, [number].server = cht_server_##by,               \
    [number].changes = durable,
#include "chattifier/client.def"
#undef COMMAND

#define RIGHT(cmd, kind, role, when)                                                               \
    [cht_command_type_##cmd].rights[cht_room_kind_##kind] = {                                      \
        true, (uint8_t)least_##role, (uint8_t)cht_condition_##when},
#include "chattifier/client.def"
#undef RIGHT

    [0].takes = 0
#define TAKES_OF(cmd) , [cht_command_type_##cmd].takes = 0
#define TAKES(cmd, field, must) | CHT_BIT(command, field)
#include "chattifier/client.def"
#undef TAKES_OF
#undef TAKES

#define TAKES_OF(cmd) , [cht_command_type_##cmd].requires = 0
#define TAKES(cmd, field, must) | ((must) ? CHT_BIT(command, field) : 0)
#include "chattifier/client.def"
#undef TAKES_OF
#undef TAKES
};

static const uint8_t wire_sizes[cht_command_type_count] = {
#define COMMAND(number, name, on_wire, by, durable, text) [number] = sizeof(on_wire) - 1,
#include "chattifier/client.def"
#undef COMMAND
};

static const struct cht_route_row routes[] = {
#define ROUTE(verb, where, cmd) {#verb, where, cht_command_type_##cmd},
#include "chattifier/client.def"
#undef ROUTE
};

const struct cht_command_row *cht_command_row(uint64_t type)
{
    return type == 0 || type >= cht_command_type_count ? NULL : &rows[type];
}

enum cht_command_type cht_command_by_name(struct cht_str name)
{
    for (unsigned i = 1; i < cht_command_type_count; i++) {
        if (wire_sizes[i] == name.size && __builtin_memcmp(rows[i].wire, name.at, name.size) == 0) {
            return (enum cht_command_type)i;
        }
    }
    return cht_command_type_none;
}

const struct cht_route_row *cht_routes(size_t *ret_count)
{
    *ret_count = sizeof(routes) / sizeof(routes[0]);
    return routes;
}
