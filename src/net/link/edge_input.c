/* edge_input - unfinished input.
 *
 * Happy path: made when a request or frame is cut, grown by what really came, freed when it is
 * whole. It does not fail; its bounds are those of requests and messages, which the readers hold.
 */

#include "link/edge_input.h"

#include <string.h>

#include "base/mem.h"

struct edge_input *edge_input_of(struct edge *edge, uint32_t slot)
{
    struct conn *conn = &edge->conns[slot];
    if (!conn->input) {
        conn->input = mem_new(sizeof(*conn->input));
    }
    return conn->input;
}

void edge_input_add(struct edge_input *input, const void *bytes, size_t size)
{
    if (size == 0) {
        return;
    }
    if (size > input->capacity - input->size) {
        size_t doubled = input->capacity * 2;
        size_t needed = input->size + size;
        input->capacity = doubled > needed ? doubled : needed;
        input->bytes = mem_resize(input->bytes, input->capacity);
    }
    memcpy(input->bytes + input->size, bytes, size);
    input->size += size;
}

void edge_input_free(struct edge *edge, uint32_t slot)
{
    struct edge_input *input = edge->conns[slot].input;
    if (!input) {
        return;
    }
    edge->conns[slot].input = NULL;
    if (input->is_ws) {
        mem_free(input->reader.message);
    }
    mem_free(input->bytes);
    mem_free(input);
}
