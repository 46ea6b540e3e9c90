/* check - how a broken program ends.
 *
 * Happy path: never called. How it fails: prints with write(2) alone, since anything else may be
 * what is broken, and aborts. */

#include "base/check.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static _Atomic(uint64_t) bugs;
static void (*_Atomic on_failure)(int fd);

static void say(
    const char *kind, const char *text, const char *file, int line, const char *function)
{
    char out[512];
    int length =
        snprintf(out, sizeof(out), "%s: %s (%s:%d, %s)\n", kind, text, file, line, function);
    if (length > (int)sizeof(out)) {
        length = (int)sizeof(out);
    }
    ssize_t written = write(STDERR_FILENO, out, (size_t)length);
    (void)written;
}

_Noreturn void check_failed(const char *text, const char *file, int line, const char *function)
{
    say("check failed", text, file, line, function);
    void (*more)(int) = atomic_exchange(&on_failure, NULL);
    if (more) {
        more(STDERR_FILENO);
    }
    abort();
}

bool bug_found(const char *text, const char *file, int line, const char *function)
{
    atomic_fetch_add_explicit(&bugs, 1, memory_order_relaxed);
    say("bug", text, file, line, function);
    return true;
}

uint64_t bug_count(void)
{
    return atomic_load_explicit(&bugs, memory_order_relaxed);
}

void check_on_failure(void (*print_more)(int fd))
{
    atomic_store(&on_failure, print_more);
}
