#pragma once

/* cast - events for everybody: at most once, in order per sender, also to the sender itself
 * (later). Small and rare. */

#include "base/buf.h"

struct cast;

struct cast_handler {
    struct cast_handler *next;                                        /* the engine's */
    void (*on_cast)(struct cast_handler *handler, struct buf *event); /* lent */
};

struct cast_ops {
    void (*send)(struct cast *cast, struct buf *event);
    void (*listen)(struct cast *cast, struct cast_handler *handler);
};

struct cast {
    const struct cast_ops *ops;
};

/* Takes a reference of its own. */
static inline void cast_send(struct cast *cast, struct buf *event)
{
    cast->ops->send(cast, event);
}

/* From here on every event comes to `handler`, on this worker's loop. */
static inline void cast_listen(struct cast *cast, struct cast_handler *handler)
{
    cast->ops->listen(cast, handler);
}
