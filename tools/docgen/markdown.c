/* markdown - the reference for people.
 *
 * Happy path: one section per table. How it fails: like all printing, seen by main when it closes
 * the file. */

#include <string.h>

#include "docgen.h"

static const char *kind_name(const struct cht_field_row *field)
{
    static const char *const names[] = {[CHT_KIND_id] = "id",
        [CHT_KIND_u64] = "number",
        [CHT_KIND_flag] = "flag",
        [CHT_KIND_text] = "text",
        [CHT_KIND_chars] = "name",
        [CHT_KIND_token] = "token",
        [CHT_KIND_bytes] = "bytes",
        [CHT_KIND_json] = "JSON",
        [CHT_KIND_ids] = "ids",
        [CHT_KIND_list] = "list",
        [CHT_KIND_word] = "word"};
    return names[field->kind];
}

/* Frames are named apart from the events by a prefix, which is nothing to a reader. */
static const char *part_name(const struct cht_event_row *row)
{
    return strncmp(row->name, "f_", 2) == 0 ? row->name + 2 : row->name;
}

static void print_kind(FILE *file, const struct cht_field_row *field)
{
    fprintf(file, "%s", kind_name(field));
    if (field->words != NULL) {
        fprintf(file, " `%s`", field->words->name);
    } else if (field->item != NULL) {
        fprintf(
            file, " of `%s`, at most %llu", part_name(field->item), (unsigned long long)field->max);
    } else if (field->kind != CHT_KIND_id && field->kind != CHT_KIND_flag &&
               field->max != CHT_NUMBER_MAX) {
        fprintf(file, " %llu-%llu", (unsigned long long)field->min, (unsigned long long)field->max);
    }
}

static void print_row(void *context, const struct cht_event_row *row)
{
    FILE *file = context;
    if (frame_type(row) != NULL) {
        fprintf(
            file, "### %s\n\n", row == &cht_row_f_room ? "room.created, room.updated" : row->wire);
    } else {
        fprintf(file, "### %s (%u)\n\n", part_name(row), row->number);
    }
    fprintf(
        file, "%s\n\n| tag | field | kind | required | what |\n|---|---|---|---|---|\n", row->doc);
    for (uint32_t i = 0; i < row->field_count; i++) {
        const struct cht_field_row *field = &row->fields[i];
        fprintf(file, "| %u | %s | ", field->number, field->name);
        print_kind(file, field);
        fprintf(file, " | %s | %s |\n", field->required ? "yes" : "", field->doc);
    }
    fprintf(file, "\n");
}

static void print_takes(FILE *file, const struct cht_command_row *row)
{
    const char *between = "";
    for (uint64_t left = row->takes; left != 0; left &= left - 1) {
        int place = __builtin_ctzll(left);
        bool must = (row->requires >> place & 1) != 0;
        fprintf(file, "%s%s%s", between, cht_row_command.fields[place].name, must ? "" : "?");
        between = ", ";
    }
}

static void print_commands(FILE *file)
{
    fprintf(file, "## Commands\n\nFields with a question mark may be left out; posting, adding and "
                  "history are members of"
                  " `settings`. What a field is stands under the event `command`.\n\n"
                  "| command | what | fields | answer |\n|---|---|---|---|\n");
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        const struct cht_command_row *row = cht_command_row(type);
        fprintf(file, "| %s | %s | ", row->wire, row->doc);
        print_takes(file, row);
        fprintf(file, " | %s |\n", answer_of(type));
    }
    fprintf(file, "\n");
}

static const char *condition_text(unsigned condition)
{
    static const char *const texts[] = {[cht_condition_always] = "",
        [cht_condition_posting] = "as `posting` says",
        [cht_condition_adding] = "as `adding` says",
        [cht_condition_author] = "the author",
        [cht_condition_author_or_admin] = "the author or an admin",
        [cht_condition_lower_role] = "over a lower role",
        [cht_condition_not_blocked] = "not blocked",
        [cht_condition_unmuted] = "not muted",
        [cht_condition_public] = "public only",
        [cht_condition_or_public] = "or anyone, if public"};
    return texts[condition];
}

static void print_right(FILE *file, const struct cht_right *right)
{
    if (!right->allowed) {
        fprintf(file, " nobody |");
        return;
    }
    const char *condition = condition_text(right->condition);
    fprintf(file, " %s%s%s |",
        right->least_role == CHT_ROLE_ANYONE ? "anyone"
                                             : cht_word_text(&cht_words_role, right->least_role),
        condition[0] == '\0' ? "" : ", ", condition);
}

static void print_rights(FILE *file)
{
    fprintf(file, "## Rights\n\nThe least role, and the condition, by kind of room.\n\n"
                  "| command | direct | group | channel |\n|---|---|---|---|\n");
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        const struct cht_command_row *row = cht_command_row(type);
        bool any = false;
        for (unsigned kind = 1; kind < cht_room_kind_count; kind++) {
            any = any || row->rights[kind].allowed;
        }
        if (!any) {
            continue;
        }
        fprintf(file, "| %s |", row->wire);
        for (unsigned kind = 1; kind < cht_room_kind_count; kind++) {
            print_right(file, &row->rights[kind]);
        }
        fprintf(file, "\n");
    }
    fprintf(file, "\nCommands without a row are about the caller, not about a room.\n\n");
}

static void print_user_bodies(FILE *file, const struct user_route *routes, size_t route_count)
{
    size_t count;
    const struct user_member *members = user_members(&count);
    fprintf(file, "| method and path | field | kind | required | what |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < route_count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (strcmp(members[j].route, routes[i].name) == 0) {
                fprintf(file, "| %s %s | %s | %s | %s | %s |\n", routes[i].method, routes[i].path,
                    members[j].name, members[j].type, members[j].required ? "yes" : "",
                    members[j].doc);
            }
        }
    }
    fprintf(file, "\n");
}

static void print_routes(FILE *file)
{
    size_t count;
    const struct cht_route_row *routes = cht_routes(&count);
    fprintf(file, "## Routes\n\n| method and path | command or what |\n|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "| %s %s | %s |\n", routes[i].method, routes[i].path,
            cht_command_row(routes[i].command)->wire);
    }
    const struct user_route *users = user_routes(&count);
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "| %s %s | %s |\n", users[i].method, users[i].path, users[i].doc);
    }
    fprintf(file,
        "| GET /api/info | What this server is: version, limits, whether it takes new "
        "accounts. |\n| GET /api/socket | The WebSocket. |\n\n"
        "A body, or with GET the query, has the fields of the command that are not in the "
        "path; `cid` and `after` are the headers `Idempotency-Key` and "
        "`Idempotency-After`. The bodies of the other routes:\n\n");
    print_user_bodies(file, users, count);
}

static void print_errors(FILE *file)
{
    size_t count;
    const struct error_row *rows = error_rows(&count);
    fprintf(file, "## Errors\n\n| code | HTTP | retry | text |\n|---|---|---|---|\n");
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "| %s | %d | %s | %s |\n", rows[i].wire, rows[i].http,
            rows[i].retry ? "yes" : "no", rows[i].doc);
    }
    fprintf(file, "\n");
}

static void print_words(FILE *file)
{
    fprintf(file, "## Words\n\n| enum | number | word | what |\n|---|---|---|---|\n");
#define WORDS(name)
#define WORD(of, number, word, doc)                                                                \
    fprintf(file, "| %s | %d | %s | %s |\n", #of, number, #word, doc);
#define WORDS_END(name)
#include "chattifier/enums.def"
#undef WORDS
#undef WORD
#undef WORDS_END
    fprintf(file, "\n");
}

static void print_topics(FILE *file)
{
    fprintf(file, "## Topics\n\n| topic | port | events | from | to | guarantee | what |\n"
                  "|---|---|---|---|---|---|---|\n");
#define TOPIC(name, port, events, from, to, guarantee, doc)                                        \
    fprintf(file, "| %s | %s | %s | %s | %s | %s | %s |\n", #name, #port, events, from, to,        \
        guarantee, doc);
#include "chattifier/topics.def"
#undef TOPIC
    fprintf(file, "\n");
}

void write_markdown(FILE *file)
{
    fprintf(file,
        "# Events, commands and frames\n\nMade from the tables in `events/include/chattifier/` by"
        " `tools/docs`; a test compares. Ids are lower-case UUIDs, numbers are at most 2^53 - 1, "
        "times are"
        " milliseconds since 1970.\n\n");
    print_commands(file);
    print_rights(file);
    print_routes(file);
    print_errors(file);
    print_words(file);
    fprintf(file, "## Frames to clients\n\n");
    each_row(true, print_row, file);
    print_topics(file);
    fprintf(file,
        "## Events of the bus\n\nThe number stands in front of the binary form, as a varint.\n\n");
    each_row(false, print_row, file);
}
