#pragma once

/* fake_edge - an edge that only remembers what it was told to answer. Linked instead of the real
 * one. */

#include "link/edge.h"

struct fake_answer {
    uint32_t count; /* how many answers this connection got */
    int status;     /* of the newest one */
    enum err err;   /* if it was an error */
    char field[64];
    uint64_t retry_after_ms;
    char body[32768];
    char headers[4096]; /* "Name: value\n" */
};

/* What edge_keep keeps from here on; NULL: the client has gone. */
void fake_edge_asks(const struct edge_request *request);

/* By slot of the connection, 0-63. */
struct fake_answer *fake_edge_answer(uint32_t slot);
void fake_edge_reset(void);

/* The text of a JSON string member of an answer's body, however deep; false if it is not there. */
bool fake_edge_member(uint32_t slot, const char *name, char *ret_text, size_t size);

/* A request. `body` and `query` may be NULL. Fields are the caller's. */
struct edge_request fake_edge_request(
    uint32_t slot, enum http_method method, const char *path, const char *body);
