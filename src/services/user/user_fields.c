/* user_fields - what a request brings.
 *
 * Happy path: find the member, look at its type. How it fails: the flow fails with bad_field and
 * the field's name; a parameter that is there twice is bad_frame. */

#include <string.h>

#include "user/user_inner.h"

static bool is_named(struct cht_str text, const char *name)
{
    return text.size == strlen(name) && memcmp(text.at, name, text.size) == 0;
}

const struct cht_member *user_field(struct user_call *call, const char *name)
{
    for (size_t i = 0; i < call->member_count; i++) {
        if (is_named(call->members[i].name, name)) {
            return call->members[i].type == CHT_JSON_NULL ? NULL : &call->members[i];
        }
    }
    return NULL;
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

static int hex_of(char at)
{
    if (at >= '0' && at <= '9') {
        return at - '0';
    }
    char low = (char)(at | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static bool decode(struct arena *arena, struct cht_str text, struct cht_str *ret_text)
{
    char *out = arena_take(arena, text.size + 1);
    uint32_t used = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        char at = text.at[i] == '+' ? ' ' : text.at[i];
        if (at == '%') {
            int high = i + 2 < text.size ? hex_of(text.at[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_of(text.at[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                return false;
            }
            at = (char)(high << 4 | low);
            i += 2;
        }
        out[used++] = at;
    }
    *ret_text = (struct cht_str){out, used};
    return cht_utf8_valid(*ret_text);
}

static struct cht_str next_pair(struct cht_str *rest)
{
    const char *end = memchr(rest->at, '&', rest->size);
    uint32_t size = end ? (uint32_t)(end - rest->at) : rest->size;
    struct cht_str pair = {rest->at, size};
    uint32_t step = end ? size + 1 : size;
    *rest = (struct cht_str){rest->at + step, rest->size - step};
    return pair;
}

bool user_query_text(struct user_call *call, const char *name, struct cht_str *ret_text)
{
    struct cht_str rest = call->query;
    bool found = false;
    *ret_text = (struct cht_str){NULL, 0};
    while (rest.size > 0) {
        struct cht_str pair = next_pair(&rest);
        const char *equals = pair.size ? memchr(pair.at, '=', pair.size) : NULL;
        uint32_t size = equals ? (uint32_t)(equals - pair.at) : pair.size;
        if (!is_named((struct cht_str){pair.at, size}, name)) {
            continue;
        }
        struct cht_str value = {equals ? equals + 1 : "", equals ? pair.size - size - 1 : 0};
        if (found || !decode(&call->arena, value, ret_text)) {
            flow_fail(&call->flow, ERR_BAD_FRAME);
            return false;
        }
        found = true;
    }
    return true;
}
