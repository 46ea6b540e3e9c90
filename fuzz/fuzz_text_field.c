/* fuzz_text_field - a field of a command as text, as it comes in a path or a query: the first byte
 * says which field, the rest is the text.
 *
 * Happy path: what is accepted passes through the binary form unchanged, what is not leaves no
 * trace. How it fails: a trap, which the fuzzer reports with its input. */

#include <string.h>

#include "chattifier/events.h"
#include "demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint64_t memory[2][CHT_READ_SCRATCH_BYTES / 8 + 1];

static struct cht_scratch scratch(unsigned which)
{
    return (struct cht_scratch){(uint8_t *)memory[which], sizeof(memory[which]), 0};
}

static void check_binary(const struct cht_command *command)
{
    struct cht_scratch space = scratch(1);
    struct cht_command decoded;
    size_t size = cht_encoded_size(&cht_row_command, command);
    uint8_t *encoded = malloc(size);
    DEMAND(encoded != NULL);
    cht_encode(&cht_row_command, command, encoded);
    struct cht_str text = {(const char *)encoded, (uint32_t)size};
    DEMAND(cht_decode(&cht_row_command, text, &space, &decoded));
    DEMAND(cht_event_equal(&cht_row_command, command, &decoded));
    free(encoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct cht_scratch space = scratch(0);
    struct cht_command command = {.type = cht_command_type_room_list};
    int field = bytes[0] % CHT_COUNT_command;
    char *text = malloc(size);
    DEMAND(text != NULL);
    memcpy(text, bytes + 1, size - 1);
    bool good =
        cht_read_text_field(&command, field, (struct cht_str){text, (uint32_t)size - 1}, &space);
    DEMAND(command.has == (good ? UINT64_C(1) << field : 0));
    if (good) {
        check_binary(&command);
    }
    free(text);
    return 0;
}
