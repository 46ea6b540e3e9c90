/* revocations - the truth fills the cache.
 *
 * Happy path: what became void within the life of a token is read on the first worker's loop and
 * told to sessions, oldest first, so that a cache that is too small for it refuses by age. How it
 * fails: a process that can not read it does not start, because it would let in those who were
 * signed out. */

#include "revocations.h"

#include "worker.h"
#include "world/loop.h"

/* Clocks may differ by that much between the one who gave a token and the one who takes it. */
#define LEEWAY_MS 60000u

uint64_t revocations_keep_ms(const struct house *house)
{
    return house->settings.user.access_token_s * 1000 + LEEWAY_MS;
}

enum err revocations_restore(struct house *house)
{
    struct worker *worker = &house->workers[0];
    if (!worker->users || !worker->sessions) {
        return OK; /* whoever judges tokens has both */
    }
    uint64_t now = loop_wall_ms(worker->world.loop);
    uint64_t keep = revocations_keep_ms(house);
    struct users_revoked_op op = {.since = now > keep ? now - keep : 0,
        .limit = (uint32_t)house->settings.app.revocations + 1};
    users_revoked(worker->users, asker_nobody(), &op);
    enum err err = house_wait(house, &op.op);
    if (err != OK) {
        LOG_ERROR(&house->logger, "revocations.unread", "error=%s", err_name(err));
    }
    for (uint32_t i = 0; err == OK && i < op.count; i++) {
        sessions_revoke(worker->sessions, &op.revoked[i]);
    }
    arena_deinit(&op.arena);
    return err;
}
