/* sockaddr - see the header.
 *
 * Happy path: one form becomes the other, IPv4 being ::ffff:a.b.c.d in the port's. How it fails: a
 * text that is no address is told as such; nothing else can go wrong. */

#include "loop/sockaddr.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/check.h"

#define MAPPED_BYTES 12

socklen_t sockaddr_from_text(const char *host, uint16_t port, struct sockaddr_storage *ret_address)
{
    memset(ret_address, 0, sizeof(*ret_address));
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof(*v4);
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof(*v6);
    }
    return 0;
}

socklen_t sockaddr_from_net(const struct net_address *from, struct sockaddr_storage *ret_address)
{
    memset(ret_address, 0, sizeof(*ret_address));
    if (net_address_is_ipv4(from)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret_address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(from->port);
        memcpy(&v4->sin_addr, from->ip + MAPPED_BYTES, 4);
        return sizeof(*v4);
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret_address;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(from->port);
    memcpy(&v6->sin6_addr, from->ip, sizeof(from->ip));
    return sizeof(*v6);
}

void sockaddr_to_net(const struct sockaddr_storage *from, struct net_address *ret_address)
{
    static const uint8_t mapped[MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};
    if (from->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, from, sizeof(v4));
        memcpy(ret_address->ip, mapped, sizeof(mapped));
        memcpy(ret_address->ip + sizeof(mapped), &v4.sin_addr, 4);
        ret_address->port = ntohs(v4.sin_port);
        return;
    }
    CHECK(from->ss_family == AF_INET6);
    struct sockaddr_in6 v6;
    memcpy(&v6, from, sizeof(v6));
    memcpy(ret_address->ip, &v6.sin6_addr, sizeof(ret_address->ip));
    ret_address->port = ntohs(v6.sin6_port);
}
