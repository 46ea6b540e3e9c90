/* names - the rules for usernames and display names.
 *
 * Happy path: a look at each character, then at the list of reserved words. How it fails: false,
 * and the caller names the field. */

#include "user/names.h"

#include <string.h>

#include "chattifier/events.h"

static const char *const reserved[] = {"abuse", "admin", "admins", "administrator", "all",
    "anonymous", "api", "bot", "channel", "chattifier", "deleted", "everyone", "general", "guest",
    "help", "here", "host", "hostmaster", "info", "login", "logout", "mail", "me", "mod",
    "moderator", "moderators", "nobody", "null", "official", "owner", "password", "postmaster",
    "register", "room", "root", "security", "server", "service", "staff", "support", "sysadmin",
    "system", "team", "ticket", "undefined", "user", "users", "webmaster", "www"};

static bool is_mark(char at)
{
    return at == '.' || at == '_' || at == '-';
}

static bool is_letter_or_digit(char at)
{
    return (at >= 'a' && at <= 'z') || (at >= '0' && at <= '9');
}

bool names_fold(struct cht_str name, char *ret_folded, uint32_t capacity, struct cht_str *ret_name)
{
    *ret_name = (struct cht_str){NULL, 0};
    if (name.size > capacity) {
        return false;
    }
    for (uint32_t i = 0; i < name.size; i++) {
        char at = name.at[i];
        ret_folded[i] = at >= 'A' && at <= 'Z' ? (char)(at - 'A' + 'a') : at;
    }
    *ret_name = (struct cht_str){ret_folded, name.size};
    return true;
}

static char look_of(char at)
{
    switch (at) {
    case '0':
        return 'o';
    case '1':
    case 'i':
        return 'l';
    case '3':
        return 'e';
    case '4':
        return 'a';
    case '5':
        return 's';
    case '7':
        return 't';
    default:
        return at;
    }
}

static uint32_t skeleton(struct cht_str name, char ret_skeleton[USERNAME_SIZE_MAX])
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < name.size && used < USERNAME_SIZE_MAX; i++) {
        if (is_mark(name.at[i])) {
            continue;
        }
        char look = look_of(name.at[i]);
        char before = used > 0 ? ret_skeleton[used - 1] : '\0';
        if (before == 'v' && look == 'v') {
            ret_skeleton[used - 1] = 'w';
        } else if (before == 'r' && look == 'n') {
            ret_skeleton[used - 1] = 'm';
        } else {
            ret_skeleton[used++] = look;
        }
    }
    return used;
}

static bool is_reserved(struct cht_str name)
{
    char mine[USERNAME_SIZE_MAX];
    char theirs[USERNAME_SIZE_MAX];
    uint32_t size = skeleton(name, mine);
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        struct cht_str word = cht_str_of(reserved[i]);
        if (skeleton(word, theirs) == size && memcmp(mine, theirs, size) == 0) {
            return true;
        }
    }
    return false;
}

bool names_username_valid(struct cht_str name)
{
    if (name.size < 3 || name.size > USERNAME_SIZE_MAX || is_mark(name.at[0]) ||
        is_mark(name.at[name.size - 1])) {
        return false;
    }
    for (uint32_t i = 0; i < name.size; i++) {
        if (!is_letter_or_digit(name.at[i]) && (!is_mark(name.at[i]) || is_mark(name.at[i - 1]))) {
            return false;
        }
    }
    return !is_reserved(name);
}

bool names_display_valid(struct cht_str name)
{
    const size_t most = 64;
    return name.size <= most * 4 && cht_utf8_valid(name) && cht_utf8_count(name) <= most &&
           cht_is_name(name);
}

bool names_device_valid(struct cht_str name)
{
    return name.size == 0 || names_display_valid(name);
}

bool names_bio_valid(struct cht_str bio)
{
    struct cht_str rest = bio;
    if (bio.size > 2000 || !cht_utf8_valid(bio) || cht_utf8_count(bio) > 500) {
        return false;
    }
    while (rest.size > 0) {
        const char *end = memchr(rest.at, '\n', rest.size);
        uint32_t size = end ? (uint32_t)(end - rest.at) : rest.size;
        if (cht_has_hidden((struct cht_str){rest.at, size})) {
            return false;
        }
        uint32_t step = end ? size + 1 : size;
        rest = (struct cht_str){rest.at + step, rest.size - step};
    }
    return true;
}
