/* query_read - field by field of what the command takes.
 *
 * Happy path: each parameter is there once or not at all. How it fails: the first one that is to
 * blame is named. */

#include "wire/query_read.h"

#include "wire/url.h"

static enum cht_read read_one(struct cht_str query, int field, struct cht_scratch *scratch,
    struct cht_command *command, struct cht_read_error *ret_error)
{
    const char *name = cht_row_command.fields[field].name;
    char *text = cht_scratch_take(scratch, query.size);
    struct cht_str value;
    if (!text) {
        return cht_read_refuse_named(ret_error, CHT_READ_BAD_FRAME, "");
    }
    switch (url_query_get(query, name, text, query.size, &value)) {
    case URL_ABSENT:
        scratch->used -= query.size;
        return CHT_READ_OK;
    case URL_ONE:
        scratch->used -= query.size - value.size;
        break;
    case URL_REPEATED:
    case URL_BAD:
        return cht_read_refuse_named(ret_error, CHT_READ_BAD_FRAME, "");
    }
    return cht_read_text_field(command, field, value, scratch)
               ? CHT_READ_OK
               : cht_read_refuse_named(ret_error, CHT_READ_BAD_FIELD, name);
}

enum cht_read query_read(struct cht_str query, struct cht_scratch *scratch,
    struct cht_command *command, struct cht_read_error *ret_error)
{
    const struct cht_command_row *row = cht_command_row(command->type);
    if (!row) {
        return cht_read_refuse_named(ret_error, CHT_READ_UNKNOWN_TYPE, "");
    }
    for (uint64_t left = row->takes & ~command->has; left; left &= left - 1) {
        int field = __builtin_ctzll(left);
        if (cht_row_command.fields[field].kind == CHT_KIND_list) {
            continue; /* has no form here, so it is unknown */
        }
        enum cht_read read = read_one(query, field, scratch, command, ret_error);
        if (read != CHT_READ_OK) {
            return read;
        }
    }
    return cht_command_complete(command, ret_error) ? CHT_READ_OK : ret_error->code;
}
