/* example - a program on the client of Pulsar: publishes some words to a topic and reads them
 * back.
 *
 *     pulsar_client_example 127.0.0.1:6650 persistent://public/default/words
 *
 * Happy path: a line for each word that came back, then it ends with 0. How it fails: what ends the
 * publisher or the reader, or a word that is not published, ends it with 1 and the client's words.
 */

#include <stdio.h>

#include "base/buf.h"
#include "base/task.h"
#include "link/outbound.h"
#include "loop/loop_uv.h"
#include "pulsar_client/pulsar_publisher.h"
#include "pulsar_client/pulsar_reader.h"

#define WORDS 3u

static const char *const words[WORDS] = {"one", "two", "three"};

struct program {
    struct loop_uv *loop;
    struct pulsar_client *client;
    struct pulsar_publisher *publisher;
    struct pulsar_publisher_events publisher_events;
    struct pulsar_reader *reader;
    struct source source;
    struct pulsar_publish_op ops[WORDS];
    struct asker asker;
    uint32_t published, read;
    bool failed;
};

static void give_up(struct program *program)
{
    fprintf(stderr, "%s\n", pulsar_client_last_trouble(program->client));
    program->failed = true;
}

static void on_published(struct asker *asker, struct op *op)
{
    struct program *program = container_of(asker, struct program, asker);
    program->published++;
    if (op->err) {
        give_up(program);
    }
}

static void on_publisher_end(struct pulsar_publisher_events *events, enum err err)
{
    (void)err;
    give_up(container_of(events, struct program, publisher_events));
}

static void on_word(struct source *source, void *item)
{
    struct program *program = container_of(source, struct program, source);
    const struct pulsar_received *received = item;
    printf("%.*s\n", (int)received->size, (const char *)received->bytes);
    program->read++;
}

static void on_reader_end(struct source *source, enum err err)
{
    (void)err;
    give_up(container_of(source, struct program, source));
}

/* Both are found and opened while the loop runs; what is published before waits. */
static enum err begin(struct program *program, const char *topic)
{
    struct pulsar_publisher_options publisher = {.topic = topic,
        .limits = pulsar_publisher_limits_default(),
        .events = &program->publisher_events};
    struct pulsar_reader_options reader = {.topic = topic,
        .start = pulsar_position_earliest(),
        .limits = pulsar_consumer_limits_default(),
        .source = &program->source};
    program->publisher_events.on_end = on_publisher_end;
    program->asker.on_answer = on_published;
    program->source = (struct source){.on_item = on_word, .on_end = on_reader_end, .credit = WORDS};
    enum err err = pulsar_publisher_create(program->client, &publisher, &program->publisher);
    for (uint32_t i = 0; !err && i < WORDS; i++) {
        program->ops[i].payload = buf_copy(words[i], cht_str_of(words[i]).size);
        pulsar_publish(program->publisher, &program->asker, &program->ops[i]);
    }
    return err ? err : pulsar_reader_create(program->client, &reader, &program->reader);
}

static void end(struct program *program, struct outbounds *outbounds)
{
    pulsar_publisher_destroy(program->publisher);
    pulsar_reader_destroy(program->reader);
    loop_uv_turn(program->loop, 1); /* its last words leave */
    pulsar_client_destroy(program->client);
    outbounds_destroy(outbounds);
    loop_uv_destroy(program->loop);
    for (uint32_t i = 0; i < WORDS; i++) {
        buf_unref(program->ops[i].payload);
    }
}

int main(int argc, char **argv)
{
    static struct program program;
    static struct logger logger;
    struct pulsar_client_options options = {.limits = pulsar_client_limits_default()};
    struct loop_uv_options loop_options = {.logger = &logger};
    struct world world;
    if (argc != 3) {
        fprintf(stderr, "pulsar_client_example HOST:PORT TOPIC\n");
        return 2;
    }
    logger_init(&logger, "example", LOG_LEVEL_ERROR, false);
    program.loop = loop_uv_create(&loop_options, &world);
    struct outbounds *outbounds = outbounds_create(&world);
    options.service_hosts = argv[1];
    program.failed = pulsar_client_create(&world, outbounds, &options, &program.client) ||
                     begin(&program, argv[2]);
    while (!program.failed && (program.published < WORDS || program.read < WORDS)) {
        loop_uv_turn(program.loop, 1000);
    }
    end(&program, outbounds);
    return program.failed ? 1 : 0;
}
