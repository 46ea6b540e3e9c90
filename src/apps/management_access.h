#pragma once

/* management_access - whose requests the management port answers.
 *
 * It asks for no credentials: who reaches it is an operator. A page in an operator's browser
 * reaches it too, whoever wrote the page, so requests that a page has made are refused, and on
 * loopback those for another name than the machine's own (a page may point its name there). */

#include <stdbool.h>

#include "link/edge.h"

/* `host`: what the port listens on. */
bool management_may_ask(const struct edge_request *request, const char *host);
