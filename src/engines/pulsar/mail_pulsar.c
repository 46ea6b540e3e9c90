/* mail_pulsar - see the header. Boxes of others are mail_peers.h.
 *
 * Happy path: a box is opened later in the turn in which the first handler asked for it, with the
 * most credit that was asked for in it; what comes is given to each handler. To oneself: a queue of
 * the box, given later in the turn. How it fails: a full queue, or what mail_peers.h drops, is
 * counted; a box that a broker closes is opened again by its inlet. */

#include "pulsar/mail_pulsar.h"

#include "base/check.h"
#include "base/mem.h"
#include "pulsar/inlet.h"
#include "pulsar/mail_peers.h"
#include "world/random.h"

#define HANDLERS_MAX 4u
#define ADDRESS_BITS 53u

struct box {
    struct inlet inlet; /* first */
    struct mail_pulsar *mail;
    enum mail_box box;
    struct mail_handler *handlers[HANDLERS_MAX];
    uint32_t count;
    uint32_t credit;
    struct buf **own; /* events to oneself, a ring of self_max; NULL: there were none */
    uint32_t own_first, own_count;
};

struct mail_pulsar {
    struct mail port;
    const struct world *world;
    struct pulsar_client *client;
    struct mail_pulsar_options options;
    char *prefix;
    struct box boxes[MAIL_BOX_COUNT];
    struct mail_peers peers;
    struct task opening, giving;
    bool opening_waits, giving_waits;
    bool stopped;
    uint64_t dropped; /* of one's own, and to nobody */
};

static struct mail_pulsar *of(struct mail *mail)
{
    return container_of(mail, struct mail_pulsar, port);
}

struct mail_pulsar_options mail_pulsar_options_default(void)
{
    return (struct mail_pulsar_options){.peers_max = 1024,
        .sends_max = 16384,
        .peer_sends_max = 4096,
        .self_max = 4096,
        .queue_messages = 4096,
        .pages_group = 2,
        .send_ms = 5000,
        .idle_ms = 60000,
        .retry_ms = 1000};
}

static void give(const struct box *box, struct buf *event)
{
    for (uint32_t i = 0; i < box->count; i++) {
        box->handlers[i]->on_mail(box->handlers[i], event);
    }
}

/* ---- boxes of one's own */

static void on_event(struct inlet *inlet, struct buf *event)
{
    give(container_of(inlet, struct box, inlet), event);
}

/* By the way that others take, also to oneself. */
static void prove(struct inlet *inlet, struct buf *empty)
{
    struct box *box = container_of(inlet, struct box, inlet);
    mail_peers_send(&box->mail->peers, box->box, box->mail->port.node, empty);
}

/* Handlers are done with an event when they return, and a broker drops what finds no permit: so
 * what may come ahead is as much as the worker bears, but of pages, which are large. */
static uint32_t queue_of(const struct mail_pulsar *mail, const struct box *box)
{
    uint32_t least = box->box == MAIL_PAGES ? 0 : mail->options.queue_messages;
    return box->credit > least ? box->credit : least;
}

static void open_box(struct mail_pulsar *mail, struct box *box)
{
    static const struct inlet_events events = {on_event, prove};
    char topic[MAIL_TOPIC_BYTES];
    struct inlet_options options = {.client = mail->client,
        .topic = topic,
        .group = box->box == MAIL_PAGES ? mail->options.pages_group : 0,
        .queue_messages = queue_of(mail, box),
        .retry_ms = mail->options.retry_ms};
    mail_topic(mail->prefix, box->box, mail->port.node, topic);
    inlet_open(&box->inlet, &options, mail->world, &events);
}

static void run_opening(struct task *task)
{
    struct mail_pulsar *mail = container_of(task, struct mail_pulsar, opening);
    mail->opening_waits = false;
    for (uint32_t i = 0; i < MAIL_BOX_COUNT && !mail->stopped; i++) {
        if (mail->boxes[i].count > 0 && !mail->boxes[i].inlet.topic) {
            open_box(mail, &mail->boxes[i]);
        }
    }
}

static void mail_open_pulsar(
    struct mail *port, enum mail_box which, struct mail_handler *handler, uint32_t credit)
{
    struct mail_pulsar *mail = of(port);
    struct box *box = &mail->boxes[which];
    CHECK(box->count < HANDLERS_MAX);
    CHECK(credit > 0);
    box->handlers[box->count++] = handler;
    box->credit = credit > box->credit ? credit : box->credit;
    if (!mail->opening_waits) {
        mail->opening_waits = true;
        loop_defer(mail->world->loop, &mail->opening);
    }
}

/* ---- to oneself */

/* What is added meanwhile is given by the next run. */
static void give_own(struct mail_pulsar *mail, enum mail_box which)
{
    struct box *box = &mail->boxes[which];
    for (uint32_t left = box->own_count; left > 0 && !mail->stopped; left--) {
        struct buf *event = box->own[box->own_first];
        box->own_first = (box->own_first + 1) % mail->options.self_max;
        box->own_count--;
        give(box, event);
        buf_unref(event);
    }
}

static void run_giving(struct task *task)
{
    struct mail_pulsar *mail = container_of(task, struct mail_pulsar, giving);
    mail->giving_waits = false;
    give_own(mail, MAIL_WORK);
    give_own(mail, MAIL_LIVE);
    give_own(mail, MAIL_PAGES);
}

static void send_to_oneself(struct mail_pulsar *mail, enum mail_box which, struct buf *event)
{
    struct box *box = &mail->boxes[which];
    uint32_t max = mail->options.self_max;
    if (box->own_count == max) {
        mail->dropped++;
        return;
    }
    box->own = box->own ? box->own : mem_array(max, sizeof(struct buf *));
    box->own[(box->own_first + box->own_count) % max] = buf_ref(event);
    box->own_count++;
    if (!mail->giving_waits) {
        mail->giving_waits = true;
        loop_defer(mail->world->loop, &mail->giving);
    }
}

/* ---- the port */

static void mail_send_pulsar(struct mail *port, enum mail_box box, uint64_t node, struct buf *event)
{
    struct mail_pulsar *mail = of(port);
    if (node == 0 || node >> ADDRESS_BITS || mail->stopped) {
        mail->dropped++;
    } else if (node == port->node) {
        send_to_oneself(mail, box, event);
    } else {
        mail_peers_send(&mail->peers, box, node, event);
    }
}

static uint64_t mail_dropped_pulsar(const struct mail *port)
{
    const struct mail_pulsar *mail = container_of(port, struct mail_pulsar, port);
    return mail->dropped + mail->peers.sends.dropped;
}

static uint64_t address_by_chance(struct random *random)
{
    uint64_t address;
    do {
        address = random_u64(random) >> (64 - ADDRESS_BITS);
    } while (address == 0);
    return address;
}

static void init_peers(struct mail_pulsar *mail)
{
    const struct mail_pulsar_options *options = &mail->options;
    uint64_t secret[2];
    random_fill(mail->world->random, secret, sizeof(secret));
    mail->peers = (struct mail_peers){.world = mail->world,
        .options = {.client = mail->client,
            .sends_max = options->peer_sends_max,
            .send_ms = options->send_ms,
            .retry_ms = options->retry_ms},
        .prefix = mail->prefix,
        .pages_group = options->pages_group,
        .idle_ms = options->idle_ms};
    mail_peers_init(&mail->peers, options->peers_max, options->sends_max, secret);
}

struct mail_pulsar *mail_pulsar_create(const struct world *world, struct pulsar_client *client,
    const struct mail_pulsar_options *options)
{
    static const struct mail_ops ops = {mail_open_pulsar, mail_send_pulsar, mail_dropped_pulsar};
    CHECK(options->self_max > 0);
    struct mail_pulsar *mail = mem_new(sizeof(*mail));
    *mail = (struct mail_pulsar){.port = {.ops = &ops,
                                     .node = address_by_chance(world->random),
                                     .boot = loop_wall_ms(world->loop)},
        .world = world,
        .client = client,
        .options = *options,
        .prefix = mem_string(options->prefix),
        .opening = {.run = run_opening},
        .giving = {.run = run_giving}};
    for (uint32_t i = 0; i < MAIL_BOX_COUNT; i++) {
        mail->boxes[i].mail = mail;
        mail->boxes[i].box = (enum mail_box)i;
    }
    init_peers(mail);
    return mail;
}

struct mail *mail_pulsar_port(struct mail_pulsar *mail)
{
    return &mail->port;
}

bool mail_pulsar_is_open(const struct mail_pulsar *mail)
{
    for (uint32_t i = 0; i < MAIL_BOX_COUNT; i++) {
        if (mail->boxes[i].count > 0 && !inlet_is_open(&mail->boxes[i].inlet)) {
            return false;
        }
    }
    return true;
}

void mail_pulsar_forget(struct mail_pulsar *mail, uint64_t node)
{
    for (uint32_t box = 0; box < MAIL_BOX_COUNT; box++) {
        mail_peers_close(&mail->peers, (enum mail_box)box, node);
    }
}

struct mail_pulsar_stats mail_pulsar_stats(const struct mail_pulsar *mail)
{
    return (struct mail_pulsar_stats){.peers = mail->peers.by_box.count,
        .opened = mail->peers.opened,
        .dropped = mail_dropped_pulsar(&mail->port)};
}

void mail_pulsar_stop(struct mail_pulsar *mail)
{
    mail->stopped = true;
    for (uint32_t i = 0; i < MAIL_BOX_COUNT; i++) {
        inlet_close(&mail->boxes[i].inlet);
    }
    mail_peers_stop(&mail->peers);
}

static void deinit_box(struct box *box, uint32_t self_max)
{
    for (; box->own_count > 0; box->own_count--) {
        buf_unref(box->own[box->own_first]);
        box->own_first = (box->own_first + 1) % self_max;
    }
    mem_free(box->own);
}

void mail_pulsar_destroy(struct mail_pulsar *mail)
{
    if (!mail) {
        return;
    }
    for (uint32_t i = 0; i < MAIL_BOX_COUNT; i++) {
        deinit_box(&mail->boxes[i], mail->options.self_max);
    }
    mail_peers_deinit(&mail->peers);
    mem_free(mail->prefix);
    mem_free(mail);
}
