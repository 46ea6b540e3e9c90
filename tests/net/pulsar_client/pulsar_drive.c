/* pulsar_drive - the client as a program that a test leads: a command a line on standard input,
 * what happens as lines on standard output.
 *
 *     publisher NAME TOPIC shared|fencing GROUP   ->  open NAME EPOCH, end NAME ERROR
 *     publish NAME FIRST COUNT AT_ONCE            ->  published NAME FIRST OK OTHERS LAST_ERROR
 *     consumer NAME TOPIC SUBSCRIPTION TYPE PRIORITY
 *     reader NAME TOPIC LEDGER ENTRY BATCH_INDEX  ->  open NAME, got NAME TEXT LEDGER ENTRY
 * BATCH_INDEX, active NAME 0|1, end NAME ERROR seek NAME LEDGER ENTRY BATCH_INDEX          ->
 * sought NAME ERROR last NAME                                   ->  last NAME ERROR LEDGER ENTRY
 * BATCH_INDEX where TOPIC                                 ->  where TOPIC ERROR HOST PORT let NAME
 * 0|1                                    whether a fencing publisher may come back destroy NAME,
 * stats, quit
 *
 * Payloads are numbers as text. What a consumer gets is acknowledged. Happy path: as there. How it
 * fails: a command that it does not know ends it with 2; the server's words are in `trouble` lines.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "link/tls_client.h"
#include "loop/loop_uv.h"
#include "pulsar_client/pulsar_client_inner.h"
#include "pulsar_client/pulsar_lookup.h"
#include "pulsar_client/pulsar_publisher.h"
#include "pulsar_client/pulsar_reader.h"

#define THINGS_MAX 64
#define NAME_BYTES 32
#define LINE_BYTES 1024
#define WINDOW 1000u
#define SEND_MS 60000u
#define BUSY_MS 2000u

enum thing_kind { NOTHING, PUBLISHER, CONSUMER, READER };

struct sent {
    struct pulsar_publish_op op;
    struct thing *thing;
};

struct thing {
    enum thing_kind kind;
    char name[NAME_BYTES];
    struct pulsar_publisher *publisher;
    struct pulsar_publisher_events publisher_events;
    bool lets;
    uint64_t first, next, until; /* numbers to publish */
    uint32_t at_once, in_flight;
    uint64_t oks, others;
    enum err last_err;
    struct asker asker;
    struct pulsar_consumer *consumer;
    struct pulsar_reader *reader;
    struct pulsar_consumer_events consumer_events;
    struct source source;
    struct asker seek_asker, last_asker;
    struct pulsar_seek_op seek;
    struct pulsar_last_op last;
};

static struct {
    struct loop_uv *loop;
    struct world world;
    struct logger logger;
    struct outbounds *outbounds;
    struct pulsar_client *client;
    struct pulsar_credentials credentials;
    struct tls_client *tls;
    const char *token_path, *ca_path; /* NULL: none */
    struct thing things[THINGS_MAX];
    char line[LINE_BYTES];
    size_t line_size;
    char trouble[PULSAR_TROUBLE_BYTES];
    bool quits;
    struct pulsar_lookup_op where;
    struct asker where_asker;
    char where_topic[LINE_BYTES];
} d;

static struct thing *find(const char *name)
{
    for (struct thing *thing = d.things; thing < d.things + THINGS_MAX; thing++) {
        if (thing->kind != NOTHING && strcmp(thing->name, name) == 0) {
            return thing;
        }
    }
    fprintf(stderr, "no %s\n", name);
    exit(2);
}

static struct thing *make(const char *name, enum thing_kind kind)
{
    for (struct thing *thing = d.things; thing < d.things + THINGS_MAX; thing++) {
        if (thing->kind == NOTHING) {
            *thing = (struct thing){.kind = kind, .lets = true};
            snprintf(thing->name, sizeof(thing->name), "%s", name);
            return thing;
        }
    }
    exit(2);
}

/* ---- publishing */

static void publish_more(struct thing *thing)
{
    while (thing->next < thing->until && thing->in_flight < thing->at_once) {
        char text[24];
        int size = snprintf(text, sizeof(text), "%" PRIu64, thing->next);
        struct sent *sent = mem_new(sizeof(*sent));
        thing->next++;
        thing->in_flight++;
        sent->thing = thing;
        sent->op.payload = buf_copy(text, (size_t)size);
        pulsar_publish(thing->publisher, &thing->asker, &sent->op);
        buf_unref(sent->op.payload);
    }
}

static void on_published(struct asker *asker, struct op *op)
{
    struct thing *thing = container_of(asker, struct thing, asker);
    struct sent *sent = container_of(op, struct sent, op.op);
    enum err err = op->err;
    mem_free(sent);
    thing->in_flight--;
    thing->oks += err ? 0 : 1;
    thing->others += err ? 1 : 0;
    thing->last_err = err ? err : thing->last_err;
    if (thing->next == thing->until && thing->in_flight == 0) {
        printf("published %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", thing->name, thing->first,
            thing->oks, thing->others, err_name(thing->last_err));
    }
}

static void on_publisher_open(struct pulsar_publisher_events *events)
{
    const struct thing *thing = container_of(events, struct thing, publisher_events);
    printf("open %s %" PRIu64 "\n", thing->name, pulsar_publisher_epoch(thing->publisher));
}

static bool may_open(struct pulsar_publisher_events *events)
{
    return container_of(events, struct thing, publisher_events)->lets;
}

static void on_publisher_end(struct pulsar_publisher_events *events, enum err err)
{
    printf(
        "end %s %s\n", container_of(events, struct thing, publisher_events)->name, err_name(err));
}

static void make_publisher(const char *name, const char *topic, const char *mode, uint32_t group)
{
    struct thing *thing = make(name, PUBLISHER);
    struct pulsar_publisher_options options = {.topic = topic,
        .mode = strcmp(mode, "fencing") == 0 ? PULSAR_PUBLISHER_FENCING : PULSAR_PUBLISHER_SHARED,
        .group = group,
        .limits = pulsar_publisher_limits_default(),
        .events = &thing->publisher_events};
    options.limits.messages_max = 2 * WINDOW;
    options.limits.send_ms = SEND_MS;
    thing->publisher_events = (struct pulsar_publisher_events){
        .on_open = on_publisher_open, .may_open = may_open, .on_end = on_publisher_end};
    thing->asker.on_answer = on_published;
    if (pulsar_publisher_create(d.client, &options, &thing->publisher)) {
        exit(2);
    }
}

/* ---- consuming */

static void on_item(struct source *source, void *item)
{
    struct thing *thing = container_of(source, struct thing, source);
    const struct pulsar_received *got = item;
    printf("got %s %.*s %" PRIu64 " %" PRIu64 " %d\n", thing->name, (int)got->size,
        (const char *)got->bytes, got->position.ledger, got->position.entry,
        (int)got->position.batch_index);
    if (thing->kind == CONSUMER && thing->lets) {
        pulsar_consumer_ack(thing->consumer, &got->position);
    }
    source_credit(source, 1);
}

static void on_source_end(struct source *source, enum err err)
{
    printf("end %s %s\n", container_of(source, struct thing, source)->name, err_name(err));
}

static void on_consumer_open(struct pulsar_consumer_events *events)
{
    printf("open %s 0\n", container_of(events, struct thing, consumer_events)->name);
}

static void on_active(struct pulsar_consumer_events *events, bool is_active)
{
    printf("active %s %d\n", container_of(events, struct thing, consumer_events)->name, is_active);
}

static void on_sought(struct asker *asker, struct op *op)
{
    printf(
        "sought %s %s\n", container_of(asker, struct thing, seek_asker)->name, err_name(op->err));
}

static void on_last(struct asker *asker, struct op *op)
{
    const struct thing *thing = container_of(asker, struct thing, last_asker);
    const struct pulsar_position *at = &thing->last.position;
    printf("last %s %s %" PRIu64 " %" PRIu64 " %d\n", thing->name, err_name(op->err), at->ledger,
        at->entry, (int)at->batch_index);
}

static struct thing *make_source(const char *name, enum thing_kind kind)
{
    struct thing *thing = make(name, kind);
    thing->source = (struct source){.on_item = on_item, .on_end = on_source_end, .credit = WINDOW};
    thing->consumer_events = (struct pulsar_consumer_events){on_consumer_open, on_active};
    thing->seek_asker.on_answer = on_sought;
    thing->last_asker.on_answer = on_last;
    return thing;
}

static enum pulsar_subscription_type type_of(const char *word)
{
    return strcmp(word, "failover") == 0 ? PULSAR_SUBSCRIPTION_FAILOVER
           : strcmp(word, "shared") == 0 ? PULSAR_SUBSCRIPTION_SHARED
                                         : PULSAR_SUBSCRIPTION_EXCLUSIVE;
}

static void make_consumer(const char *name, const char *topic, const char *subscription,
    const char *type, int32_t priority)
{
    struct thing *thing = make_source(name, CONSUMER);
    struct pulsar_consumer_options options = {.topic = topic,
        .subscription = subscription,
        .consumer_name = name,
        .type = type_of(type),
        .priority_level = priority,
        .durable = true,
        .start = pulsar_position_earliest(),
        .limits = pulsar_consumer_limits_default(),
        .source = &thing->source,
        .events = &thing->consumer_events};
    if (pulsar_consumer_create(d.client, &options, &thing->consumer)) {
        exit(2);
    }
}

static void make_reader(const char *name, const char *topic, const struct pulsar_position *start)
{
    struct thing *thing = make_source(name, READER);
    struct pulsar_reader_options options = {.topic = topic,
        .start = *start,
        .limits = pulsar_consumer_limits_default(),
        .source = &thing->source,
        .events = &thing->consumer_events};
    if (pulsar_reader_create(d.client, &options, &thing->reader)) {
        exit(2);
    }
    thing->consumer = pulsar_reader_consumer(thing->reader);
}

static void destroy(struct thing *thing)
{
    pulsar_publisher_destroy(thing->publisher);
    if (thing->kind == READER) {
        pulsar_reader_destroy(thing->reader);
    } else {
        pulsar_consumer_destroy(thing->consumer);
    }
    thing->publisher = NULL;
    thing->consumer = NULL;
    thing->reader = NULL;
}

static void on_where(struct asker *asker, struct op *op)
{
    (void)asker;
    printf("where %s %s %s %u\n", d.where_topic, err_name(op->err), d.where.endpoint.broker.host,
        (unsigned)d.where.endpoint.broker.port);
}

/* ---- commands */

static void print_stats(void)
{
    struct pulsar_client_stats stats = pulsar_client_stats(d.client);
    printf("stats connections=%u handles=%u reopens=%" PRIu64 " lost=%" PRIu64 " flaws=%" PRIu64
           " unknown=%" PRIu64 " pending=%" PRIu64 "\n",
        stats.connections, stats.handles, stats.reopens, stats.losses, stats.flaws,
        stats.unknown_frames, stats.pending_bytes);
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

/* "-1" is the largest number, as on the wire. */
static struct pulsar_position position_of(char *const *words)
{
    return (struct pulsar_position){
        number(words[0]), number(words[1]), (int32_t)strtol(words[2], NULL, 10), 0};
}

static void run_publish(char *const *words)
{
    struct thing *thing = find(words[1]);
    thing->first = thing->next = number(words[2]);
    thing->until = thing->first + number(words[3]);
    thing->at_once = (uint32_t)number(words[4]);
    thing->oks = thing->others = 0;
    thing->last_err = OK;
}

static void run_question(char *const *words, int count)
{
    struct thing *thing;
    if (strcmp(words[0], "seek") == 0 && count == 5) {
        thing = find(words[1]);
        thing->seek.position = position_of(words + 2);
        pulsar_consumer_seek(thing->consumer, &thing->seek_asker, &thing->seek);
    } else if (strcmp(words[0], "last") == 0 && count == 2) {
        thing = find(words[1]);
        pulsar_consumer_last(thing->consumer, &thing->last_asker, &thing->last);
    } else if (strcmp(words[0], "where") == 0 && count == 2) {
        snprintf(d.where_topic, sizeof(d.where_topic), "%s", words[1]);
        d.where = (struct pulsar_lookup_op){.topic = d.where_topic};
        d.where_asker.on_answer = on_where;
        pulsar_lookup(d.client, &d.where_asker, &d.where);
    } else {
        fprintf(stderr, "no command: %s of %d words\n", words[0], count);
        exit(2);
    }
}

static void run_command(char *const *words, int count)
{
    if (strcmp(words[0], "publisher") == 0 && count == 5) {
        make_publisher(words[1], words[2], words[3], (uint32_t)number(words[4]));
    } else if (strcmp(words[0], "publish") == 0 && count == 5) {
        run_publish(words);
    } else if (strcmp(words[0], "consumer") == 0 && count == 6) {
        make_consumer(words[1], words[2], words[3], words[4], (int32_t)number(words[5]));
    } else if (strcmp(words[0], "reader") == 0 && count == 6) {
        struct pulsar_position start = position_of(words + 3);
        make_reader(words[1], words[2], &start);
    } else if (strcmp(words[0], "let") == 0 && count == 3) {
        find(words[1])->lets = number(words[2]) != 0;
    } else if (strcmp(words[0], "redeliver") == 0 && count == 2) {
        pulsar_consumer_redeliver_all(find(words[1])->consumer);
    } else if (strcmp(words[0], "destroy") == 0 && count == 2) {
        destroy(find(words[1]));
    } else if (strcmp(words[0], "stats") == 0) {
        print_stats();
    } else if (strcmp(words[0], "quit") == 0) {
        d.quits = true;
    } else {
        run_question(words, count);
    }
}

static void run_line(char *line)
{
    char *words[8], *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(line, " ", &rest); word && count < 8;
         word = strtok_r(NULL, " ", &rest)) {
        words[count] = word;
        count++;
    }
    if (count > 0) {
        run_command(words, count);
    }
}

static void read_lines(void)
{
    ssize_t got = read(STDIN_FILENO, d.line + d.line_size, sizeof(d.line) - d.line_size);
    char *end;
    d.quits |= got == 0;
    d.line_size += got > 0 ? (size_t)got : 0;
    while ((end = memchr(d.line, '\n', d.line_size))) {
        *end = 0;
        run_line(d.line);
        d.line_size -= (size_t)(end + 1 - d.line);
        memmove(d.line, end + 1, d.line_size);
    }
}

static void tell_trouble(void)
{
    const char *trouble = pulsar_client_last_trouble(d.client);
    if (strcmp(trouble, d.trouble) != 0) {
        snprintf(d.trouble, sizeof(d.trouble), "%s", trouble);
        printf("trouble %s\n", trouble);
    }
}

static uint32_t read_token(
    struct pulsar_credentials *credentials, char *ret_token, uint32_t capacity)
{
    FILE *file = fopen(d.token_path, "r");
    (void)credentials;
    if (!file) {
        return 0;
    }
    size_t size = fread(ret_token, 1, capacity, file);
    fclose(file);
    printf("token %zu\n", size);
    return (uint32_t)size;
}

static void turn(void)
{
    read_lines();
    for (struct thing *thing = d.things; thing < d.things + THINGS_MAX; thing++) {
        if (thing->publisher) {
            publish_more(thing);
        }
    }
    loop_uv_turn(d.loop, 2);
    tell_trouble();
    fflush(stdout);
}

static void read_options(int argc, char **argv)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        bool is_token = strcmp(argv[i], "--token") == 0;
        *(is_token ? &d.token_path : &d.ca_path) = argv[i + 1];
    }
}

static void make_client(const char *hosts)
{
    struct pulsar_client_options options = {
        .service_hosts = hosts, .limits = pulsar_client_limits_default()};
    struct tls_client_options tls = {.ca_file = d.ca_path};
    char why[TLS_WHY_BYTES];
    if (d.ca_path && tls_client_create(&tls, &d.tls, why)) {
        exit(2);
    }
    d.credentials.token = read_token;
    options.credentials = d.token_path ? &d.credentials : NULL;
    options.tls = d.tls;
    options.limits.busy_ms = BUSY_MS;
    if (pulsar_client_create(&d.world, d.outbounds, &options, &d.client)) {
        exit(2);
    }
}

int main(int argc, char **argv)
{
    struct loop_uv_options loop_options = {.logger = &d.logger};
    if (argc % 2) {
        return 2;
    }
    read_options(argc, argv);
    fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
    logger_init(&d.logger, "drive", LOG_LEVEL_ERROR, false);
    d.loop = loop_uv_create(&loop_options, &d.world);
    d.outbounds = outbounds_create(&d.world);
    make_client(argv[1]);
    while (!d.quits) {
        turn();
    }
    for (struct thing *thing = d.things; thing < d.things + THINGS_MAX; thing++) {
        destroy(thing);
    }
    loop_uv_turn(d.loop, 1);
    loop_uv_turn(d.loop, 1);
    pulsar_client_destroy(d.client);
    outbounds_destroy(d.outbounds);
    tls_client_destroy(d.tls);
    loop_uv_destroy(d.loop);
    return 0;
}
