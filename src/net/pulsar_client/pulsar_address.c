/* pulsar_address - see the header.
 *
 * Happy path: a scheme, perhaps; a host; a port, perhaps. How it fails: a text that has anything
 * else in it is no address. */

#include "pulsar_client/pulsar_address.h"

#include <stdio.h>
#include <string.h>

#define PORT_PLAIN 6650
#define PORT_TLS 6651
#define PORT_DIGITS_MAX 5u

static bool take_prefix(struct cht_str *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (text->size < size || memcmp(text->at, prefix, size) != 0) {
        return false;
    }
    text->at += size;
    text->size -= (uint32_t)size;
    return true;
}

static bool take_scheme(struct cht_str *text, bool tls)
{
    if (take_prefix(text, "pulsar+ssl://")) {
        return tls;
    }
    if (take_prefix(text, "pulsar://")) {
        return !tls;
    }
    return true;
}

/* Names, and addresses of both families. */
static bool is_host_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_' || byte == ':';
}

static bool keep_host(struct cht_str host, struct pulsar_address *ret_address)
{
    if (host.size == 0 || host.size > RESOLVER_HOST_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < host.size; i++) {
        if (!is_host_byte(host.at[i])) {
            return false;
        }
    }
    memcpy(ret_address->host, host.at, host.size);
    ret_address->host[host.size] = 0;
    return true;
}

static bool keep_port(struct cht_str digits, struct pulsar_address *ret_address)
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
    ret_address->port = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX;
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

bool pulsar_address_read(struct cht_str text, bool tls, struct pulsar_address *ret_address)
{
    struct cht_str host, rest;
    if (!take_scheme(&text, tls) || !split(text, &host, &rest) || !keep_host(host, ret_address)) {
        return false;
    }
    ret_address->port = tls ? PORT_TLS : PORT_PLAIN;
    if (rest.size == 0) {
        return true;
    }
    return take_prefix(&rest, ":") && keep_port(rest, ret_address);
}

bool pulsar_address_equal(const struct pulsar_address *one, const struct pulsar_address *other)
{
    return one->port == other->port && strcmp(one->host, other->host) == 0;
}

void pulsar_address_write(
    const struct pulsar_address *address, char ret_text[PULSAR_ADDRESS_TEXT_BYTES])
{
    bool v6 = strchr(address->host, ':') != NULL;
    snprintf(ret_text, PULSAR_ADDRESS_TEXT_BYTES, "%s%s%s:%u", v6 ? "[" : "", address->host,
        v6 ? "]" : "", (unsigned)address->port);
}
