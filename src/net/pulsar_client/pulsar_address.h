#pragma once

/* pulsar_address - where a broker listens, as brokers and settings write it.
 *
 * `pulsar://host:port` or `pulsar+ssl://host:port` (broker URLs), or `host:port` without a scheme
 * (settings). An IPv6 address is in brackets. A missing port is 6650, with TLS 6651. Strict and
 * bounded: what is not exactly that is refused, since brokers say it and it is then connected to.
 */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/types.h"
#include "world/resolver.h"

#define PULSAR_ADDRESS_TEXT_BYTES (RESOLVER_HOST_BYTES_MAX + 9) /* [host]:65535 and the NUL */

struct pulsar_address {
    char host[RESOLVER_HOST_BYTES_MAX + 1];
    uint16_t port; /* 0: none */
};

/* False: it is none, or its scheme is the other one. `tls`: which scheme it has to have, if any. */
bool pulsar_address_read(struct cht_str text, bool tls, struct pulsar_address *ret_address);

static inline bool pulsar_address_is_none(const struct pulsar_address *address)
{
    return address->port == 0;
}

bool pulsar_address_equal(const struct pulsar_address *one, const struct pulsar_address *other);

/* host:port, as CONNECT wants it for a broker behind a proxy. */
void pulsar_address_write(
    const struct pulsar_address *address, char ret_text[PULSAR_ADDRESS_TEXT_BYTES]);
