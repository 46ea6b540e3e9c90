#pragma once

/* password_rules - which passwords may be chosen. Pure.
 *
 * 8-128 characters, any but NUL, compared byte for byte as they were sent: no composition rules, no
 * normalisation. Refused are those that everybody tries first. Instead of a list of thousands there
 * is a rule: letters and look-alikes are folded (Pa55w0rd is password), up to six digits and signs
 * are taken off both ends, and what is left must not be one of some hundred base words
 * (password_words.c) or two of them side by side; nor one repeated piece, a row of the
 * keyboard, an alphabet, or digits in order. The same is asked of the product's name and the user's
 * own, which must not be most of the password either. */

#include <stdbool.h>

#include "chattifier/types.h"

#define PASSWORD_CHARACTERS_MIN 8
#define PASSWORD_CHARACTERS_MAX 128
#define PASSWORD_BYTES_MAX 512 /* 128 characters of four bytes */

bool password_rules_allow(struct cht_str password, struct cht_str username);
