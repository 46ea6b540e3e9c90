/* types - the protocol for TypeScript.
 *
 * Happy path: an interface per command and frame, and a union of each. How it fails: like all
 * printing, seen by main when it closes the file. */

#include <ctype.h>

#include "docgen.h"

/* message_send -> MessageSend */
static void print_name(FILE *file, const char *name)
{
    bool start = true;
    for (; *name != '\0'; name++) {
        if (*name == '_' || *name == '.') {
            start = true;
            continue;
        }
        fputc(start ? toupper((unsigned char)*name) : *name, file);
        start = false;
    }
}

static void print_words(FILE *file, const struct cht_words *words)
{
    for (uint32_t i = 1; i < words->count; i++) {
        fprintf(file, "%s\"%s\"", i == 1 ? "" : " | ", words->texts[i]);
    }
}

static void print_type(FILE *file, const struct cht_field_row *field)
{
    static const char *const names[] = {[CHT_KIND_id] = "Id",
        [CHT_KIND_u64] = "number",
        [CHT_KIND_flag] = "boolean",
        [CHT_KIND_text] = "string",
        [CHT_KIND_chars] = "string",
        [CHT_KIND_token] = "string",
        [CHT_KIND_bytes] = "string",
        [CHT_KIND_json] = "unknown",
        [CHT_KIND_ids] = "Id[]",
        [CHT_KIND_list] = "",
        [CHT_KIND_word] = ""};
    if (field->words != NULL) {
        print_words(file, field->words);
    } else if (field->item == &cht_row_room_seq) {
        fprintf(file, "Record<Id, number>");
    } else if (field->item != NULL) {
        print_name(file, field->item->name);
        fprintf(file, "[]");
    } else {
        fprintf(file, "%s", names[field->kind]);
    }
}

static void print_member(FILE *file, const struct cht_field_row *field, bool must)
{
    fprintf(file, "  /** %s */\n  %s%s: ", field->doc, field->name, must ? "" : "?");
    print_type(file, field);
    fprintf(file, ";\n");
}

static void print_frame(void *context, const struct cht_event_row *row)
{
    FILE *file = context;
    fprintf(file, "/** %s */\nexport interface ", row->doc);
    print_name(file, row->name);
    fprintf(file, " {\n");
    if (row == &cht_row_f_room) {
        fprintf(file, "  type: \"room.created\" | \"room.updated\";\n");
    } else if (row->wire != NULL) {
        fprintf(file, "  type: \"%s\";\n", row->wire);
    }
    for (uint32_t i = 0; i < row->field_count; i++) {
        print_member(file, &row->fields[i], row->fields[i].required);
    }
    if (row == &cht_row_f_ok) {
        fprintf(file, "  [further: string]: unknown;\n");
    }
    fprintf(file, "}\n\n");
}

static void print_frame_in_union(void *context, const struct cht_event_row *row)
{
    if (frame_type(row) != NULL) {
        fprintf(context, "\n  | ");
        print_name(context, row->name);
    }
}

static void print_command(FILE *file, uint64_t type)
{
    const struct cht_command_row *row = cht_command_row(type);
    fprintf(file, "/** %s */\nexport interface ", row->doc);
    print_name(file, row->wire);
    fprintf(file, " {\n  type: \"%s\";\n  ref?: string;\n", row->wire);
    for (uint64_t left = row->takes & ~SETTINGS; left != 0; left &= left - 1) {
        int place = __builtin_ctzll(left);
        print_member(file, &cht_row_command.fields[place], (row->requires >> place & 1) != 0);
    }
    if ((row->takes & SETTINGS) != 0) {
        fprintf(file, "  settings?: FSettings;\n");
    }
    fprintf(file, "}\n\n");
}

void write_types(FILE *file)
{
    fprintf(file, "// Made from the tables by tools/docs.\n\n/** A lower-case UUID. */\nexport "
                  "type Id = string;\n\n");
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        print_command(file, type);
    }
    each_row(true, print_frame, file);
    fprintf(file, "/** What a client may send. */\nexport type Command =");
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        fprintf(file, "\n  | ");
        print_name(file, cht_command_row(type)->wire);
    }
    fprintf(file, ";\n\n/** What the server sends. */\nexport type Frame =");
    each_row(true, print_frame_in_union, file);
    fprintf(file, ";\n");
}
