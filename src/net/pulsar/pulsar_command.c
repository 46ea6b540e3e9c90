/* pulsar_command - commands from their bytes.
 *
 * Happy path: the type comes first, and behind it one field: its message. How it fails: by the
 * first flaw; a type that is not known is none. */

#include "pulsar/pulsar_command.h"

#include "pulsar/pulsar_bytes.h"

#define WAY_CLIENT PULSAR_FROM_CLIENT
#define WAY_BROKER PULSAR_FROM_BROKER
#define WAY_EITHER PULSAR_FROM_EITHER

#define TYPE_NUMBER 1

static const struct pulsar_command_row rows[] = {
#define COMMAND(type, name, message, way, text)                                                    \
    [type] = {#message, &pulsar_row_##message, WAY_##way},
#include "pulsar/pulsar_commands.def"
#undef COMMAND
};

#define ROWS_END (sizeof(rows) / sizeof(rows[0]))

const struct pulsar_command_row *pulsar_command_row(uint32_t type)
{
    return type < ROWS_END && rows[type].name ? &rows[type] : NULL;
}

bool pulsar_carries_message(uint32_t type)
{
    return type == PULSAR_COMMAND_SEND || type == PULSAR_COMMAND_MESSAGE;
}

/* Protobuf allows any order of fields; the type is looked for first. */
static enum pulsar_flaw read_type(struct pulsar_bytes bytes, uint32_t *ret_type)
{
    while (pulsar_bytes_left(&bytes) > 0) {
        struct pulsar_tag tag = pulsar_take_tag(&bytes);
        if (tag.number != TYPE_NUMBER) {
            pulsar_skip(&bytes, tag.wire);
            continue;
        }
        uint64_t type = tag.wire == PULSAR_WIRE_VARINT ? pulsar_take_varint(&bytes) : UINT64_MAX;
        *ret_type = (uint32_t)type;
        if (bytes.flaw == PULSAR_FINE && type > INT32_MAX) {
            return tag.wire == PULSAR_WIRE_VARINT ? PULSAR_WRONG_NUMBER : PULSAR_WRONG_WIRE;
        }
        return bytes.flaw;
    }
    return bytes.flaw == PULSAR_FINE ? PULSAR_MISSING : bytes.flaw;
}

/* All fields are gone through, those of other types too, so what is cut is found. */
static enum pulsar_flaw find_message(
    struct pulsar_bytes bytes, uint32_t type, struct pulsar_bytes *ret_message)
{
    bool has_type = false, has_message = false;
    while (pulsar_bytes_left(&bytes) > 0) {
        struct pulsar_tag tag = pulsar_take_tag(&bytes);
        bool *has = tag.number == TYPE_NUMBER ? &has_type : &has_message;
        if (tag.number != TYPE_NUMBER && tag.number != type) {
            pulsar_skip(&bytes, tag.wire);
            continue;
        }
        if (*has) {
            return PULSAR_REPEATED;
        }
        *has = true;
        if (tag.number == type && tag.wire != PULSAR_WIRE_SIZED) {
            return PULSAR_WRONG_WIRE;
        }
        uint64_t size = pulsar_take_varint(&bytes); /* or the type */
        const uint8_t *at = tag.number == type ? pulsar_take(&bytes, size) : NULL;
        if (at) {
            *ret_message = (struct pulsar_bytes){at, bytes.at, PULSAR_FINE};
        }
    }
    if (bytes.flaw != PULSAR_FINE) {
        return bytes.flaw;
    }
    return has_message ? PULSAR_FINE : PULSAR_NO_COMMAND;
}

enum pulsar_flaw pulsar_read_command(
    const uint8_t *at, size_t size, struct pulsar_command *ret_command)
{
    struct pulsar_bytes bytes = {at, at + size, PULSAR_FINE};
    struct pulsar_bytes message = {0};
    enum pulsar_flaw flaw = read_type(bytes, &ret_command->type);
    const struct pulsar_command_row *row =
        flaw == PULSAR_FINE ? pulsar_command_row(ret_command->type) : NULL;
    if (!row) {
        return flaw;
    }
    flaw = find_message(bytes, ret_command->type, &message);
    if (flaw != PULSAR_FINE) {
        return flaw;
    }
    /* The members of a union all begin where it begins. */
    return pulsar_read(row->row, message.at, pulsar_bytes_left(&message), &ret_command->connect);
}
