/* edge_tunnel - connections whose bytes are somebody else's.
 *
 * Happy path: bytes are handed on as they came. How it fails: what is not taken is kept, and
 * nothing more is read until edge_resume, so the kernel holds the peer back. */

#include "link/edge_input.h"

static size_t give(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size)
{
    struct edge_ws_handler *ws = edge->colds[slot].ws;
    edge->calling = slot;
    size_t taken = ws->on_bytes(ws, slot, bytes, size);
    edge->calling = EDGE_NOBODY;
    CHECK(taken <= size);
    ws_tell_owed(edge, slot);
    return taken;
}

void tunnel_read(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size)
{
    struct conn *conn = &edge->conns[slot];
    size_t taken = size;
    if (conn->phase == CONN_OPEN) {
        taken = give(edge, slot, bytes, size);
    }
    if (taken == size || conn->phase != CONN_OPEN) {
        edge_input_free(edge, slot);
        return;
    }
    struct edge_input *input = edge_input_of(edge, slot);
    input->size = 0;
    edge_input_add(input, bytes + taken, size - taken);
    edge_pause(edge, slot);
    conn_update_watch(edge, slot);
}
