#pragma once

/* fold - one form for names that look alike, so that they can be compared and ordered.
 *
 * Simple case folding, code point by code point, of ASCII, Latin-1, Latin Extended-A, Greek and
 * Cyrillic. What shows nothing (cht_look_of) is left out, every run of blanks is one space, and at
 * the ends there is none. Every other code point stays. The result is never longer than the text.
 * It depends on no locale and on no library, so stored names keep their order. */

#include "base/arena.h"

/* The folded `name`, valid UTF-8 like it; a name that is no UTF-8 stays as it is. */
struct cht_str name_fold(struct arena *arena, struct cht_str name);

/* The same of the beginning of a name: a space at its end stays. */
struct cht_str name_fold_prefix(struct arena *arena, struct cht_str prefix);
