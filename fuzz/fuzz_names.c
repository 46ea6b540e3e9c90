/* fuzz_names - names of users and devices, and the form in which they are compared.
 *
 * Happy path: a username that is good has only its few characters, other names are UTF-8 without
 * control characters and never only invisible, and folding twice is folding once. How it fails: a
 * trap, which the fuzzer reports with its input. */

#include <string.h>

#include "base/fold.h"
#include "chattifier/events.h"
#include "demand.h"
#include "user/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_username(struct cht_str text)
{
    char folded[USERNAME_SIZE_MAX];
    struct cht_str name;
    if (!names_fold(text, folded, sizeof(folded), &name)) {
        DEMAND(name.size == 0);
        return;
    }
    DEMAND(name.size == text.size);
    if (!names_username_valid(name)) {
        return;
    }
    DEMAND(name.size >= 3 && name.size <= USERNAME_SIZE_MAX);
    for (uint32_t i = 0; i < name.size; i++) {
        DEMAND(name.at[i] != '\0' && strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", name.at[i]));
    }
}

static void check_shown(struct cht_str text, bool good, uint32_t points_max, const char *controls)
{
    if (!good) {
        return;
    }
    DEMAND(cht_utf8_valid(text) && cht_utf8_count(text) <= points_max);
    for (uint32_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.at[i];
        DEMAND(byte >= ' ' || (byte != 0 && strchr(controls, byte)));
    }
}

/* What the invisible leaves is enough to tell names apart. */
static void check_name(struct cht_str text)
{
    static const char *const joiners[] = {"\u200c", "\u200d"};
    struct arena arena = {0};
    DEMAND(!cht_has_hidden(text));
    DEMAND(name_fold(&arena, text).size > 0);
    for (size_t i = 0; i < sizeof(joiners) / sizeof(joiners[0]); i++) {
        DEMAND(text.size >= 3 && memcmp(text.at, joiners[i], 3) != 0);
        DEMAND(memcmp(text.at + text.size - 3, joiners[i], 3) != 0);
    }
    arena_deinit(&arena);
}

static void check_folded(struct cht_str text)
{
    struct arena arena = {0};
    struct cht_str once = name_fold(&arena, text);
    struct cht_str twice = name_fold(&arena, once);
    DEMAND(name_fold_prefix(&arena, text).size >= once.size);
    DEMAND(once.size <= text.size);
    DEMAND(cht_str_equal(once, twice));
    DEMAND(!cht_utf8_valid(text) || cht_utf8_valid(once));
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    DEMAND(copy != NULL);
    memcpy(copy, bytes, size);
    struct cht_str text = {copy, (uint32_t)size};
    check_username(text);
    check_shown(text, names_display_valid(text), 64, "");
    check_shown(text, names_device_valid(text), 64, "");
    if (cht_utf8_valid(text) && cht_is_name(text) && text.size >= 3) {
        check_name(text);
    }
    check_shown(text, names_bio_valid(text), 500, "\r\n");
    check_folded(text);
    free(copy);
    return 0;
}
