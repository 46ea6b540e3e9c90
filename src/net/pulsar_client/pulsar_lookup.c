/* pulsar_lookup - see the header.
 *
 * Happy path: a question is a flow: connect to a host, ask, answer all who wait. A redirection is
 * the same again, at another host. How it fails: a host that can not be reached is followed by the
 * next one, each of them once; a refusal and a loop of redirections end the question. */

#include "pulsar_client/pulsar_lookup.h"

#include <string.h>

#include "base/mem.h"
#include "flow/flow.h"

enum question_kind { WHERE, HOW_MANY };

struct question {
    struct flow flow; /* first */
    struct pulsar_client *client;
    struct pulsar_place place;   /* among those of the client */
    struct pulsar_place waiting; /* pulsar_lookup_op or pulsar_partitions_op */
    enum question_kind kind;
    struct pulsar_connect_op connect;
    struct pulsar_request request;
    struct pulsar_endpoint found;
    uint32_t partitions, error;
    uint32_t redirects, hosts_tried;
    bool asked;         /* the request, and not the connection, was answered last */
    bool authoritative; /* as the last redirection had it */
    char topic[];
};

static void find_out(struct flow *flow);
static void finish(struct flow *flow);

static const struct flow_step question_steps[] = {
    {"find_out", find_out},
    {"finish", finish},
};

/* ---- asking */

static void connect_to(
    struct question *q, const struct pulsar_address *broker, const struct pulsar_address *physical)
{
    q->asked = false;
    q->connect.endpoint = (struct pulsar_endpoint){*broker, *physical, 0};
    pulsar_connect(q->client, flow_tolerate(&q->flow), &q->connect);
    flow_again(&q->flow);
}

static void connect_to_host(struct question *q)
{
    const struct pulsar_address *host = &q->client->hosts[q->client->host_at];
    q->redirects = 0;
    q->authoritative = false;
    connect_to(q, host, host);
}

static void make_lookup(const struct question *q, struct pulsar_command *ret_command)
{
    const char *listener = q->client->listener_name;
    *ret_command = (struct pulsar_command){.type = PULSAR_COMMAND_LOOKUP,
        .lookup = {.topic = cht_str_of(q->topic),
            .request_id = q->request.id,
            .has_authoritative = true,
            .authoritative = q->authoritative,
            .has_advertised_listener_name = listener != NULL,
            .advertised_listener_name = cht_str_of(listener ? listener : "")}};
}

static void make_metadata(const struct question *q, struct pulsar_command *ret_command)
{
    *ret_command = (struct pulsar_command){.type = PULSAR_COMMAND_PARTITIONED_METADATA,
        .partitioned_metadata = {.topic = cht_str_of(q->topic),
            .request_id = q->request.id,
            .has_metadata_auto_creation_enabled = q->connect.connection->makes_no_topics,
            .metadata_auto_creation_enabled = false}};
}

static void ask(struct question *q)
{
    uint8_t bytes[PULSAR_COMMAND_BYTES_MAX];
    struct pulsar_writer writer;
    struct pulsar_command command;
    pulsar_writer_init(&writer, bytes, sizeof(bytes));
    q->request.id = pulsar_client_next_request(q->client);
    if (q->kind == WHERE) {
        make_lookup(q, &command);
    } else {
        make_metadata(q, &command);
    }
    if (!pulsar_write_command(&writer, &command)) {
        flow_fail(&q->flow, ERR_BAD_FIELD);
        return;
    }
    q->asked = true;
    pulsar_request_ask(q->connect.connection, flow_tolerate(&q->flow), &q->request,
        q->kind == WHERE ? PULSAR_COMMAND_LOOKUP_RESPONSE
                         : PULSAR_COMMAND_PARTITIONED_METADATA_RESPONSE,
        &writer);
    flow_again(&q->flow);
}

/* ---- what came of it */

/* The next host, each once. One of another broker, by a redirection, says nothing about hosts. */
static void host_failed(struct question *q, enum err err)
{
    if (err == ERR_FULL || q->hosts_tried == q->client->host_count) {
        flow_fail(&q->flow, err);
        return;
    }
    q->hosts_tried++;
    q->client->host_at = (q->client->host_at + 1) % q->client->host_count;
    connect_to_host(q);
}

static void redirect(struct question *q, const struct pulsar_answer *answer)
{
    struct pulsar_address broker = answer->found.broker;
    if (pulsar_address_is_none(&broker) || ++q->redirects > PULSAR_REDIRECTS_MAX) {
        pulsar_client_trouble(q->client, "%s: redirected to nowhere, or for ever", q->topic);
        flow_fail(&q->flow, ERR_UNAVAILABLE);
        return;
    }
    q->authoritative = answer->found.authoritative;
    connect_to(q, &broker, answer->found.through_service ? &q->connect.endpoint.physical : &broker);
}

static void refused(struct question *q, const struct pulsar_answer *answer)
{
    q->error = answer->error;
    pulsar_client_trouble(
        q->client, "%s: %s: %s", q->topic, pulsar_error_row(answer->error)->name, answer->text);
    flow_fail(&q->flow, ERR_REFUSED);
}

static void found(struct question *q, const struct pulsar_answer *answer)
{
    struct pulsar_address broker = answer->found.broker;
    if (pulsar_address_is_none(&broker)) {
        pulsar_client_trouble(q->client, "%s: its broker has no address", q->topic);
        flow_fail(&q->flow, ERR_UNAVAILABLE);
        return;
    }
    q->found.broker = broker;
    q->found.physical = answer->found.through_service ? q->connect.endpoint.physical : broker;
}

static void judge(struct question *q)
{
    const struct pulsar_answer *answer = &q->request.answer;
    if (q->request.op.err == ERR_CLOSED) {
        host_failed(q, ERR_UNAVAILABLE);
    } else if (q->request.op.err) {
        flow_fail(&q->flow, q->request.op.err);
    } else if (answer->refused) {
        refused(q, answer);
    } else if (q->kind == HOW_MANY) {
        q->partitions = answer->partitions;
    } else if (answer->found.response == PULSAR_LOOKUP_REDIRECT) {
        redirect(q, answer);
    } else {
        found(q, answer);
    }
}

static void find_out(struct flow *flow)
{
    struct question *q = (struct question *)flow;
    if (q->hosts_tried == 0) {
        q->hosts_tried = 1;
        connect_to_host(q);
    } else if (q->asked) {
        judge(q);
    } else if (q->connect.op.err) {
        host_failed(q, q->connect.op.err);
    } else {
        ask(q);
    }
}

static void answer_one(struct question *q, struct pulsar_place *place)
{
    pulsar_place_leave(place);
    if (q->kind == WHERE) {
        struct pulsar_lookup_op *op = container_of(place, struct pulsar_lookup_op, place);
        op->endpoint = q->found;
        op->error = q->error;
        op_answer_later(&op->op, q->client->world->loop, q->flow.err);
        return;
    }
    struct pulsar_partitions_op *op = container_of(place, struct pulsar_partitions_op, place);
    op->partitions = q->partitions;
    op->error = q->error;
    op_answer_later(&op->op, q->client->world->loop, q->flow.err);
}

static void finish(struct flow *flow)
{
    struct question *q = (struct question *)flow;
    while (!pulsar_place_is_empty(&q->waiting)) {
        answer_one(q, q->waiting.next);
    }
    pulsar_place_leave(&q->place);
    q->client->stats.lookups--;
    mem_free(q);
}

/* ---- who asks */

static struct question *find(
    struct pulsar_client *client, enum question_kind kind, const char *topic)
{
    struct pulsar_place *head = &client->lookups;
    for (struct pulsar_place *at = head->next; at != head; at = at->next) {
        struct question *q = container_of(at, struct question, place);
        if (q->kind == kind && strcmp(q->topic, topic) == 0) {
            return q;
        }
    }
    return NULL;
}

static void begin(struct pulsar_client *client, enum question_kind kind, const char *topic,
    struct pulsar_place *place)
{
    size_t size = strlen(topic) + 1;
    struct question *q = mem_new(sizeof(*q) + size);
    q->client = client;
    q->kind = kind;
    memcpy(q->topic, topic, size);
    pulsar_place_init(&q->waiting);
    pulsar_place_join(&q->waiting, place);
    pulsar_place_join(&client->lookups, &q->place);
    client->stats.lookups++;
    flow_start(&q->flow, client->world->loop, question_steps, FLOW_STEPS(question_steps));
}

/* OK: it is asked, or has joined whoever asks the same. */
static enum err join(struct pulsar_client *client, enum question_kind kind, const char *topic,
    struct pulsar_place *place)
{
    struct question *q = find(client, kind, topic);
    if (q) {
        pulsar_place_join(&q->waiting, place);
        return OK;
    }
    if (strlen(topic) > PULSAR_TOPIC_BYTES_MAX) {
        return ERR_BAD_FIELD;
    }
    if (client->stats.lookups >= client->limits.lookups_max) {
        return ERR_FULL;
    }
    begin(client, kind, topic, place);
    return OK;
}

void pulsar_lookup(struct pulsar_client *client, struct asker *asker, struct pulsar_lookup_op *op)
{
    op_ask(&op->op, asker);
    op->error = 0;
    enum err err = join(client, WHERE, op->topic, &op->place);
    if (err) {
        op_answer_later(&op->op, client->world->loop, err);
    }
}

void pulsar_partitions(
    struct pulsar_client *client, struct asker *asker, struct pulsar_partitions_op *op)
{
    op_ask(&op->op, asker);
    op->error = 0;
    enum err err = join(client, HOW_MANY, op->topic, &op->place);
    if (err) {
        op_answer_later(&op->op, client->world->loop, err);
    }
}

void pulsar_lookups_free(struct pulsar_client *client)
{
    while (!pulsar_place_is_empty(&client->lookups)) {
        struct question *q = container_of(client->lookups.next, struct question, place);
        pulsar_place_leave(&q->place);
        mem_free(q);
    }
}
