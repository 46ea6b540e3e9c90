#pragma once

/* call - an act over HTTP, beside the socket: a request to some node, and its answer.
 *
 * It comes to the socket service as the gateway hands it over, under a connection of its own. If
 * the node dies there is no answer; the client loses patience (acts.c). */

#include "acts.h"
#include "link/edge.h"

struct cluster;
struct client;

/* Connections of this slot are calls; their generation is the number of the call. */
#define CALL_SLOT UINT32_MAX

struct call {
    struct call *next;
    struct client *client;
    uint32_t number, node, act, attempt;
    enum http_method method;
    bool answered;
    char path[128], body[160], cid[24], after[24];
    struct http_field fields[3];
    struct edge_request request;
};

/* Can it be said over HTTP? */
bool call_fits(enum act_kind kind);

/* Says it to that node. The answer comes to client_on_called. */
void call_open(struct client *client, const struct act *act, uint32_t node);

/* The request of a call that is not answered; NULL: it is. */
const struct edge_request *call_request(const struct cluster *cluster, uint32_t number);

/* The service answers. */
void call_respond(struct cluster *cluster, uint32_t number, const struct edge_response *response);
void call_free_all(struct cluster *cluster);
