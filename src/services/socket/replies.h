#pragma once

/* replies - answers of other services on their way to the client that asked. */

#include "socket_inner.h"

void reply_on_answer(struct socket_service *service, const struct cht_reply *reply);

/* Answers `timeout` for what waits too long. */
void replies_tick(struct socket_service *service);
