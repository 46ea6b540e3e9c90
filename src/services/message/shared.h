#pragma once

/* shared - what is read from the store once for all who ask for it at the same time, and kept while
 * it is what the store would answer.
 *
 * A thing begins with a shared_thing; its kind says how it is read and whether it is current. What
 * it is read under is the store's clock (history_now) of before. A question joins a read that is on
 * its way while the clock has not moved since that began: then it sees what the question had to
 * see. So an answer is never older than its question, and may be newer. */

#include "kept.h"
#include "message_inner.h"

struct shared;

struct shared_thing {
    struct kept_item kept; /* first */
    struct shared *shared;
    struct asker asker;        /* of the read */
    struct shared_op *waiting; /* for the read */
    uint64_t now;              /* by the store's clock, when the read began */
    bool is_read;
};

struct shared_kind {
    /* A zeroed thing, of which only its own fields are to be set. */
    struct shared_thing *(*create)(void);
    void (*destroy)(struct kept_item *item);
    /* Asks a store one question, with the thing's asker, first and after each answer that is OK.
     * False: all was read. */
    bool (*read)(struct shared_thing *thing);
    uint64_t (*bytes)(const struct shared_thing *thing);
    /* Has nothing changed that it was made of? */
    bool (*is_current)(const struct shared_thing *thing);
};

/* Answers `thing`, with a reference that is the asker's, or what the store said. */
struct shared_op {
    struct op op;
    struct shared_thing *thing; /* answer */
    struct shared_op *next;
};

struct shared *shared_create(struct message_service *service, const struct shared_kind *kind,
    uint32_t things_max, uint64_t bytes_max, const uint64_t secret[2]);

/* Only when nothing is asked. NULL is fine. */
void shared_destroy(struct shared *shared);

/* With a reference that is the caller's; NULL: it has to be asked. */
struct shared_thing *shared_find(struct shared *shared, const struct cht_id *id);

void shared_ask(
    struct shared *shared, struct asker *asker, struct shared_op *op, const struct cht_id *id);

struct message_service *shared_service(const struct shared_thing *thing);

/* For is_current: has what `stamp` is of not changed since the read of `thing` began? */
bool shared_stays(const struct shared_thing *thing, uint64_t stamp);
