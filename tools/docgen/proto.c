/* proto - the binary form for readers in other languages.
 *
 * Happy path: a message per event. How it fails: like all printing, seen by main when it closes the
 * file. */

#include "docgen.h"

static const char *type_name(const struct cht_field_row *field)
{
    static const char *const names[] = {[CHT_KIND_id] = "bytes",
        [CHT_KIND_u64] = "uint64",
        [CHT_KIND_flag] = "bool",
        [CHT_KIND_text] = "string",
        [CHT_KIND_chars] = "string",
        [CHT_KIND_token] = "string",
        [CHT_KIND_bytes] = "bytes",
        [CHT_KIND_json] = "string",
        [CHT_KIND_ids] = "bytes",
        [CHT_KIND_list] = "",
        [CHT_KIND_word] = "uint64"};
    return names[field->kind];
}

static void print_message(void *context, const struct cht_event_row *row)
{
    FILE *file = context;
    fprintf(file, "// Number %u. %s\nmessage %s {\n", row->number, row->doc, row->name);
    for (uint32_t i = 0; i < row->field_count; i++) {
        const struct cht_field_row *field = &row->fields[i];
        fprintf(
            file, "  // %s%s\n", field->doc, field->kind == CHT_KIND_ids ? " 16 bytes each." : "");
        if (field->item != NULL) {
            fprintf(
                file, "  repeated %s %s = %u;\n", field->item->name, field->name, field->number);
        } else {
            fprintf(file, "  optional %s %s = %u;", type_name(field), field->name, field->number);
            fprintf(file, "%s%s\n", field->words == NULL ? "" : " // ",
                field->words == NULL ? "" : field->words->name);
        }
    }
    fprintf(file, "}\n\n");
}

void write_proto(FILE *file)
{
    fprintf(file, "// Made from the tables by tools/docs. On the bus a varint with the event's "
                  "number stands in front of\n"
                  "// the message.\nsyntax = \"proto3\";\npackage chattifier;\n\n");
    each_row(false, print_message, file);
}
