#pragma once

/* pulsar_case - bytes for the tests of Pulsar's protocol: from hexadecimal text, and as a broker
 * sent them. */

#include "sized.h"

#include "pulsar/pulsar_frame.h"

/* recorded.def; whole frames. */
struct recorded {
    const char *name;
    const char *request;  /* empty: nobody asked */
    const char *response; /* frames, one behind the other */
};

extern const struct recorded recorded_rows[];
extern const size_t recorded_count;

struct sized recorded_request(const char *name);
struct sized recorded_response(const char *name);

/* The frame at `at`, which has to be right. */
struct pulsar_frame frame_at(const struct sized *bytes, size_t at);

/* The first frame of that type among those of a recorded answer, which has to be there. */
struct pulsar_frame frame_of(const struct sized *bytes, uint32_t type);

/* What a message of that row is read as; `ret_message` may be NULL. */
enum pulsar_flaw read_hex(const struct pulsar_row *row, const char *hex, void *ret_message);

/* Fails the test unless the texts are the same. */
void assert_str(struct cht_str text, const char *wanted);
