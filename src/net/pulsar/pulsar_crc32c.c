/* pulsar_crc32c - the checksum, by instruction or by table.
 *
 * Happy path: eight bytes an instruction on x86-64 with SSE 4.2, which all of it since 2009 has.
 * How it fails: it can not. Other processors have the table, four bits a step: it is small, and
 * right everywhere. */

#include "pulsar/pulsar_crc32c.h"

#include <string.h>

#define POLYNOMIAL 0x82f63b78u /* reflected: the lowest bit is the highest power */

#define BIT(sum) ((sum) >> 1 ^ (POLYNOMIAL & (0u - ((sum)&1u))))
#define FOUR(sum) BIT(BIT(BIT(BIT(sum))))

static const uint32_t table[16] = {FOUR(0u), FOUR(1u), FOUR(2u), FOUR(3u), FOUR(4u), FOUR(5u),
    FOUR(6u), FOUR(7u), FOUR(8u), FOUR(9u), FOUR(10u), FOUR(11u), FOUR(12u), FOUR(13u), FOUR(14u),
    FOUR(15u)};

uint32_t pulsar_crc32c_by_table(uint32_t before, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint32_t sum = ~before;
    for (size_t i = 0; i < size; i++) {
        sum ^= at[i];
        sum = sum >> 4 ^ table[sum & 15];
        sum = sum >> 4 ^ table[sum & 15];
    }
    return ~sum;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t by_instruction(
    uint32_t before, const uint8_t *at, size_t size)
{
    uint64_t sum = (uint32_t)~before;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t eight;
        memcpy(&eight, at, 8);
        sum = __builtin_ia32_crc32di(sum, eight);
    }
    for (; size > 0; size--, at++) {
        sum = __builtin_ia32_crc32qi((uint32_t)sum, *at);
    }
    return ~(uint32_t)sum;
}
#endif

uint32_t pulsar_crc32c(uint32_t before, const void *bytes, size_t size)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2")) {
        return by_instruction(before, bytes, size);
    }
#endif
    return pulsar_crc32c_by_table(before, bytes, size);
}
