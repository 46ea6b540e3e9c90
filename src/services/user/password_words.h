#pragma once

/* password_words - the base words for user/password_rules.c: lower case, NULL at the end. */

extern const char *const password_words[];
