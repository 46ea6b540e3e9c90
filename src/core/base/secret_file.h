#pragma once

/* secret_file - a password or a token, out of the file that a setting names.
 *
 * It is the first line of the file. No copy of it is left anywhere but where it was asked for. It
 * waits for the disk, so at the start, or seldom. */

#include <stddef.h>

#include "base/err.h"

/* `ret_secret` has room for `capacity` bytes, NUL included, and is wiped by who asks. What is
 * empty, too long or has a NUL is ERR_BAD_CONFIG, as is a file that can not be read; then `ret_why`
 * is why, which never has anything of the file and is good until the next call. */
MUST_USE enum err secret_file_read(
    const char *path, char *ret_secret, size_t capacity, const char **ret_why);
