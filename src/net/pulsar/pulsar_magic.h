#pragma once

/* pulsar_magic - what stands in front of the optional parts of an entry. For this library only. */

#define PULSAR_MAGIC_CHECKSUM 0x0e01
#define PULSAR_MAGIC_BROKER_ENTRY 0x0e02
