/* http_out - see the header. Happy path: the body of `ok` without type and ref. How it fails: a
 * client that has gone gets nothing. */

#include "http_out.h"

#include <stdio.h>
#include <string.h>

#include "base/err_json.h"
#include "frames.h"

static struct cht_str text_of(const char *text)
{
    return (struct cht_str){text, (uint32_t)strlen(text)};
}

void http_answer(
    struct socket_service *service, struct conn_id conn, const struct cht_reply *reply, bool writes)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)reply->seq);
    struct http_field field = {text_of("X-Room-Seq"), text_of(number)};
    struct edge_response response = {
        .status = reply->created && !reply->dup ? 201 : 200,
        .content_type = "application/json",
        .body = frame_http_body(service, reply),
        .fields = &field,
        .field_count = writes && reply->seq > 0,
    };
    edge_respond(service->deps.edge, conn, &response);
}

void http_out_refuse(
    struct socket_service *service, struct conn_id conn, const struct http_refusal *refusal)
{
    char text[512];
    struct cht_json json = {.at = text, .size = sizeof(text)};
    err_json_write(&json, &(struct err_json){.err = refusal->err});
    struct http_field field = {0};
    if (refusal->header) {
        field = (struct http_field){text_of(refusal->header), text_of(refusal->value)};
    }
    struct edge_response response = {
        .status = refusal->status,
        .content_type = "application/json",
        .body = {text, (uint32_t)json.used},
        .fields = &field,
        .field_count = refusal->header != NULL,
    };
    service->counters.refused++;
    edge_respond(service->deps.edge, conn, &response);
}
