/* fake_edge - answers into an array. */

#include "fake_edge.h"

#include <stdio.h>
#include <string.h>

#define SLOTS 64

static struct fake_answer answers[SLOTS];
static const struct edge_request *asking;

void fake_edge_asks(const struct edge_request *request)
{
    asking = request;
}

const struct edge_request *edge_keep(struct edge *edge, struct conn_id conn)
{
    (void)edge;
    (void)conn;
    return asking;
}

struct fake_answer *fake_edge_answer(uint32_t slot)
{
    return &answers[slot % SLOTS];
}

void fake_edge_reset(void)
{
    memset(answers, 0, sizeof(answers));
}

void edge_respond(struct edge *edge, struct conn_id conn, const struct edge_response *response)
{
    struct fake_answer *answer = fake_edge_answer(conn.slot);
    struct buf *buf = response->body_buf_take;
    struct cht_str body =
        buf ? (struct cht_str){(const char *)buf->bytes, buf->size} : response->body;
    uint32_t count = answer->count + 1;
    size_t used = 0;
    (void)edge;
    memset(answer, 0, sizeof(*answer));
    answer->count = count;
    answer->status = response->status;
    snprintf(answer->body, sizeof(answer->body), "%.*s", (int)body.size, body.at ? body.at : "");
    for (uint32_t i = 0; i < response->field_count; i++) {
        const struct http_field *field = &response->fields[i];
        used +=
            (size_t)snprintf(answer->headers + used, sizeof(answer->headers) - used, "%.*s: %.*s\n",
                (int)field->name.size, field->name.at, (int)field->value.size, field->value.at);
    }
    buf_unref(buf);
}

void edge_respond_error(struct edge *edge, struct conn_id conn, enum err err, const char *field,
    uint64_t retry_after_ms)
{
    struct fake_answer *answer = fake_edge_answer(conn.slot);
    uint32_t count = answer->count + 1;
    (void)edge;
    memset(answer, 0, sizeof(*answer));
    answer->count = count;
    answer->err = err;
    answer->status = err_http_status(err);
    answer->retry_after_ms = retry_after_ms;
    snprintf(answer->field, sizeof(answer->field), "%s", field ? field : "");
}

bool fake_edge_member(uint32_t slot, const char *name, char *ret_text, size_t size)
{
    char key[64];
    snprintf(key, sizeof(key), "\"%s\":\"", name);
    const char *at = strstr(fake_edge_answer(slot)->body, key);
    const char *end = at ? strchr(at + strlen(key), '"') : NULL;
    if (!end) {
        return false;
    }
    at += strlen(key);
    snprintf(ret_text, size, "%.*s", (int)(end - at), at);
    return true;
}

struct edge_request fake_edge_request(
    uint32_t slot, enum http_method method, const char *path, const char *body)
{
    struct edge_request request = {.conn = {slot, 1}, .method = method};
    const char *query = strchr(path, '?');
    request.path =
        (struct cht_str){path, (uint32_t)(query ? (size_t)(query - path) : strlen(path))};
    if (query) {
        request.query = (struct cht_str){query + 1, (uint32_t)strlen(query + 1)};
    }
    if (body) {
        request.body = (struct cht_str){body, (uint32_t)strlen(body)};
    }
    request.peer =
        (struct net_address){.ip = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1}};
    return request;
}
