/* keys - a timer that looks for keys of other processes, and at the age of the signing one.
 *
 * Happy path: nothing to do. How it fails: a key that can not be written is a logged line, the old
 * one goes on signing, and the next minute tries again. */

#include "keys.h"

#include "worker.h"

#define TEND_EVERY_MS 60000u
#define DAY_MS UINT64_C(86400000)

static void on_time(struct timer *timer)
{
    keys_tend(container_of(timer, struct worker, key_timer));
}

void keys_tend(struct worker *worker)
{
    struct loop *loop = worker->world.loop;
    secrets_openssl_tend(
        worker->house->secrets, loop_wall_ms(loop), worker->settings.user.key_days * DAY_MS);
    timer_start(loop, &worker->key_timer, TEND_EVERY_MS, on_time);
}
