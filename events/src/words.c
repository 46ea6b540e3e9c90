/* words - enums whose values are words on the wire.
 *
 * Happy path: a number becomes its word and back. How it fails: what is no word is 0, what is no
 * number is "". */

#include <string.h>

#include "chattifier/events.h"

#define WORDS(name) static const char *const texts_of_##name[] = {"none",
#define WORD(name, number, word, doc) [number] = #word,
#define WORDS_END(of)                                                                              \
    }                                                                                              \
    ;                                                                                              \
    const struct cht_words cht_words_##of = {                                                      \
        .name = #of, .texts = texts_of_##of, .count = cht_##of##_count};
#include "chattifier/enums.def"
#undef WORDS
#undef WORD
#undef WORDS_END

static const char *const texts_of_command_type[] = {
    "none",
#define COMMAND(number, name, wire, server, changes, doc) [number] = wire,
#include "chattifier/client.def"
#undef COMMAND
};

const struct cht_words cht_words_command_type = {
    .name = "command_type", .texts = texts_of_command_type, .count = cht_command_type_count};

const char *cht_word_text(const struct cht_words *words, uint64_t number)
{
    return number == 0 || number >= words->count ? "" : words->texts[number];
}

uint64_t cht_word_number(const struct cht_words *words, struct cht_str text)
{
    for (uint32_t i = 1; i < words->count; i++) {
        const char *word = words->texts[i];
        if (strlen(word) == text.size && memcmp(word, text.at, text.size) == 0) {
            return i;
        }
    }
    return 0;
}
