#pragma once

/* http_rates - how often a user may ask over HTTP.
 *
 * The next request of a user comes to whatever worker: the sessions port counts, and the edge keeps
 * the request until it has answered. */

#include "socket_inner.h"

/* Calls `run` if the user is within their rate, now or later with the same call; else refuses.
 * `sends`: it is a message. */
void http_rates_ask(struct socket_service *service, const struct upstream_call *call, bool sends,
    void (*run)(struct socket_service *service, const struct upstream_call *call));
