#pragma once

/* http_out - answers to commands that came over HTTP. */

#include "base/err.h"
#include "socket_inner.h"

/* 201 if something was made, else 200; `writes`: with X-Room-Seq. */
void http_answer(struct socket_service *service, struct conn_id conn, const struct cht_reply *reply,
    bool writes);

/* An error whose status is not that of its row: 405 with the methods that are allowed, 415, 426. */
struct http_refusal {
    enum err err;
    int status;
    const char *header; /* or NULL */
    const char *value;
};

void http_out_refuse(
    struct socket_service *service, struct conn_id conn, const struct http_refusal *refusal);
