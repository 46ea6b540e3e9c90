/* fuzz_client_json - the reader of clients' JSON against any bytes.
 *
 * Happy path: the reader stays inside its bytes; an accepted command is written again, read again
 * and then written the same; what is accepted also passes through the binary form. How it fails: a
 * trap, which the fuzzer reports with its input. */

#include <stdlib.h>
#include <string.h>

#include "chattifier/events.h"
#include "demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A command in memory of exactly the size of its text, so that the sanitizer sees every step
 * outside. */
struct reading {
    char *text;
    size_t size;
    uint64_t memory[CHT_READ_SCRATCH_BYTES / 8 + 1];
    struct cht_command command;
    struct cht_client_head head;
    struct cht_read_error error;
};

static struct reading first;
static struct reading second;

static bool read_copy(struct reading *reading, const void *bytes, size_t size)
{
    struct cht_scratch scratch = {(uint8_t *)reading->memory, sizeof(reading->memory), 0};
    free(reading->text);
    reading->text = malloc(size == 0 ? 1 : size);
    DEMAND(reading->text != NULL);
    if (size > 0) {
        memcpy(reading->text, bytes, size);
    }
    reading->size = size;
    enum cht_read code = cht_read_client((struct cht_str){reading->text, (uint32_t)size}, &scratch,
        &reading->command, &reading->head, &reading->error);
    DEMAND(code == reading->error.code);
    return code == CHT_READ_OK;
}

static char *write_command(const struct reading *reading, size_t *ret_size)
{
    struct cht_json measure = {0};
    cht_json_client(&measure, &reading->command, reading->head.ref);
    char *text = malloc(measure.used);
    DEMAND(text != NULL);
    struct cht_json json = {.at = text, .size = measure.used};
    cht_json_client(&json, &reading->command, reading->head.ref);
    DEMAND(json.used == measure.used);
    *ret_size = json.used;
    return text;
}

static void check_written(void)
{
    size_t size;
    size_t again_size;
    char *text = write_command(&first, &size);
    DEMAND(read_copy(&second, text, size));
    DEMAND(cht_event_equal(&cht_row_command, &first.command, &second.command));
    char *again = write_command(&second, &again_size);
    DEMAND(size == again_size && memcmp(text, again, size) == 0);
    free(text);
    free(again);
}

static void check_binary(void)
{
    static uint64_t memory[CHT_READ_SCRATCH_BYTES / 8 + 1];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct cht_command decoded;
    size_t size = cht_encoded_size(&cht_row_command, &first.command);
    uint8_t *bytes = malloc(size);
    DEMAND(bytes != NULL);
    cht_encode(&cht_row_command, &first.command, bytes);
    struct cht_str text = {(const char *)bytes, (uint32_t)size};
    DEMAND(cht_decode(&cht_row_command, text, &scratch, &decoded));
    DEMAND(cht_event_equal(&cht_row_command, &first.command, &decoded));
    free(bytes);
}

static void check_members(const uint8_t *bytes, size_t size)
{
    static struct cht_member members[5000];
    size_t count;
    char *copy = malloc(size == 0 ? 1 : size);
    DEMAND(copy != NULL);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    if (cht_read_members((struct cht_str){copy, (uint32_t)size}, members, 5000, &count)) {
        for (size_t i = 0; i < count; i++) {
            DEMAND(cht_utf8_valid(members[i].name) && cht_utf8_valid(members[i].value));
        }
    }
    free(copy);
}

static void check_name(void)
{
    const struct cht_command *command = &first.command;
    bool names = command->type == cht_command_type_room_create ||
                 command->type == cht_command_type_room_update;
    DEMAND(!names || command->name.size == 0 || cht_is_name(command->name));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (read_copy(&first, bytes, size)) {
        check_name();
        check_written();
        check_binary();
    }
    check_members(bytes, size);
    return 0;
}
