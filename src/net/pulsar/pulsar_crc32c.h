#pragma once

/* pulsar_crc32c - the checksum of entries: CRC-32 with Castagnoli's polynomial, as in RFC 3720
 * (appendix B.4). By an instruction where the processor has one, else by a small table. Pure. */

#include <stddef.h>
#include <stdint.h>

/* Goes on from the checksum of what came before; 0: nothing did. */
uint32_t pulsar_crc32c(uint32_t before, const void *bytes, size_t size);

/* The same by the table, for the test that both agree. */
uint32_t pulsar_crc32c_by_table(uint32_t before, const void *bytes, size_t size);
