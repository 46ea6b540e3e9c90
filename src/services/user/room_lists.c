/* room_lists - see the header.
 *
 * Happy path: the question goes to the node's own message service, its page ends the op. How it
 * fails: a page that does not come, because the store is behind or the mail was lost, is asked for
 * again under the same handle, so the first one that comes counts; after some tries it is
 * unavailable. */

#include "user/room_lists.h"

#include "base/event_buf.h"

#define REF_BIT (UINT64_C(1) << 52)
#define WAIT_MS 2000
#define TRIES_MAX 5

/* Memory for a decoded page, for each byte of it. */
#define DECODED_PER_BYTE 16

static void finish(struct room_list_op *op, enum err err)
{
    struct room_list_op **at = &op->lists->waiting;
    while (*at != op) {
        at = &(*at)->next;
    }
    *at = op->next;
    timer_stop(&op->timer);
    op_answer(&op->op, err);
}

static void send(struct room_list_op *op);

static void on_late(struct timer *timer)
{
    struct room_list_op *op = container_of(timer, struct room_list_op, timer);
    if (op->tries == TRIES_MAX) {
        finish(op, ERR_UNAVAILABLE);
    } else {
        send(op);
    }
}

static void send(struct room_list_op *op)
{
    struct room_lists *lists = op->lists;
    struct cht_roster_query query = {.user = op->user,
        .node = lists->mail->node,
        .node_ref = op->ref,
        .after_room = op->page.next};
    struct buf *bytes = event_buf_encode(&cht_row_roster_query, &query);
    mail_send(lists->mail, MAIL_WORK, lists->mail->node, bytes);
    buf_unref(bytes);
    op->tries++;
    timer_start(lists->loop, &op->timer, WAIT_MS, on_late);
}

/* Nodes of clients ask too, and their pages come into the same box. */
static struct room_list_op *find(const struct room_lists *lists, const struct cht_roster *page)
{
    struct room_list_op *op = lists->waiting;
    while (op && (op->ref != page->node_ref || !cht_id_equal(&op->user, &page->user))) {
        op = op->next;
    }
    return op;
}

static void take_page(struct room_lists *lists, const struct buf *event)
{
    struct arena arena = {0};
    size_t size = (size_t)event->size * DECODED_PER_BYTE + 1024;
    struct cht_scratch scratch = {arena_take_raw(&arena, size), size, 0};
    struct cht_roster page;
    bool good = cht_decode(&cht_row_roster, event_buf_bytes(event), &scratch, &page);
    struct room_list_op *op = good ? find(lists, &page) : NULL;
    if (!op) {
        arena_deinit(&arena);
        return;
    }
    arena_deinit(&op->arena);
    op->arena = arena;
    op->page = page;
    finish(op, OK);
}

static void on_pages(struct mail_handler *handler, struct buf *event)
{
    struct room_lists *lists = container_of(handler, struct room_lists, on_pages);
    if (lists->waiting && cht_event_number_of(event_buf_bytes(event)) == CHT_EVENT_roster) {
        take_page(lists, event);
    }
}

void room_lists_init(struct room_lists *lists, struct loop *loop, struct mail *mail)
{
    /* The address outlives a restart: no page for a former life is taken for one for this. */
    *lists = (struct room_lists){.loop = loop, .mail = mail, .refs = mail->boot << 32};
    lists->on_pages.on_mail = on_pages;
    mail_open(mail, MAIL_PAGES, &lists->on_pages, 64);
}

void room_list(struct room_lists *lists, struct asker *asker, struct room_list_op *op)
{
    op_ask(&op->op, asker);
    op->lists = lists;
    op->tries = 0;
    op->ref = REF_BIT | (++lists->refs & (REF_BIT - 1));
    op->next = lists->waiting;
    lists->waiting = op;
    send(op);
}
