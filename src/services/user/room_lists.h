#pragma once

/* room_lists - in which rooms is somebody, as of all that was durable when it was asked?
 *
 * The store follows the log, and only the message service knows when it has come far enough: it is
 * asked as a node asks for its user (roster_query), and answers in pages. The handles have bit 52
 * set, as those of room_asks. A question that nobody answers in 2 s is asked again. */

#include "base/arena.h"
#include "chattifier/events.h"
#include "flow/op.h"
#include "ports/mail.h"
#include "world/loop.h"

struct room_list_op;

struct room_lists {
    struct loop *loop;
    struct mail *mail;
    struct mail_handler on_pages;
    struct room_list_op *waiting;
    uint64_t refs;
};

/* OK with a page, or UNAVAILABLE if none came in time. Zeroed it begins at the first; its arena is
 * the asker's to give up. */
struct room_list_op {
    struct op op;
    struct arena arena;
    struct cht_id user;
    struct cht_roster page; /* answer; `next` is where the question after it goes on */
    struct room_list_op *next;
    struct room_lists *lists;
    struct timer timer;
    uint64_t ref;
    uint32_t tries;
};

/* Opens the box PAGES. All of it is the caller's and outlives `lists`. */
void room_lists_init(struct room_lists *lists, struct loop *loop, struct mail *mail);

/* The page behind op->page.next, which may be none. */
void room_list(struct room_lists *lists, struct asker *asker, struct room_list_op *op);
