/* fuzz_query_read - a query as a command: the first byte says which, the rest is the query.
 *
 * Happy path: a command that is read has what it requires and nothing that it does not take. How it
 * fails: a trap, which the fuzzer reports with its input. */

#include <string.h>

#include "demand.h"
#include "wire/query_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint64_t memory[CHT_READ_SCRATCH_BYTES / 8 + 1];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct cht_command command = {.type = bytes[0]};
    struct cht_read_error error;
    char *text = malloc(size);
    DEMAND(text != NULL);
    memcpy(text, bytes + 1, size - 1);
    enum cht_read read =
        query_read((struct cht_str){text, (uint32_t)size - 1}, &scratch, &command, &error);
    const struct cht_command_row *row = cht_command_row(command.type);
    DEMAND(row || read == CHT_READ_UNKNOWN_TYPE);
    DEMAND(read == CHT_READ_OK || read == error.code);
    DEMAND(scratch.used <= scratch.size);
    DEMAND(!row || (command.has & ~row->takes) == 0);
    DEMAND(read != CHT_READ_OK || (row->requires & ~command.has) == 0);
    free(text);
    return 0;
}
