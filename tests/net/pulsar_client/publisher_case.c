/* publisher_case - see the header. Happy path: as there. How it fails: an answer out of order fails
 * the test that asks for it. */

#include "publisher_case.h"

#include <string.h>

#include "base/mem.h"
#include "pulsar_client/pulsar_client_inner.h"

struct publisher_case *pc;

static struct publisher_case *of(struct pulsar_publisher_events *events)
{
    return container_of(events, struct publisher_case, events);
}

static void on_open(struct pulsar_publisher_events *events)
{
    of(events)->opens++;
}

static bool may_open(struct pulsar_publisher_events *events)
{
    of(events)->asked_to_open++;
    return of(events)->lets;
}

static void on_room(struct pulsar_publisher_events *events)
{
    of(events)->rooms++;
}

static void on_end(struct pulsar_publisher_events *events, enum err err)
{
    of(events)->ends++;
    of(events)->end = err;
}

static void on_answer(struct asker *asker, struct op *op)
{
    struct publisher_case *made = container_of(asker, struct publisher_case, asker);
    struct pulsar_publish_op *answered = container_of(op, struct pulsar_publish_op, op);
    uint32_t which = (uint32_t)(answered - made->ops);
    made->answered[made->answers] = which;
    made->answers++;
    if (made->in_answer) {
        made->in_answer(which);
    }
}

int publisher_case_setup(void **state)
{
    pulsar_house_setup(state);
    pc = mem_new(sizeof(*pc));
    pc->events = (struct pulsar_publisher_events){on_open, may_open, on_room, on_end};
    pc->asker.on_answer = on_answer;
    pc->lets = true;
    pc->options = (struct pulsar_publisher_options){
        .topic = TOPIC, .limits = pulsar_publisher_limits_default(), .events = &pc->events};
    return 0;
}

int publisher_case_teardown(void **state)
{
    pulsar_publisher_destroy(pc->publisher);
    settle();
    assert_int_equal(pc->answers, pc->count);
    assert_int_equal(pulsar_client_stats(house->client).pending_bytes, 0);
    pulsar_house_teardown(state);
    for (uint32_t i = 0; i < pc->count; i++) {
        buf_unref(pc->ops[i].payload);
    }
    mem_free(pc);
    return 0;
}

void publisher_make(void)
{
    assert_int_equal(pulsar_publisher_create(house->client, &pc->options, &pc->publisher), OK);
}

struct toy_socket *publisher_open(uint64_t epoch)
{
    publisher_make();
    struct toy_socket *socket = broker_accept();
    broker_finds(socket);
    if (pc->options.group > 0) {
        socket = broker_accept();
    }
    broker_opens_producer(socket, epoch);
    assert_true(pulsar_publisher_is_open(pc->publisher));
    return socket;
}

struct pulsar_producer publisher_reopen(struct toy_socket *socket, uint64_t epoch)
{
    broker_finds(socket);
    return broker_opens_producer(socket, epoch);
}

void publish_keyed(const char *text, const char *key)
{
    struct pulsar_publish_op *op = &pc->ops[pc->count];
    assert_true(pc->count < OPS_MAX);
    pc->count++;
    op->payload = buf_copy(text, strlen(text));
    op->key = cht_str_of(key);
    pulsar_publish(pc->publisher, &pc->asker, op);
}

void publish(const char *text)
{
    publish_keyed(text, "");
}

void assert_answers(uint32_t answers, enum err err)
{
    assert_int_equal(pc->answers, answers);
    for (uint32_t i = 0; i < answers; i++) {
        assert_int_equal(pc->answered[i], i);
    }
    if (answers > 0) {
        assert_string_equal(err_name(pc->ops[answers - 1].op.err), err_name(err));
    }
}
