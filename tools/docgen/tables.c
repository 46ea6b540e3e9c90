/* tables - the tables of the events library as arrays that the writers walk.
 *
 * Happy path: data. How it fails: it cannot. */

#include "docgen.h"

enum { ACCESS_open, ACCESS_token };

static const struct user_route routes[] = {
#define USER_ROUTE(verb, where, who, handler, text) {#verb, where, #handler, text, ACCESS_##who},
#include "ports/user_routes.def"
#undef USER_ROUTE
};

static const struct user_member members[] = {
#define IN(route, name, type, required, doc) {#route, #name, #type, required, doc},
#include "user.def"
#undef IN
};

static const struct error_row errors[] = {
#define ERROR(name, wire, http, retry, text) {wire, http, retry, text},
#include "chattifier/errors.def"
#undef ERROR
};

static const char *const answers[cht_command_type_count] = {
#define ANSWER(command, fields) [cht_command_type_##command] = fields,
#include "answers.def"
#undef ANSWER
};

const struct user_route *user_routes(size_t *ret_count)
{
    *ret_count = sizeof(routes) / sizeof(routes[0]);
    return routes;
}

const struct user_member *user_members(size_t *ret_count)
{
    *ret_count = sizeof(members) / sizeof(members[0]);
    return members;
}

const struct error_row *error_rows(size_t *ret_count)
{
    *ret_count = sizeof(errors) / sizeof(errors[0]);
    return errors;
}

const char *answer_of(uint64_t type)
{
    return answers[type] == NULL ? "" : answers[type];
}

void each_row(
    bool frames, void (*each)(void *context, const struct cht_event_row *row), void *context)
{
    for (uint32_t number = frames ? 100 : 1; number < (frames ? 200 : 100); number++) {
        const struct cht_event_row *row = cht_event_row_by_number(number);
        if (row != NULL) {
            each(context, row);
        }
    }
}

const char *frame_type(const struct cht_event_row *row)
{
    if (row == &cht_row_f_room) {
        return "room.created";
    }
    return row->wire;
}
