/* fuzz_redis_values - what others may have written into Redis: connections, tickets, revocations.
 *
 * Happy path: what is read is written again as the same bytes. How it fails: a trap, which the
 * fuzzer reports with its input. */

#include <string.h>

#include "demand.h"
#include "redis/redis_values.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool is_same(struct cht_str text, const void *bytes, uint32_t size)
{
    return text.size == size && memcmp(text.at, bytes, size) == 0;
}

static void read_ticket(struct cht_str text)
{
    struct ticket ticket = {0};
    uint8_t again[REDIS_TICKET_BYTES_MAX];
    if (redis_ticket_read(text, &ticket)) {
        DEMAND(is_same(text, again, redis_ticket_write(&ticket, again)));
    }
}

static void read_revocation(struct cht_str text)
{
    struct revocation revocation;
    uint8_t again[REDIS_REVOCATION_BYTES];
    if (redis_revocation_read(text, &revocation)) {
        redis_revocation_write(&revocation, again);
        DEMAND(is_same(text, again, sizeof(again)));
    }
}

/* Field and value with a blank between them. */
static void read_connection(struct cht_str text)
{
    struct session session;
    char value[REDIS_VALUE_BYTES_MAX];
    const char *blank = memchr(text.at, ' ', text.size);
    if (!blank) {
        return;
    }
    struct cht_str field = {text.at, (uint32_t)(blank - text.at)};
    struct cht_str rest = {blank + 1, text.size - field.size - 1};
    if (redis_connection_read(field, rest, &session)) {
        uint32_t size = redis_value_write(&session, cht_presence_state_online, value);
        value[REDIS_STATE_AT] = rest.at[REDIS_STATE_AT];
        DEMAND(is_same(rest, value, size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct cht_str text = {(const char *)bytes, (uint32_t)size};
    uint64_t number;
    if (size == 0 || size > 4096) {
        return 0;
    }
    read_ticket(text);
    read_revocation(text);
    read_connection(text);
    DEMAND(!redis_u64_read(text, &number) || size <= 20);
    return 0;
}
