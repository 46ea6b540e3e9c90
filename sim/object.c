/* object - see the header. Happy path: a look through a few members. How it fails: it does not find
 * it. */

#include "object.h"

#include <string.h>

#include "base/check.h"
#include "people.h"

bool text_is(struct cht_str text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.at, word, text.size) == 0;
}

static const struct cht_member *member(const struct object *object, const char *name)
{
    for (size_t i = 0; i < object->count; i++) {
        if (text_is(object->members[i].name, name)) {
            return &object->members[i];
        }
    }
    return NULL;
}

bool object_has(const struct object *object, const char *name)
{
    return member(object, name) != NULL;
}

struct cht_str object_text(const struct object *object, const char *name)
{
    const struct cht_member *found = member(object, name);
    return found ? found->value : (struct cht_str){0};
}

uint64_t object_number(const struct object *object, const char *name)
{
    const struct cht_member *found = member(object, name);
    return found && found->type == CHT_JSON_NUMBER ? found->number : 0;
}

bool object_flag(const struct object *object, const char *name)
{
    return text_is(object_text(object, name), "true");
}

uint32_t object_person(const struct object *object, const char *name)
{
    struct cht_id id;
    return cht_id_from_text(object_text(object, name), &id) ? people_number(&id) : 0;
}

bool object_next(struct cht_str list, uint32_t *at, struct cht_str *ret_object)
{
    uint32_t depth = 0;
    bool quoted = false;
    while (*at < list.size && list.at[*at] != '{') {
        (*at)++;
    }
    uint32_t from = *at;
    for (; *at < list.size; (*at)++) {
        char c = list.at[*at];
        if (quoted) {
            *at += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            (*at)++;
            *ret_object = (struct cht_str){list.at + from, *at - from};
            return true;
        }
    }
    return false;
}

bool object_read(struct cht_str bytes, char *copy, struct object *ret_object)
{
    CHECK(bytes.size <= OBJECT_BYTES_MAX);
    memcpy(copy, bytes.at, bytes.size);
    return cht_read_members((struct cht_str){copy, bytes.size}, ret_object->members,
        OBJECT_MEMBERS_MAX, &ret_object->count);
}
