/* redis_refusal - a table, looked up by word. Happy path: the row. How it fails: a word that nobody
 * knows has a row of its own. */

#include "redis_client/redis_refusal.h"

#include <string.h>

static const struct redis_refusal rows[] = {
#define REFUSAL(name, word, err, effect, text) {word, ERR_##err, REDIS_##effect},
#include "redis_client/redis_refusals.def"
#undef REFUSAL
};

static const struct redis_refusal unknown = {"", ERR_INTERNAL, REDIS_STAYS};

static struct cht_str first_word(struct cht_str text)
{
    const char *space = text.size > 0 ? memchr(text.at, ' ', text.size) : NULL;
    return (struct cht_str){text.at, space ? (uint32_t)(space - text.at) : text.size};
}

const struct redis_refusal *redis_refusal_of(struct cht_str text)
{
    struct cht_str word = first_word(text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cht_str_is(word, rows[i].word)) {
            return &rows[i];
        }
    }
    return &unknown;
}
