/* edge_parts - what of link/edge.h needs no edge: blocks, and the fields of a request.
 *
 * A library of its own, which those link too who stand in for the edge (sim/, tests/). Happy path:
 * bytes are added until the turn ends, references counted. How it fails: it does not; a reference
 * too few is a CHECK. */

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "link/edge_inner.h"

struct edge_block *edge_block_create(struct edge *edge, size_t capacity)
{
    (void)edge;
    CHECK(capacity <= UINT32_MAX);
    uint32_t size = (uint32_t)(capacity ? capacity : 256);
    struct edge_block *block = mem_resize(NULL, sizeof(*block) + size);
    *block = (struct edge_block){.refs = 1, .capacity = size, .bytes = block->first};
    return block;
}

static void grow(struct edge_block *block, uint32_t capacity)
{
    bool moved = block->bytes != block->first;
    uint8_t *bytes = mem_resize(moved ? block->bytes : NULL, capacity);
    if (!moved) {
        memcpy(bytes, block->first, block->size);
    }
    block->bytes = bytes;
    block->capacity = capacity;
}

void edge_block_append(struct edge *edge, struct edge_block *block, const void *bytes, size_t size)
{
    (void)edge;
    CHECK(size <= UINT32_MAX / 4);
    CHECK(block->size <= UINT32_MAX / 4);
    uint32_t needed = block->size + (uint32_t)size;
    if (needed > block->capacity) {
        grow(block, needed * 2);
    }
    if (size > 0) {
        memcpy(block->bytes + block->size, bytes, size);
    }
    block->size = needed;
}

void edge_block_unref(struct edge *edge, struct edge_block *block)
{
    (void)edge;
    if (block) {
        block_unref(block);
    }
}

struct cht_str edge_request_field(const struct edge_request *request, const char *name)
{
    return http1_field(request->fields, request->field_count, name);
}
