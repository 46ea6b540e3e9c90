/* cql_streams - the numbers by which answers find their questions.
 *
 * Happy path: a free number is taken, the answer gives it back. How it fails: none is free, and
 * whoever asks waits; the number of an ask that gave up stays taken until its answer has come, so
 * no answer is taken for that of another question. */

#include "base/mem.h"
#include "cql_client/cql_inner.h"

void cql_streams_init(struct cql_streams *streams, uint16_t count)
{
    *streams = (struct cql_streams){.all = mem_array(count, sizeof(struct cql_stream)),
        .free = mem_array(count, sizeof(uint16_t)),
        .count = count};
    while (streams->free_count < count) {
        streams->free[streams->free_count] = (uint16_t)(count - 1 - streams->free_count);
        streams->free_count++;
    }
    streams->used[CQL_USE_FREE] = count;
}

void cql_streams_deinit(struct cql_streams *streams)
{
    mem_free(streams->all);
    mem_free(streams->free);
    *streams = (struct cql_streams){0};
}

int16_t cql_streams_take(struct cql_streams *streams, enum cql_use use)
{
    if (streams->free_count == 0) {
        return -1;
    }
    int16_t number = (int16_t)streams->free[--streams->free_count];
    CHECK(streams->all[number].use == CQL_USE_FREE);
    cql_streams_use(streams, number, use);
    return number;
}

void cql_streams_give(struct cql_streams *streams, int16_t number)
{
    cql_streams_use(streams, number, CQL_USE_FREE);
    streams->all[number] = (struct cql_stream){.use = CQL_USE_FREE};
    streams->free[streams->free_count++] = (uint16_t)number;
}

void cql_streams_use(struct cql_streams *streams, int16_t number, enum cql_use use)
{
    CHECK(number >= 0);
    CHECK(number < streams->count);
    streams->used[streams->all[number].use]--;
    streams->all[number].use = (uint8_t)use;
    streams->used[use]++;
}
