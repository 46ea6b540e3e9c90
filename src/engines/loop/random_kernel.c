/* random_kernel - unpredictable bytes from the kernel.
 *
 * Happy path: getrandom fills the buffer. How it fails: a kernel without randomness ends the
 * process. */

#include <errno.h>
#include <sys/random.h>

#include "base/check.h"
#include "loop/loop_uv_inner.h"

static void fill(struct random *random, void *ret_bytes, size_t size)
{
    (void)random;
    uint8_t *at = ret_bytes;
    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);
        if (got < 0) {
            CHECK(errno == EINTR);
            continue;
        }
        at += got;
        size -= (size_t)got;
    }
}

void random_kernel_init(struct random *random)
{
    random->fill = fill;
}
