/* password_rules - a small judge of new passwords.
 *
 * Happy path: fold, strip, look it up, look for patterns. How it fails: false; the reason is one
 * for all. */

#include "user/password_rules.h"

#include <string.h>

#include "chattifier/events.h"
#include "user/password_words.h"

#define ENDS_MAX 6
#define PERIOD_MAX 6

struct piece {
    char bytes[PASSWORD_BYTES_MAX];
    uint32_t size;
};

/* What a finger does next: rows of keyboards, the alphabet, digits; each also backwards. */
static const char *const rows[] = {"abcdefghijklmnopqrstuvwxyz", "01234567890123456789",
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop", "qsdfghjklm",
    "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "1q2w3e4r5t6z7u8i9o0p", "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp", "147258369", "q1w2e3r4t5y6u7i8o9p0"};

static char lower(char at)
{
    return at >= 'A' && at <= 'Z' ? (char)(at - 'A' + 'a') : at;
}

static char letter_of(char at)
{
    static const char from[] = "013457@$!8+|";
    static const char to[] = "oieastasibtl";
    const char *found = at ? strchr(from, at) : NULL;
    return found ? to[found - from] : lower(at);
}

static bool is_letter(char at)
{
    return (at >= 'a' && at <= 'z') || (at & 0x80);
}

/* Digits and signs at the ends are what people add when they are told to. */
static struct cht_str strip(const struct piece *piece)
{
    uint32_t from = 0;
    uint32_t to = piece->size;
    while (from < to && from < ENDS_MAX && !is_letter(piece->bytes[from])) {
        from++;
    }
    while (to > from && piece->size - to < ENDS_MAX && !is_letter(piece->bytes[to - 1])) {
        to--;
    }
    return (struct cht_str){piece->bytes + from, to - from};
}

static bool is_common(struct cht_str text)
{
    for (size_t i = 0; password_words[i]; i++) {
        const char *word = password_words[i];
        if (strlen(word) == text.size && memcmp(word, text.at, text.size) == 0) {
            return true;
        }
    }
    return false;
}

/* One base word, or two side by side: "iloveyou", "hellokitty". */
static bool is_common_words(struct cht_str text)
{
    if (text.size < 3 || text.size > 32) {
        return false;
    }
    for (uint32_t first = 3; first + 3 <= text.size; first++) {
        if (is_common((struct cht_str){text.at, first}) &&
            is_common((struct cht_str){text.at + first, text.size - first})) {
            return true;
        }
    }
    return is_common(text);
}

static bool repeats(struct cht_str text, uint32_t period)
{
    for (uint32_t i = period; i < text.size; i++) {
        if (text.at[i] != text.at[i - period]) {
            return false;
        }
    }
    return text.size > period;
}

static bool is_repetition(struct cht_str text)
{
    for (uint32_t period = 1; period <= PERIOD_MAX && period * 2 <= text.size; period++) {
        if (repeats(text, period)) {
            return true;
        }
    }
    return false;
}

static bool is_in(struct cht_str text, const char *row)
{
    return memmem(row, strlen(row), text.at, text.size) != NULL;
}

static bool is_row(struct cht_str text)
{
    char back[32];
    if (text.size < 4 || text.size > sizeof(back)) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        back[i] = text.at[text.size - 1 - i];
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (is_in(text, rows[i]) || is_in((struct cht_str){back, text.size}, rows[i])) {
            return true;
        }
    }
    return false;
}

/* Two finger walks one after the other: "qwer1234", "abcd4321". */
static bool is_pattern(struct cht_str text)
{
    if (is_repetition(text) || is_row(text)) {
        return true;
    }
    for (uint32_t first = 4; first + 4 <= text.size && text.size <= 32; first++) {
        struct cht_str left = {text.at, first};
        struct cht_str right = {text.at + first, text.size - first};
        if ((is_row(left) || is_repetition(left)) && (is_row(right) || is_repetition(right))) {
            return true;
        }
    }
    return false;
}

/* The word is there and leaves fewer than eight characters that are the user's own. */
static bool is_mostly(struct cht_str text, struct cht_str word)
{
    return word.size >= 3 && text.size >= word.size && text.size < word.size + 8 &&
           memmem(text.at, text.size, word.at, word.size);
}

static void fold(struct cht_str password, char (*each)(char at), struct piece *ret_piece)
{
    ret_piece->size = password.size;
    for (uint32_t i = 0; i < password.size; i++) {
        ret_piece->bytes[i] = each(password.at[i]);
    }
}

static bool is_guessable(struct cht_str password, struct cht_str username)
{
    struct piece plain = {0};
    struct piece letters = {0};
    static const struct cht_str product = {"chattifier", 10};
    fold(password, lower, &plain);
    struct cht_str whole = {plain.bytes, plain.size};
    struct cht_str core = strip(&plain);
    fold(core, letter_of, &letters);
    struct cht_str word = {letters.bytes, letters.size};
    return is_pattern(whole) || is_common_words(core) || is_common_words(word) ||
           (core.size >= 4 && password.size - core.size <= ENDS_MAX && is_pattern(core)) ||
           is_mostly(whole, username) || is_mostly(whole, product) || is_mostly(word, product);
}

bool password_rules_allow(struct cht_str password, struct cht_str username)
{
    if (password.size == 0 || password.size > PASSWORD_BYTES_MAX || !cht_utf8_valid(password) ||
        memchr(password.at, 0, password.size)) {
        return false;
    }
    size_t characters = cht_utf8_count(password);
    return characters >= PASSWORD_CHARACTERS_MIN && characters <= PASSWORD_CHARACTERS_MAX &&
           !is_guessable(password, username);
}
