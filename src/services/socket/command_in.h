#pragma once

/* command_in - text frames of clients become commands. */

#include "socket_inner.h"

/* `bytes` are lent and are changed in place. */
void command_in_text(struct socket_service *service, uint32_t slot, char *bytes, uint32_t size);
