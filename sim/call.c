/* call - see the header.
 *
 * Happy path: a route of client.def, the fields, an answer. How it fails: a second answer to the
 * same call breaks a promise; a node that is down never answers. */

#include "call.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "client.h"
#include "cluster.h"
#include "heap.h"
#include "node.h"

#define HOP_US_MAX 3000
#define PART_BYTES 128

static const struct {
    enum http_method method;
    const char *path; /* NULL: it can not; {r} room, {m} message, {u} user */
    const char *body; /* {t} text */
} forms[ACT_COUNT] = {
    [ACT_send] = {HTTP_POST, "/api/rooms/{r}/messages", "{\"text\":\"{t}\"}"},
    [ACT_edit] = {HTTP_PATCH, "/api/rooms/{r}/messages/{m}", "{\"text\":\"{t}\"}"},
    [ACT_delete] = {HTTP_DELETE, "/api/rooms/{r}/messages/{m}", ""},
    [ACT_react] = {HTTP_PUT, "/api/rooms/{r}/messages/{m}/reactions/+1", ""},
    [ACT_join] = {HTTP_POST, "/api/rooms/{r}/join", ""},
    [ACT_leave] = {HTTP_POST, "/api/rooms/{r}/leave", ""},
    [ACT_add] = {HTTP_POST, "/api/rooms/{r}/members", "{\"user\":\"{u}\"}"},
    [ACT_remove] = {HTTP_DELETE, "/api/rooms/{r}/members/{u}", ""},
    [ACT_update] = {HTTP_PATCH, "/api/rooms/{r}", "{\"topic\":\"{t}\"}"},
};

struct call_event {
    struct event event;
    struct call *call;
    int status;
    uint64_t seq; /* of the header */
    uint32_t size;
    char *bytes;
};

bool call_fits(enum act_kind kind)
{
    return forms[kind].path != NULL;
}

/* ---- asking */

/* What stands for the form's next character or mark; answers how much of the form that was. */
static size_t take_part(
    const struct client *client, const struct act *act, const char *form, char part[PART_BYTES])
{
    struct cht_id user = people_id(act->other ? act->other : 1);
    memset(part, 0, PART_BYTES);
    if (strncmp(form, "{r}", 3) == 0) {
        cht_id_to_text(&client->cluster->places.at[act->place].room, part);
    } else if (strncmp(form, "{u}", 3) == 0) {
        cht_id_to_text(&user, part);
    } else if (strncmp(form, "{m}", 3) == 0) {
        snprintf(part, PART_BYTES, "%" PRIu64, act->target);
    } else if (strncmp(form, "{t}", 3) == 0) {
        snprintf(part, PART_BYTES, "%s", act->text);
    } else {
        part[0] = form[0];
        return 1;
    }
    return 3;
}

static void write_form(
    const struct client *client, const struct act *act, const char *form, char *text, size_t size)
{
    size_t used = 0;
    while (*form && used + 1 < size) {
        char part[PART_BYTES];
        form += take_part(client, act, form, part);
        used += (size_t)snprintf(text + used, size - used, "%s", part);
    }
}

static void run_call(struct scene *scene, struct event *event)
{
    (void)scene;
    struct call *call = ((struct call_event *)event)->call;
    struct node *node = &call->client->cluster->nodes[call->node - 1];
    call->fields[0] =
        (struct http_field){cht_str_of("content-type"), cht_str_of("application/json")};
    call->fields[1] = (struct http_field){cht_str_of("idempotency-key"), cht_str_of(call->cid)};
    call->fields[2] = (struct http_field){cht_str_of("idempotency-after"), cht_str_of(call->after)};
    call->request = (struct edge_request){.conn = {CALL_SLOT, call->number},
        .method = call->method,
        .path = cht_str_of(call->path),
        .body = cht_str_of(call->body),
        .fields = call->fields,
        .field_count = 3};
    struct identity who = client_identity(call->client);
    struct upstream_call asked = {.request = &call->request, .identity = &who};
    struct upstream_server *server = socket_upstream(node->socket);
    server->on_call(server, &asked);
}

void call_open(struct client *client, const struct act *act, uint32_t node)
{
    struct cluster *cluster = client->cluster;
    if (cluster->scene.nodes[node]->life == 0) {
        return; /* nobody is there to refuse it */
    }
    struct call *call = mem_new(sizeof(*call));
    *call = (struct call){.next = cluster->calls,
        .client = client,
        .number = cluster->calls ? cluster->calls->number + 1 : 1,
        .node = node,
        .act = act->id,
        .attempt = act->attempts,
        .method = forms[act->kind].method};
    cluster->calls = call;
    if (act->kind == ACT_react && !act->on) {
        call->method = HTTP_DELETE;
    }
    write_form(client, act, forms[act->kind].path, call->path, sizeof(call->path));
    write_form(client, act, forms[act->kind].body, call->body, sizeof(call->body));
    memcpy(call->cid, act->cid, sizeof(call->cid));
    snprintf(call->after, sizeof(call->after), "%" PRIu64, act->after);
    struct call_event *event = scene_event(sizeof(*event), EVENT_text, run_call);
    event->event.node = node;
    event->event.life = cluster->scene.nodes[node]->life;
    event->event.whole_node = true;
    event->event.digest = call->number;
    event->call = call;
    scene_add(&cluster->scene, &event->event, dice_between(&cluster->chance, 50, HOP_US_MAX));
}

/* ---- answers */

static void drop_bytes(struct event *event)
{
    mem_free(((struct call_event *)event)->bytes);
}

static void run_answer(struct scene *scene, struct event *event)
{
    (void)scene;
    struct call_event *answer = (struct call_event *)event;
    client_on_called(answer->call,
        &(struct called){
            .status = answer->status, .seq = answer->seq, .body = {answer->bytes, answer->size}});
    drop_bytes(event);
}

static uint64_t seq_of(const struct edge_response *response)
{
    uint64_t seq = 0;
    for (uint32_t i = 0; i < response->field_count; i++) {
        bool is_seq = response->fields[i].name.size == 10;
        struct cht_str value = response->fields[i].value;
        for (uint32_t c = 0; is_seq && c < value.size; c++) {
            seq = seq * 10 + (uint64_t)(value.at[c] - '0');
        }
    }
    return seq;
}

static struct call *find(const struct cluster *cluster, uint32_t number)
{
    struct call *call = cluster->calls;
    while (call->number != number) {
        call = call->next;
    }
    return call;
}

const struct edge_request *call_request(const struct cluster *cluster, uint32_t number)
{
    const struct call *call = find(cluster, number);
    return call->answered ? NULL : &call->request;
}

void call_respond(struct cluster *cluster, uint32_t number, const struct edge_response *response)
{
    struct call *call = find(cluster, number);
    if (call->answered) {
        scene_fail(&cluster->scene, "I19", "the call of act %u was answered twice", call->act);
        return;
    }
    call->answered = true;
    uint32_t former = heap_use(HEAP_WORLD);
    struct call_event *answer = scene_event(sizeof(*answer), EVENT_frames, run_answer);
    answer->bytes = mem_copy(response->body.at, response->body.size);
    heap_use(former);
    answer->event.drop = drop_bytes;
    answer->event.digest = digest_bytes(response->body.at, response->body.size);
    answer->call = call;
    answer->status = response->status;
    answer->seq = seq_of(response);
    answer->size = response->body.size;
    scene_add(&cluster->scene, &answer->event, dice_between(&cluster->chance, 50, HOP_US_MAX));
}

void call_free_all(struct cluster *cluster)
{
    while (cluster->calls) {
        struct call *call = cluster->calls;
        cluster->calls = call->next;
        mem_free(call);
    }
}
