/* user_fields - what a request brings.
 *
 * Happy path: find the member, look at its type. How it fails: the flow fails with bad_field and
 * the field's name; a parameter that is there twice is bad_frame. */

#include "user/user_inner.h"
#include "wire/query_read.h"

#define QUERY_PADDING_BYTES 64 /* between the few values of a query */

static const struct cht_member *find_member(const struct user_call *call, const char *name)
{
    for (size_t i = 0; i < call->member_count; i++) {
        if (cht_str_is(call->members[i].name, name)) {
            return &call->members[i];
        }
    }
    return NULL;
}

const struct cht_member *user_field(const struct user_call *call, const char *name)
{
    const struct cht_member *member = find_member(call, name);
    return member && member->type != CHT_JSON_NULL ? member : NULL;
}

bool user_field_is_null(const struct user_call *call, const char *name)
{
    const struct cht_member *member = find_member(call, name);
    return member && member->type == CHT_JSON_NULL;
}

bool user_field_optional_text(struct user_call *call, const char *name, struct cht_str *ret_text)
{
    const struct cht_member *member = user_field(call, name);
    *ret_text = (struct cht_str){NULL, 0};
    if (member && member->type != CHT_JSON_TEXT) {
        user_call_bad_field(call, name);
        return false;
    }
    if (member) {
        *ret_text = (struct cht_str){member->value.at ? member->value.at : "", member->value.size};
    }
    return true;
}

bool user_field_text(struct user_call *call, const char *name, struct cht_str *ret_text)
{
    if (!user_field_optional_text(call, name, ret_text)) {
        return false;
    }
    if (!ret_text->at || ret_text->size == 0) {
        user_call_bad_field(call, name);
        return false;
    }
    return true;
}

bool user_query_read(struct user_call *call, struct cht_command *command)
{
    size_t size = 2 * (size_t)call->query.size + QUERY_PADDING_BYTES;
    struct cht_scratch scratch = {arena_take(&call->arena, size), size, 0};
    struct cht_read_error error;
    enum cht_read read = query_read(call->query, &scratch, command, &error);
    if (read == CHT_READ_BAD_FIELD) {
        user_call_bad_field(call, arena_copy(&call->arena, error.field, sizeof(error.field)));
    } else if (read != CHT_READ_OK) {
        flow_fail(&call->flow, ERR_BAD_FRAME);
    }
    return read == CHT_READ_OK;
}
