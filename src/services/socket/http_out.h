#pragma once

/* http_out - answers to commands that came over HTTP. */

#include "socket_inner.h"

/* 201 if something was made, else 200; `writes`: with X-Room-Seq. */
void http_answer(struct socket_service *service, struct conn_id conn, const struct cht_reply *reply,
    bool writes);
