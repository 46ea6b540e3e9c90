/* http_out - see the header. Happy path: the body of `ok` without type and ref. How it fails: a
 * client that has gone gets nothing. */

#include "http_out.h"

#include <stdio.h>
#include <string.h>

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
        .content_type = "application/json; charset=utf-8",
        .body = frame_http_body(service, reply),
        .fields = &field,
        .field_count = writes && reply->seq > 0,
    };
    edge_respond(service->deps.edge, conn, &response);
}
