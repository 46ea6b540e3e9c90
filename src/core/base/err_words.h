#pragma once

/* err_words - what an error tells a person: the sentence of its table, and of a field that is not
 * as it has to be also what it takes.
 *
 *     A field is missing, has the wrong type or form, or is out of range. text takes 1-16384 bytes.
 *
 * For people: programs go by `code` and `field` (docs/events.md, "Errors"). */

#include "base/err.h"

#define ERR_WORDS_SIZE 256 /* with its end; as much as `message` of an error frame holds */

/* The sentence of `err`, or `ret_words`, where what `field` takes is added to it: of bad_field, if
 * the field is one of the `command` event or of err_words.def, by itself, below `settings.`, or as
 * one of a list (`members.3`). `field` may be NULL and is anybody's text. Never NULL. */
const char *err_words(enum err err, const char *field, char ret_words[ERR_WORDS_SIZE]);
