#pragma once

/* pulsar_command - the commands of both sides: a type, and its message.
 *
 * Pure, no allocation. A command whose type is not in the table (pulsar_commands.def) is no flaw:
 * newer brokers have more of them, and who meets one goes on. One of a known type is right or
 * refused as a whole. */

#include "pulsar/pulsar_proto.h"

enum pulsar_command_type {
#define COMMAND(type, name, message, way, text) PULSAR_COMMAND_##name = (type),
#include "pulsar/pulsar_commands.def"
#undef COMMAND
};

/* Who sends a command. */
enum pulsar_way { PULSAR_FROM_CLIENT, PULSAR_FROM_BROKER, PULSAR_FROM_EITHER };

struct pulsar_command_row {
    const char *name; /* "send_receipt" */
    const struct pulsar_row *row;
    enum pulsar_way way;
};

/* Only the member that has the name of the type means something:
 *
 *     {.type = PULSAR_COMMAND_FLOW, .flow = {.consumer_id = 1, .message_permits = 1000}} */
struct pulsar_command {
    uint32_t type; /* enum pulsar_command_type; when read, others too */
    union {
#define COMMAND(type, name, message, way, text) struct pulsar_##message message;
#include "pulsar/pulsar_commands.def"
#undef COMMAND
    };
};

/* NULL for a type that is not in the table. */
const struct pulsar_command_row *pulsar_command_row(uint32_t type);

/* True for SEND and MESSAGE: a message is behind them. */
bool pulsar_carries_message(uint32_t type);

/* Reads a command from all of the bytes, without the lengths in front of it. */
enum pulsar_flaw pulsar_read_command(
    const uint8_t *bytes, size_t size, struct pulsar_command *ret_command);
