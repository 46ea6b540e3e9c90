#pragma once

/* fold - one form for names that differ only in case, so that they can be compared and ordered.
 *
 * Simple case folding, code point by code point, of ASCII, Latin-1, Latin Extended-A, Greek and
 * Cyrillic; every other code point stays. The result is never longer than the text. It depends on
 * no locale and on no library, so stored names keep their order. */

#include "base/arena.h"

/* The folded `name`, valid UTF-8 if the name is; bytes that are no UTF-8 stay as they are. */
struct cht_str name_fold(struct arena *arena, struct cht_str name);
