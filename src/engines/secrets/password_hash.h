#pragma once

/* password_hash - slow hashes of passwords, as pure functions that may run on any thread.
 *
 * New ones are Argon2id with 19 MiB, two passes, one lane, a salt of 16 bytes, in the usual text
 * form ($argon2id$v=19$m=...). Old bcrypt hashes ($2a$, $2b$, $2y$) are verified. Parameters of a
 * stored hash are bounded before they are used: a hash that asks for more than a server can give is
 * refused like a wrong password. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "chattifier/types.h"

#define PASSWORD_SALT_SIZE 16
#define PASSWORD_HASH_SIZE 256 /* with its NUL */

/* False if there is no memory for it. */
bool password_hash_make(struct cht_str password, const uint8_t salt[PASSWORD_SALT_SIZE],
    char ret_hash[PASSWORD_HASH_SIZE]);

/* True if the password fits. An empty hash, or one of no known form, costs what a hash costs and
 * does not fit. `ret_outdated`: it fits, but was made with less than what is used now. */
bool password_hash_fits(struct cht_str password, struct cht_str hash, bool *ret_outdated);
