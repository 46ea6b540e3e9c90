/* shared - see shared.h.
 *
 * Happy path: a thing is found and current; or it is made, kept at once so that others find its
 * read, and given to all who wait when it was read. How it fails: a read that failed tells all who
 * wait, and the next question reads anew. */

#include "shared.h"

#include "base/check.h"
#include "base/mem.h"

struct shared {
    struct message_service *service;
    const struct shared_kind *kind;
    struct kept kept;
};

struct shared *shared_create(struct message_service *service, const struct shared_kind *kind,
    uint32_t things_max, uint64_t bytes_max, const uint64_t secret[2])
{
    struct shared *shared = mem_new(sizeof(*shared));
    shared->service = service;
    shared->kind = kind;
    kept_init(&shared->kept, things_max, bytes_max, secret);
    return shared;
}

void shared_destroy(struct shared *shared)
{
    if (shared != NULL) {
        kept_deinit(&shared->kept);
        mem_free(shared);
    }
}

struct message_service *shared_service(const struct shared_thing *thing)
{
    return thing->shared->service;
}

bool shared_stays(const struct shared_thing *thing, uint64_t stamp)
{
    return stamp != 0 && stamp <= thing->now;
}

static uint64_t now_of(const struct shared *shared)
{
    return history_now(shared->service->deps.history);
}

struct shared_thing *shared_find(struct shared *shared, const struct cht_id *id)
{
    struct shared_thing *thing = (struct shared_thing *)kept_find(&shared->kept, id);
    if (thing == NULL || !thing->is_read) {
        return NULL;
    }
    if (!shared->kind->is_current(thing)) {
        kept_drop(&shared->kept, &thing->kept);
        return NULL;
    }
    shared->service->counters.shared_found++;
    kept_ref(&thing->kept);
    return thing;
}

/* ---- reading */

static void tell_waiting(struct shared_thing *thing, enum err err)
{
    struct loop *loop = thing->shared->service->deps.world->loop;
    struct shared_op *next;
    for (struct shared_op *op = thing->waiting; op != NULL; op = next) {
        next = op->next;
        if (err == OK) {
            kept_ref(&thing->kept);
            op->thing = thing;
        }
        op_answer_later(&op->op, loop, err);
    }
    thing->waiting = NULL;
}

static void on_read(struct asker *asker, struct op *op)
{
    struct shared_thing *thing = container_of(asker, struct shared_thing, asker);
    struct shared *shared = thing->shared;
    if (op->err == OK && shared->kind->read(thing)) {
        return;
    }
    thing->is_read = op->err == OK;
    if (!thing->is_read) {
        kept_drop(&shared->kept, &thing->kept);
    } else if (thing->kept.place != KEPT_NOWHERE) {
        kept_put(&shared->kept, &thing->kept, shared->kind->bytes(thing));
    }
    tell_waiting(thing, op->err);
    kept_unref(&thing->kept);
}

/* The read has the reference that the thing is made with. */
static struct shared_thing *start_read(struct shared *shared, const struct cht_id *id)
{
    struct shared_thing *thing = shared->kind->create();
    kept_item_init(&thing->kept, id, shared->kind->destroy);
    thing->shared = shared;
    thing->asker.on_answer = on_read;
    thing->now = now_of(shared);
    kept_put(&shared->kept, &thing->kept, sizeof(*thing));
    shared->service->counters.shared_read++;
    CHECK(shared->kind->read(thing));
    return thing;
}

void shared_ask(
    struct shared *shared, struct asker *asker, struct shared_op *op, const struct cht_id *id)
{
    struct shared_thing *thing = (struct shared_thing *)kept_find(&shared->kept, id);
    if (thing == NULL || thing->is_read || thing->now != now_of(shared)) {
        thing = start_read(shared, id);
    }
    op_ask(&op->op, asker);
    op->thing = NULL;
    op->next = thing->waiting;
    thing->waiting = op;
}
