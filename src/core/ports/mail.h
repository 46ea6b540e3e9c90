#pragma once

/* mail - events for one node: at most once, in order per sender.
 *
 * A node opens boxes; anybody sends to {box, node}. Sending answers nothing and never blocks: what
 * finds no room is dropped and counted, and each protocol above repairs a loss (gap -> resend,
 * timeout -> repeat). Box LIVE carries what clients see now, PAGES large answers (with a credit of
 * its own, so that a page never delays a message), WORK the requests of nodes. */

#include "base/buf.h"
#include "base/err.h"
#include "flow/op.h"

enum mail_box { MAIL_LIVE, MAIL_PAGES, MAIL_WORK, MAIL_BOX_COUNT };

struct mail;

struct mail_handler {
    /* One event in binary form, number in front; lent for the call. */
    void (*on_mail)(struct mail_handler *handler, struct buf *event);
};

struct mail_ops {
    void (*open)(
        struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit);
    void (*send)(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event);
    uint64_t (*dropped)(const struct mail *mail);
};

struct mail {
    const struct mail_ops *ops;
    uint64_t node; /* this worker's own address, from 1 */
    uint64_t boot; /* grows with every start of the node */
};

/* Several handlers may open the same box of one node: each gets every event and ignores what is not
 * its. At most 4. */
static inline void mail_open(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    mail->ops->open(mail, box, handler, credit);
}

/* Takes a reference of its own. A node that does not exist: dropped. To oneself: the same, later in
 * the turn. */
static inline void mail_send(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    mail->ops->send(mail, box, node, event);
}

/* How many were dropped since the start. */
static inline uint64_t mail_dropped(const struct mail *mail)
{
    return mail->ops->dropped(mail);
}
