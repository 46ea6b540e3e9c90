#pragma once

/* pulsar_address - where a broker listens, as brokers and settings write it.
 *
 * `pulsar://host:port` or `pulsar+ssl://host:port` (broker URLs), or `host:port` without a scheme
 * (settings), of which link/host_port.h says more. A missing port is 6650, with TLS 6651. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/types.h"
#include "link/host_port.h"

#define PULSAR_ADDRESS_TEXT_BYTES HOST_PORT_BYTES

struct pulsar_address {
    char host[HOST_BYTES];
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
