/* pulsar_bytes - taking numbers, tags and sized bytes.
 *
 * Happy path: what is taken is there. How it fails: the first size that overruns, number that is
 * too long or wire type that is not known empties the bytes, and all that is taken after it is
 * zero. */

#include "pulsar/pulsar_bytes.h"

#include "base/big_endian.h"

#define FIELD_NUMBER_MAX ((UINT32_C(1) << 29) - 1)

void pulsar_bytes_fail(struct pulsar_bytes *bytes, enum pulsar_flaw flaw)
{
    if (bytes->flaw == PULSAR_FINE) {
        bytes->flaw = flaw;
    }
    bytes->at = bytes->end;
}

const uint8_t *pulsar_take(struct pulsar_bytes *bytes, uint64_t size)
{
    if (bytes->flaw != PULSAR_FINE || size > pulsar_bytes_left(bytes)) {
        pulsar_bytes_fail(bytes, PULSAR_SHORT);
        return NULL;
    }
    const uint8_t *taken = bytes->at;
    bytes->at += size;
    return taken;
}

uint32_t pulsar_take_u32(struct pulsar_bytes *bytes)
{
    const uint8_t *taken = pulsar_take(bytes, 4);
    return taken ? (uint32_t)big_endian_get_sized(taken, 4) : 0;
}

static uint64_t take_long_varint(struct pulsar_bytes *bytes)
{
    uint64_t number = 0;
    const uint8_t *at = bytes->at;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (at == bytes->end) {
            pulsar_bytes_fail(bytes, PULSAR_SHORT);
            return 0;
        }
        uint8_t byte = *at++;
        if (shift == 63 && byte > 1) {
            break;
        }
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            bytes->at = at;
            return number;
        }
    }
    pulsar_bytes_fail(bytes, PULSAR_WRONG_VARINT);
    return 0;
}

/* Most are of one byte. */
uint64_t pulsar_take_varint(struct pulsar_bytes *bytes)
{
    if (bytes->at < bytes->end && *bytes->at < 0x80) {
        return *bytes->at++;
    }
    return take_long_varint(bytes);
}

struct pulsar_tag pulsar_take_tag(struct pulsar_bytes *bytes)
{
    uint64_t tag = pulsar_take_varint(bytes);
    uint64_t number = tag >> 3;
    if (bytes->flaw != PULSAR_FINE || number == 0 || number > FIELD_NUMBER_MAX) {
        pulsar_bytes_fail(bytes, PULSAR_WRONG_WIRE);
        return (struct pulsar_tag){0};
    }
    return (struct pulsar_tag){(uint32_t)number, tag & 7};
}

struct cht_str pulsar_take_sized(struct pulsar_bytes *bytes)
{
    uint64_t size = pulsar_take_varint(bytes);
    const uint8_t *at = pulsar_take(bytes, size);
    return at && size > 0 ? (struct cht_str){(const char *)at, (uint32_t)size}
                          : (struct cht_str){0};
}

void pulsar_skip(struct pulsar_bytes *bytes, uint8_t wire)
{
    switch (wire) {
    case PULSAR_WIRE_VARINT:
        (void)pulsar_take_varint(bytes);
        return;
    case PULSAR_WIRE_64:
        (void)pulsar_take(bytes, 8);
        return;
    case PULSAR_WIRE_SIZED:
        (void)pulsar_take_sized(bytes);
        return;
    case PULSAR_WIRE_32:
        (void)pulsar_take(bytes, 4);
        return;
    default: /* groups, which protobuf itself has given up */
        pulsar_bytes_fail(bytes, PULSAR_WRONG_WIRE);
    }
}
