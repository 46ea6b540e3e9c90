#pragma once

/* http_in - commands that come over HTTP. */

#include "socket_inner.h"

void http_in_call(struct socket_service *service, const struct upstream_call *call);
