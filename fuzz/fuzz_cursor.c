/* fuzz_cursor - where a list goes on, as any text, and any position as a text.
 *
 * Happy path: what is taken is exactly what would be written for its position; a position comes
 * back for its user and question, and for no other user. How it fails: a trap, which the fuzzer
 * reports with its input. */

#include <string.h>

#include "chattifier/events.h"
#include "demand.h"
#include "message/cursor.h"
#include "toy_secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct message_service service = {.deps = {.secrets = &toy_secrets}};

static bool read_it(const struct cht_command *question, struct cht_str text,
    char ret_bytes[CURSOR_TEXT_MAX], struct cht_str *ret_position)
{
    struct cht_command again = *question;
    again.cursor = text;
    return cursor_read(&service, &again, ret_bytes, ret_position);
}

static void check_text(const struct cht_command *question, struct cht_str text)
{
    char bytes[CURSOR_TEXT_MAX], written[CURSOR_TEXT_MAX];
    struct cht_str position;
    if (read_it(question, text, bytes, &position)) {
        DEMAND(cht_str_equal(cursor_write(&service, question, position, written), text));
    }
}

static void check_position(struct cht_command *question, struct cht_str position)
{
    char bytes[CURSOR_TEXT_MAX], written[CURSOR_TEXT_MAX];
    struct cht_str again;
    struct cht_str text = cursor_write(&service, question, position, written);
    DEMAND(text.size <= CURSOR_TEXT_MAX);
    DEMAND(read_it(question, text, bytes, &again) && cht_str_equal(again, position));
    question->author.bytes[0] ^= 1;
    DEMAND(!read_it(question, text, bytes, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    DEMAND(copy != NULL);
    memcpy(copy, bytes, size);
    struct cht_command question = {.type = cht_command_type_search, .author = {{7}}};
    question.q = (struct cht_str){copy, (uint32_t)(size < 256 ? size : 256)};
    check_text(&question, (struct cht_str){copy, (uint32_t)size});
    if (size > 0 && size <= CURSOR_POSITION_MAX) {
        check_position(&question, (struct cht_str){copy, (uint32_t)size});
    }
    free(copy);
    return 0;
}
