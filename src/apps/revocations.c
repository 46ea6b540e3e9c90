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

struct question {
    struct asker asker;
    struct users_revoked_op op;
    bool answered;
};

uint64_t revocations_keep_ms(const struct house *house)
{
    return house->settings.user.access_token_s * 1000 + LEEWAY_MS;
}

static void on_answer(struct asker *asker, struct op *op)
{
    (void)op;
    container_of(asker, struct question, asker)->answered = true;
}

enum err revocations_restore(struct house *house)
{
    struct worker *worker = &house->workers[0];
    if (!worker->users || !worker->sessions) {
        return OK; /* whoever judges tokens has both */
    }
    uint64_t now = loop_wall_ms(worker->world.loop);
    uint64_t keep = revocations_keep_ms(house);
    struct question question = {.asker = {on_answer},
        .op = {.since = now > keep ? now - keep : 0,
            .limit = (uint32_t)house->settings.app.revocations + 1}};
    users_revoked(worker->users, &question.asker, &question.op);
    while (!question.answered) {
        house_turn(house);
    }
    enum err err = question.op.op.err;
    if (err != OK) {
        LOG_ERROR(&house->logger, "revocations.unread", "error=%s", err_name(err));
    }
    for (uint32_t i = 0; err == OK && i < question.op.count; i++) {
        sessions_revoke(worker->sessions, &question.op.revoked[i]);
    }
    arena_deinit(&question.op.arena);
    return err;
}
