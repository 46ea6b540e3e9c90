/* engine_pulsar - bus and log on Apache Pulsar.
 *
 * Happy path: each worker has a client of its own and on it shards, mail, cast and log; before
 * anything is built on them, the two topics are found to have as many partitions as there are
 * shards, and every worker hears its own casts. How it fails: a setting that is wrong, topics that
 * are not there and brokers that do not answer for a while are a line, and no start. Brokers that
 * go away later are waited for. Bus and log are one thing here: whichever of the two is opened
 * first opens both. */

#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "engines.h"
#include "house.h"
#include "metrics.h"
#include "pulsar/log_pulsar.h"
#include "pulsar/pulsar_config.h"
#include "pulsar/pulsar_error.h"
#include "pulsar/shards_pulsar.h"
#include "pulsar_client/pulsar_lookup.h"
#include "services.h"
#include "worker.h"
#include "world/loop.h"

#define OPEN_MS 30000u
#define LOOK_MS 200u
#define LAST_ROUNDS 20u
#define REASON_BYTES 128

/* Of one worker. */
struct member {
    struct pulsar_client *client;
    struct shards *shards;
    struct mail_pulsar *mail;
    struct cast_pulsar *cast;
    struct log *log;
    bool silent;
};

struct pulsar_bus {
    struct pulsar_config config;
    struct member *members;
};

static struct member *member_of(const struct worker *worker)
{
    return &worker->house->pulsar->members[worker->index];
}

/* What went wrong last is often why. */
static enum err refuse(struct house *house, const char *topic, const char *reason)
{
    const struct pulsar_client *client = house->pulsar->members[0].client;
    LOG_ERROR(&house->logger, "bus.refused", "hosts=%s topic=%s reason=\"%s\" trouble=\"%s\"",
        house->settings.pulsar.hosts, topic, reason,
        client ? pulsar_client_last_trouble(client) : "");
    return ERR_UNAVAILABLE;
}

/* ---- are the topics there? */

static void pass(struct house *house, uint64_t ms)
{
    struct loop *loop = house->workers[0].world.loop;
    for (uint64_t until = loop_now_ms(loop) + ms; loop_now_ms(loop) < until;) {
        house_turn(house);
    }
}

/* Brokers may be starting as well. */
static bool may_wait(const struct house *house, uint64_t until_ms)
{
    return loop_now_ms(house->workers[0].world.loop) < until_ms && !atomic_load(&house->draining);
}

static bool is_missing(const struct pulsar_partitions_op *op)
{
    return op->op.err == ERR_REFUSED && op->error == PULSAR_ERROR_TOPIC_NOT_FOUND;
}

/* A broker that is not ready yet refuses as well. */
static bool may_be_later(const struct pulsar_partitions_op *op)
{
    enum err err = op->op.err;
    bool is_broker = err == ERR_REFUSED && pulsar_error_row(op->error)->action <= PULSAR_BUSY;
    return is_broker || err == ERR_UNAVAILABLE || err == ERR_TIMEOUT;
}

static void count_partitions(
    struct house *house, struct pulsar_partitions_op *op, uint64_t until_ms)
{
    do {
        pulsar_partitions(house->pulsar->members[0].client, asker_nobody(), op);
        (void)house_wait(house, &op->op);
        if (!may_be_later(op)) {
            return;
        }
        pass(house, LOOK_MS);
    } while (may_wait(house, until_ms));
}

static enum err check_topic(struct house *house, const char *topic, uint64_t until_ms)
{
    char reason[REASON_BYTES];
    struct pulsar_partitions_op op = {.topic = topic};
    unsigned shards = (unsigned)house->settings.app.shards;
    count_partitions(house, &op, until_ms);
    enum err err = op.op.err;
    if (err == OK && op.partitions == shards) {
        return OK;
    }
    if (err != OK && !is_missing(&op)) {
        return refuse(house, topic, err_name(err));
    }
    snprintf(reason, sizeof(reason),
        "it has %u partitions and data.shards is %u; docs/operation.md says how it is made",
        err == OK ? (unsigned)op.partitions : 0, shards);
    return refuse(house, topic, reason);
}

static bool hear_themselves(const struct house *house)
{
    bool open = true;
    for (uint32_t i = 0; i < house->worker_count; i++) {
        open = open && cast_pulsar_is_open(house->pulsar->members[i].cast);
    }
    return open;
}

static enum err check_casts(struct house *house, uint64_t until_ms)
{
    while (!hear_themselves(house) && may_wait(house, until_ms)) {
        house_turn(house);
    }
    if (!hear_themselves(house)) {
        return refuse(house, house->pulsar->config.control, "what is sent to it does not come");
    }
    return OK;
}

static enum err check(struct house *house)
{
    const struct pulsar_config *config = &house->pulsar->config;
    uint64_t until_ms = loop_now_ms(house->workers[0].world.loop) + OPEN_MS;
    enum err err = check_topic(house, config->commands, until_ms);
    if (err == OK && services_use(house->services, ENGINE_LOG)) {
        err = check_topic(house, config->log, until_ms);
    }
    return err == OK ? check_casts(house, until_ms) : err;
}

/* ---- a worker's ports */

static void open_shards(
    const struct house *house, const struct worker *worker, struct member *member)
{
    char name[17];
    struct shards_pulsar_options options = shards_pulsar_options_default();
    snprintf(name, sizeof(name), "%014" PRIx64, mail_pulsar_port(member->mail)->node);
    options.topic = house->pulsar->config.commands;
    options.worker = name;
    options.shards = (uint32_t)house->settings.app.shards;
    options.generation = (uint32_t)house->settings.pulsar.generation;
    member->shards = shards_pulsar_create(&worker->world, member->client, &options);
}

static void open_log(const struct house *house, const struct worker *worker, struct member *member)
{
    struct log_pulsar_options options = log_pulsar_options_default();
    options.topic = house->pulsar->config.log;
    options.shards = (uint32_t)house->settings.app.shards;
    options.owner = shards_pulsar_owner(member->shards);
    member->log = log_pulsar_create(&worker->world, member->client, &options);
}

/* The worker has its world alone. */
static enum err open_member(struct house *house, uint32_t index)
{
    struct worker *worker = &house->workers[index];
    struct pulsar_config *config = &house->pulsar->config;
    struct member *member = &house->pulsar->members[index];
    struct pulsar_client_options client = pulsar_config_client(config);
    struct mail_pulsar_options mail = pulsar_config_mail(config);
    struct cast_pulsar_options cast = pulsar_config_cast(config);
    enum err err =
        pulsar_client_create(&worker->world, worker_outbounds(worker), &client, &member->client);
    if (err != OK) {
        return refuse(house, config->commands, err_name(err));
    }
    member->mail = mail_pulsar_create(&worker->world, member->client, &mail);
    member->cast = cast_pulsar_create(&worker->world, member->client, &cast);
    open_shards(house, worker, member);
    open_log(house, worker, member);
    return OK;
}

static enum err read_config(struct house *house)
{
    char why[PULSAR_CONFIG_WHY_BYTES];
    enum err err = pulsar_config_read(&house->settings.pulsar, &house->pulsar->config, why);
    if (err != OK) {
        engine_say_refused(house, why);
    }
    return err;
}

static enum err open_bus(struct house *house)
{
    if (house->pulsar) {
        return OK;
    }
    house->pulsar = mem_new(sizeof(*house->pulsar));
    house->pulsar->members = mem_array(house->worker_count, sizeof(struct member));
    enum err err = read_config(house);
    for (uint32_t i = 0; i < house->worker_count && err == OK; i++) {
        err = open_member(house, i);
    }
    return err == OK ? check(house) : err;
}

static void join_bus(struct worker *worker)
{
    struct member *member = member_of(worker);
    worker->shards = member->shards;
    worker->mail = mail_pulsar_port(member->mail);
    worker->cast = cast_pulsar_port(member->cast);
}

/* What marks a shard is the worker that stores it; its subscription is made by that. */
static void join_log(struct worker *worker)
{
    struct house *house = worker->house;
    bool stores = (house->services & SERVICE_BIT(MESSAGE)) != 0;
    worker->log = member_of(worker)->log;
    for (uint32_t shard = worker->index; stores && shard < house->settings.app.shards;
         shard += house->worker_count) {
        log_pulsar_open_mark(worker->log, shard);
    }
    if (stores && worker->index == 0) {
        LOG_INFO(&house->logger, "message.alone",
            "reason=\"no other process may have the message service of this installation\"");
    }
}

static bool is_warm(const struct worker *worker)
{
    const struct member *member = member_of(worker);
    return mail_pulsar_is_open(member->mail) && log_pulsar_marks_are_open(member->log);
}

/* ---- the end */

static void stop(struct member *member)
{
    if (member->client && !member->silent) {
        member->silent = true;
        shards_pulsar_stop(member->shards);
        log_pulsar_stop(member->log);
        mail_pulsar_stop(member->mail);
        cast_pulsar_stop(member->cast);
    }
}

static void fall_silent(struct worker *worker)
{
    stop(member_of(worker));
}

static void close_member(struct member *member)
{
    if (member->client) {
        log_pulsar_destroy(member->log);
        shards_pulsar_destroy(member->shards);
        mail_pulsar_destroy(member->mail);
        cast_pulsar_destroy(member->cast);
        pulsar_client_destroy(member->client);
    }
}

/* Loops turn no more where there were services. */
static void stop_half_built(struct house *house)
{
    struct pulsar_bus *bus = house->pulsar;
    bool was_silent = bus->members[0].silent;
    for (uint32_t i = 0; i < house->worker_count; i++) {
        stop(&bus->members[i]);
    }
    for (uint32_t round = 0; round < LAST_ROUNDS && !was_silent; round++) {
        house_turn(house);
    }
}

static void close_bus(struct house *house)
{
    struct pulsar_bus *bus = house->pulsar;
    if (!bus) {
        return;
    }
    stop_half_built(house);
    for (uint32_t i = 0; i < house->worker_count; i++) {
        close_member(&bus->members[i]);
    }
    pulsar_config_deinit(&bus->config);
    mem_free(bus->members);
    mem_free(bus);
    house->pulsar = NULL;
}

/* ---- what is asked of it */

/* On the first worker's loop. */
static const char *ails(struct house *house)
{
    return cast_pulsar_is_open(house->pulsar->members[0].cast) ? NULL : "pulsar";
}

static void measure(const struct worker *worker, struct metrics *metrics)
{
    const struct member *member = member_of(worker);
    struct shards_pulsar_stats shards = shards_pulsar_stats(member->shards);
    metrics->pulsar_away = cast_pulsar_is_open(member->cast) ? 0 : 1;
    metrics->pulsar_losses_total = pulsar_client_stats(member->client).losses;
    metrics->pulsar_casts_dropped_total = cast_pulsar_dropped(member->cast);
    metrics->pulsar_refused_total = shards.refused;
    metrics->pulsar_unknown_total = shards.given_up;
}

const struct engine bus_pulsar_engine = {
    .name = "pulsar",
    .reaches = true,
    .open = open_bus,
    .join = join_bus,
    .is_warm = is_warm,
    .fall_silent = fall_silent,
    .close = close_bus,
    .ails = ails,
    .measure = measure,
};

const struct engine log_pulsar_engine = {
    .name = "pulsar",
    .reaches = true,
    .open = open_bus,
    .join = join_log,
    .close = close_bus,
};
