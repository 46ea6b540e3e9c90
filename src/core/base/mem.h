#pragma once

/* mem - the heap. The only file that calls malloc.
 *
 * Out of memory ends the process: limits are settings and refuse earlier, a half-done operation
 * under memory pressure is worth nothing, and the log makes a restart cheap. So no caller checks a
 * result. */

#include <stddef.h>

/* Zeroed memory for `size` bytes. Never NULL. Free with mem_free. */
void *mem_new(size_t size);

/* Zeroed memory for `count` things of `size` bytes; the product is checked. */
void *mem_array(size_t count, size_t size);

/* Grows or shrinks; what is new is not zeroed. `old` may be NULL. Never NULL for size > 0. */
void *mem_resize(void *old, size_t size);

/* A copy of `size` bytes. */
void *mem_copy(const void *from, size_t size);

/* A NUL-terminated copy. */
char *mem_string(const char *from);

/* NULL is fine. */
void mem_free(void *memory);

/* Forgets secrets: overwrites in a way that the compiler keeps. */
void mem_wipe(void *memory, size_t size);
