/* heap - see the header.
 *
 * Happy path: a block has a head that links it into the list of its heap. How it fails: no memory
 * ends the process, as in base/mem.c; a block that is not whole is a broken program. */

#include "heap.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"

#define BLOCK_MAGIC 0x5e11ab1eu
#define FILLING 0xa5

struct block {
    struct block *next, *prev;
    uint64_t size;
    uint32_t heap, magic;
};

struct heap {
    struct block *first;
    uint64_t blocks, bytes;
};

static struct heap heaps[HEAPS_MAX];
static uint32_t in_use;

uint32_t heap_use(uint32_t heap)
{
    CHECK(heap < HEAPS_MAX);
    uint32_t former = in_use;
    in_use = heap;
    return former;
}

uint64_t heap_blocks(uint32_t heap)
{
    return heaps[heap].blocks;
}

uint64_t heap_bytes(uint32_t heap)
{
    return heaps[heap].bytes;
}

static void *link_block(struct block *block, uint32_t number, size_t size)
{
    struct heap *heap = &heaps[number];
    *block = (struct block){heap->first, NULL, size, number, BLOCK_MAGIC};
    if (heap->first) {
        heap->first->prev = block;
    }
    heap->first = block;
    heap->blocks++;
    heap->bytes += size;
    return block + 1;
}

static struct block *unlink_block(void *memory)
{
    struct block *block = (struct block *)memory - 1;
    CHECK(block->magic == BLOCK_MAGIC);
    struct heap *heap = &heaps[block->heap];
    if (block->prev) {
        block->prev->next = block->next;
    } else {
        heap->first = block->next;
    }
    if (block->next) {
        block->next->prev = block->prev;
    }
    heap->blocks--;
    heap->bytes -= block->size;
    block->magic = 0;
    return block;
}

void heap_drop(uint32_t number)
{
    while (heaps[number].first) {
        mem_free(heaps[number].first + 1);
    }
}

void *mem_new(size_t size)
{
    return mem_array(1, size);
}

void *mem_array(size_t count, size_t size)
{
    CHECK(size == 0 || count <= (SIZE_MAX - sizeof(struct block)) / size);
    struct block *block = calloc(1, sizeof(*block) + count * size);
    CHECK(block);
    return link_block(block, in_use, count * size);
}

void *mem_resize(void *old, size_t size)
{
    uint32_t number = in_use;
    uint64_t old_size = 0;
    struct block *block = NULL;
    if (old) {
        block = unlink_block(old);
        number = block->heap;
        old_size = block->size;
    }
    block = realloc(block, sizeof(*block) + size);
    CHECK(block);
    if (size > old_size) {
        memset((uint8_t *)(block + 1) + old_size, FILLING, size - old_size);
    }
    return link_block(block, number, size);
}

void *mem_copy(const void *from, size_t size)
{
    void *memory = mem_resize(NULL, size);
    if (size) {
        memcpy(memory, from, size);
    }
    return memory;
}

char *mem_string(const char *from)
{
    return mem_copy(from, strlen(from) + 1);
}

void mem_free(void *memory)
{
    if (memory) {
        free(unlink_block(memory));
    }
}

void mem_wipe(void *memory, size_t size)
{
    explicit_bzero(memory, size);
}
