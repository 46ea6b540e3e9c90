/* mem - the heap behind four words.
 *
 * Happy path: memory. How it fails: no memory ends the process (see mem.h). */

#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

void *mem_new(size_t size)
{
    return mem_array(1, size);
}

void *mem_array(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    CHECK(memory);
    return memory;
}

void *mem_resize(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    CHECK(memory);
    return memory;
}

void *mem_copy(const void *from, size_t size)
{
    void *memory = malloc(size ? size : 1);
    CHECK(memory);
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
    free(memory);
}

void mem_wipe(void *memory, size_t size)
{
    explicit_bzero(memory, size);
}
