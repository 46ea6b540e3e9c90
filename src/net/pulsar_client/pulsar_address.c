/* pulsar_address - see the header.
 *
 * Happy path: a scheme, perhaps; a host; a port, perhaps. How it fails: a text that has anything
 * else in it is no address. */

#include "pulsar_client/pulsar_address.h"

#include <string.h>

#define PORT_PLAIN 6650
#define PORT_TLS 6651

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

bool pulsar_address_read(struct cht_str text, bool tls, struct pulsar_address *ret_address)
{
    ret_address->port = tls ? PORT_TLS : PORT_PLAIN;
    return take_scheme(&text, tls) && host_port_read(text, ret_address->host, &ret_address->port);
}

bool pulsar_address_equal(const struct pulsar_address *one, const struct pulsar_address *other)
{
    return one->port == other->port && strcmp(one->host, other->host) == 0;
}

void pulsar_address_write(
    const struct pulsar_address *address, char ret_text[PULSAR_ADDRESS_TEXT_BYTES])
{
    host_port_write(address->host, address->port, ret_text);
}
