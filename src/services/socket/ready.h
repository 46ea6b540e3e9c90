#pragma once

/* ready - the first frame of every connection: who one is, and what holds here. */

#include "socket_inner.h"

void ready_send(struct socket_service *service, uint32_t slot, const struct cht_id *user);
