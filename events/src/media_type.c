/* media_type - the Content-Type of JSON.
 *
 * Happy path: "application/json", perhaps with a charset of UTF-8. How it fails: anything else is
 * another type; other parameters mean nothing to JSON and are read over, but have to be well
 * formed. */

#include <string.h>

#include "chattifier/events.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_blanks(struct cht_str *rest)
{
    while (rest->size > 0 && (*rest->at == ' ' || *rest->at == '\t')) {
        rest->at++;
        rest->size--;
    }
}

static bool skip_char(struct cht_str *rest, char c)
{
    if (rest->size == 0 || *rest->at != c) {
        return false;
    }
    rest->at++;
    rest->size--;
    return true;
}

static struct cht_str take_token(struct cht_str *rest)
{
    struct cht_str token = {rest->at, 0};
    while (rest->size > 0 && is_token_char(*rest->at)) {
        rest->at++;
        rest->size--;
        token.size++;
    }
    return token;
}

/* What is between the quotes; nothing that JSON needs has to be escaped there. */
static bool take_quoted(struct cht_str *rest, struct cht_str *ret_text)
{
    const char *end = rest->size ? memchr(rest->at, '"', rest->size) : NULL;
    if (!end || memchr(rest->at, '\\', (size_t)(end - rest->at))) {
        return false;
    }
    *ret_text = (struct cht_str){rest->at, (uint32_t)(end - rest->at)};
    rest->size -= ret_text->size + 1;
    rest->at = end + 1;
    return true;
}

static bool is_word(struct cht_str text, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i < size && text.size == size; i++) {
        if (lower(text.at[i]) != word[i]) {
            return false;
        }
    }
    return text.size == size;
}

static bool read_parameter(struct cht_str *rest)
{
    struct cht_str name = take_token(rest), value;
    if (name.size == 0 || !skip_char(rest, '=')) {
        return false;
    }
    if (!skip_char(rest, '"')) {
        value = take_token(rest);
    } else if (!take_quoted(rest, &value)) {
        return false;
    }
    return value.size > 0 && (!is_word(name, "charset") || is_word(value, "utf-8"));
}

bool cht_is_json_type(struct cht_str content_type)
{
    struct cht_str rest = content_type;
    struct cht_str kind = take_token(&rest);
    bool slash = skip_char(&rest, '/');
    struct cht_str form = take_token(&rest);
    if (!is_word(kind, "application") || !slash || !is_word(form, "json")) {
        return false;
    }
    skip_blanks(&rest);
    while (skip_char(&rest, ';')) {
        skip_blanks(&rest);
        bool empty = rest.size == 0 || *rest.at == ';';
        if (!empty && !read_parameter(&rest)) {
            return false;
        }
        skip_blanks(&rest);
    }
    return rest.size == 0;
}
