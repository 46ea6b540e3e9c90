#pragma once

/* sockaddr - addresses as the operating system has them, and as the port net has them. IPv4 and
 * IPv6. */

#include <netinet/in.h>
#include <sys/socket.h>

#include "world/net.h"

/* Fills `ret_address` from the text of an address; answers its size, 0 if the text is none. */
socklen_t sockaddr_from_text(const char *host, uint16_t port, struct sockaddr_storage *ret_address);

/* Fills `ret_address`; answers its size. */
socklen_t sockaddr_from_net(const struct net_address *from, struct sockaddr_storage *ret_address);

/* What is neither IPv4 nor IPv6 must not come here. */
void sockaddr_to_net(const struct sockaddr_storage *from, struct net_address *ret_address);
