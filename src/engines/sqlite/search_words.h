#pragma once

/* search_words - a question of words as the index understands it.
 *
 * Words are what stands between blanks; all have to be in a text, the last one as a beginning.
 * Where few words of the index begin so they are named instead: then the places of a room are found
 * without those of all others. What is found is the same, and depends on no word of others. */

#include "db.h"

struct search_words {
    struct cht_str match; /* empty: nothing can be found */
    uint32_t terms;       /* of the index, that it names */
    bool is_beginning;    /* it names the beginning, and is answered from all rooms alone */
};

/* The texts are the arena's. Reads the index. */
void search_words_read(
    struct db *db, struct arena *arena, struct cht_str q, struct search_words *ret_words);
