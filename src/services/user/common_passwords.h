#pragma once

/* common_passwords - the base words for user/passwords.c: lower case, NULL at the end. */

extern const char *const common_passwords[];
