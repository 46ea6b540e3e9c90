#pragma once

/* online - one question to sessions: how these users are at this moment. */

#include "socket_inner.h"

/* At most 200 users; copied. The answers go to watches_on_state, with
 * the number of the question. */
void online_ask(struct socket_service *service, const struct cht_ids *users);
