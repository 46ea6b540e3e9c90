#pragma once

/* link - a terminal client's connection to a server: requests over HTTP, then one WebSocket.
 * Blocking, plain TCP.
 *
 * For one person at a keyboard, so it waits where it must and keeps one buffer. The server's bytes
 * are trusted to be text but not to be well-formed: what is not is an error. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

struct link {
    char host[256];
    char port[8];
    int sock;       /* of the WebSocket; -1: not open */
    int close_code; /* why the server closed the last one; 0: it did not say */
    char *bytes;
    size_t size, capacity;
};

/* From http://host[:port]; ERR_BAD_CONFIG for anything else. */
MUST_USE enum err link_init(struct link *link, const char *url);
void link_deinit(struct link *link);

/* One request with a JSON body (or NULL) and an answer that is an object; `ret_status` is 0 if
 * there was no answer. */
MUST_USE enum err link_request(struct link *link, const char *path, const char *token,
    const json_t *body, int *ret_status, json_t **ret_answer);

/* Opens the WebSocket with an access token. */
MUST_USE enum err link_open(struct link *link, const char *token);

/* Sends one object as a text frame. */
MUST_USE enum err link_send(struct link *link, const json_t *frame);

/* Reads what there is. *ret_frame is the next whole object, or NULL if none is complete yet; call
 * again while there is one. ERR_CLOSED at the end. `wait`: read from the socket first. */
MUST_USE enum err link_receive(struct link *link, bool wait, json_t **ret_frame);
