#pragma once

/* cursor - where a list goes on, as an opaque text that is bound to the user and the question:
 * forged ones are refused. */

#include "message_inner.h"

#define CURSOR_POSITION_MAX 300
#define CURSOR_TEXT_MAX 512

/* base64url of the position and a MAC over it, the user and the question. `ret_text` has
 * CURSOR_TEXT_MAX bytes. */
struct cht_str cursor_write(const struct message_service *service,
    const struct cht_command *command, struct cht_str position, char *ret_text);

/* The position of the command's cursor; false: forged, another user's or another question's.
 * `ret_bytes` has CURSOR_TEXT_MAX bytes. */
MUST_USE bool cursor_read(const struct message_service *service, const struct cht_command *command,
    char *ret_bytes, struct cht_str *ret_position);
