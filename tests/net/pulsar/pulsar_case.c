/* pulsar_case - exchanges with a broker, by their names.
 *
 * Happy path: what is looked for is there and right. How it fails: the test does. */

#include "pulsar_case.h"

#include <stdlib.h>
#include <string.h>

const struct recorded recorded_rows[] = {
#define EXCHANGE(name, request, response, text) {#name, request, response},
#include "recorded.def"
#undef EXCHANGE
};

const size_t recorded_count = sizeof(recorded_rows) / sizeof(recorded_rows[0]);

static const struct recorded *find(const char *name)
{
    for (size_t i = 0; i < recorded_count; i++) {
        if (strcmp(recorded_rows[i].name, name) == 0) {
            return &recorded_rows[i];
        }
    }
    fail_msg("nothing is recorded as %s", name);
    return NULL;
}

struct sized recorded_request(const char *name)
{
    return sized_from_hex(find(name)->request);
}

struct sized recorded_response(const char *name)
{
    return sized_from_hex(find(name)->response);
}

struct pulsar_frame frame_at(const struct sized *bytes, size_t at)
{
    struct pulsar_frame frame;
    assert_true(at <= bytes->size);
    enum pulsar_flaw flaw =
        pulsar_read_frame(bytes->at + at, bytes->size - at, PULSAR_MESSAGE_BYTES, &frame);
    assert_string_equal(pulsar_flaw_name(flaw), "fine");
    return frame;
}

struct pulsar_frame frame_of(const struct sized *bytes, uint32_t type)
{
    struct pulsar_frame frame;
    for (size_t at = 0; at < bytes->size; at += frame.size) {
        frame = frame_at(bytes, at);
        if (frame.command.type == type) {
            return frame;
        }
    }
    fail_msg("there is no frame of type %u", type);
    return (struct pulsar_frame){0};
}

enum pulsar_flaw read_hex(const struct pulsar_row *row, const char *hex, void *ret_message)
{
    struct sized bytes = sized_from_hex(hex);
    void *message = ret_message ? ret_message : malloc(row->size);
    assert_non_null(message);
    enum pulsar_flaw flaw = pulsar_read(row, bytes.at, bytes.size, message);
    if (!ret_message) {
        free(message);
    }
    sized_free(bytes);
    return flaw;
}

void assert_str(struct cht_str text, const char *wanted)
{
    assert_int_equal(text.size, strlen(wanted));
    if (text.size > 0) {
        assert_memory_equal(text.at, wanted, text.size);
    }
}
