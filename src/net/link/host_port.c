/* host_port - see the header. Happy path: a name of letters that hosts have, and digits. How it
 * fails: what is not exactly that is refused as a whole. */

#include "link/host_port.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "world/net.h"

#define PORT_DIGITS_MAX 5u

/* Of names, and of both kinds of addresses; a zone of an IPv6 address too. */
static bool is_of_host(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr(".-_:%", c));
}

static bool take_host(struct cht_str text, char *ret_host)
{
    if (text.size == 0 || text.size > RESOLVER_HOST_BYTES_MAX || cht_str_is(text, ".")) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        if (!is_of_host(text.at[i])) {
            return false;
        }
    }
    memcpy(ret_host, text.at, text.size);
    ret_host[text.size] = 0;
    return true;
}

static bool take_port(struct cht_str digits, uint16_t *ret_port)
{
    uint32_t port = 0;
    if (digits.size == 0 || digits.size > PORT_DIGITS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < digits.size; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(digits.at[i] - '0');
    }
    *ret_port = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX;
}

bool host_port_take(
    struct cht_str host, struct cht_str port, char ret_host[HOST_BYTES], uint16_t *ret_port)
{
    return take_host(host, ret_host) && take_port(port, ret_port);
}

/* The host, and what is behind it: nothing, or a colon and a port. */
static bool split(struct cht_str text, struct cht_str *ret_host, struct cht_str *ret_rest)
{
    bool in_brackets = text.size > 0 && text.at[0] == '[';
    const char *end = text.size ? memchr(text.at, in_brackets ? ']' : ':', text.size) : NULL;
    if (in_brackets && !end) {
        return false;
    }
    uint32_t size = end ? (uint32_t)(end - text.at) : text.size;
    uint32_t skipped = in_brackets ? 1 : 0;
    *ret_host = (struct cht_str){text.at + skipped, size - skipped};
    *ret_rest = (struct cht_str){text.at + size + skipped, text.size - size - skipped};
    return true;
}

bool host_port_read(struct cht_str text, char ret_host[HOST_BYTES], uint16_t *ret_port)
{
    struct cht_str host, rest;
    if (!split(text, &host, &rest) || !take_host(host, ret_host)) {
        return false;
    }
    if (rest.size == 0) {
        return true;
    }
    return *rest.at == ':' && take_port((struct cht_str){rest.at + 1, rest.size - 1}, ret_port);
}

void host_port_write(const char *host, uint16_t port, char ret_text[HOST_PORT_BYTES])
{
    bool is_v6 = strchr(host, ':') != NULL;
    int size = snprintf(ret_text, HOST_PORT_BYTES, "%s%s%s:%u", is_v6 ? "[" : "", host,
        is_v6 ? "]" : "", (unsigned)port);
    CHECK(size < (int)HOST_PORT_BYTES);
}

void host_of_address(const struct net_address *address, char ret_host[HOST_BYTES])
{
    bool is_v4 = net_address_is_ipv4(address);
    const void *from = is_v4 ? address->ip + 12 : address->ip;
    CHECK(inet_ntop(is_v4 ? AF_INET : AF_INET6, from, ret_host, HOST_BYTES));
}
