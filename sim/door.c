/* door - see the header.
 *
 * Happy path: an upgrade, blocks out at the end of the turn. How it fails: a client that does not
 * read is refused pushes, one that is closed hears the rest first; a crash cuts every wire. */

#include "door_inner.h"

#include <string.h>

#include "base/check.h"
#include "base/err_json.h"
#include "base/mem.h"
#include "call.h"
#include "client.h"
#include "cluster.h"
#include "node.h"

#define PIECES_MAX 4096
#define PUMP_AGAIN_US 2000

struct edge *door_create(struct cluster *cluster, uint32_t node, uint32_t life)
{
    struct edge *edge = mem_new(sizeof(*edge));
    edge->cluster = cluster;
    edge->node = node;
    edge->life = life;
    return edge;
}

void door_finish_close(struct edge *edge, uint32_t number)
{
    struct slot *slot = &edge->slots[number];
    slot->open = false;
    if (slot->wire) {
        slot->wire->open_there = false;
    }
    edge->ws->on_closed(edge->ws, number, slot->code);
}

static void drop_pieces(struct edge *edge, struct piece *pieces, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (pieces[i].block) {
            edge_block_unref(edge, pieces[i].block);
        }
        mem_free(pieces[i].bytes);
    }
    *count = 0;
}

static uint32_t gather(struct piece *pieces, uint32_t count, uint8_t *into)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct piece *piece = &pieces[i];
        uint32_t size = piece->block ? piece->block->size : piece->size;
        if (into) {
            memcpy(into + used, piece->block ? piece->block->bytes : piece->bytes, size);
        }
        used += size;
    }
    return used;
}

static void flush_slot(struct edge *edge, struct slot *slot)
{
    uint32_t replies = gather(slot->replies, slot->reply_count, NULL);
    uint32_t size = replies + gather(slot->pushes, slot->push_count, NULL);
    if (size > 0) {
        uint8_t *bytes = mem_new(size);
        (void)gather(slot->replies, slot->reply_count, bytes);
        (void)gather(slot->pushes, slot->push_count, bytes + replies);
        wire_send(slot->wire, bytes, size);
        mem_free(bytes);
    }
    drop_pieces(edge, slot->replies, &slot->reply_count);
    drop_pieces(edge, slot->pushes, &slot->push_count);
    slot->fresh = 0;
}

void door_flush(struct edge *edge)
{
    if (edge->ws && !edge->ws->on_turn_end(edge->ws)) {
        return;
    }
    for (uint32_t number = 0; number < DOOR_SLOTS; number++) {
        struct slot *slot = &edge->slots[number];
        if (!slot->wire) {
            continue;
        }
        flush_slot(edge, slot);
        if (!slot->open) {
            wire_tell_closed(slot->wire, slot->code);
            slot->wire->open_there = false;
            slot->wire = NULL;
        }
    }
}

void door_crash(struct edge *edge)
{
    for (uint32_t number = 0; number < DOOR_SLOTS; number++) {
        struct slot *slot = &edge->slots[number];
        if (slot->wire) {
            slot->wire->open_there = false;
            wire_tell_closed(slot->wire, 1006);
        }
    }
    for (struct wire *wire = edge->cluster->wires; wire; wire = wire->next) {
        bool waits = wire->open_here && wire->slot == DOOR_SLOTS && wire->node == edge->node;
        if (waits && wire->life == edge->life) {
            wire_tell_closed(wire, 1006);
        }
    }
}

void door_destroy(struct edge *edge)
{
    for (uint32_t number = 0; number < DOOR_SLOTS; number++) {
        struct slot *slot = &edge->slots[number];
        CHECK(!slot->open);
        drop_pieces(edge, slot->replies, &slot->reply_count);
        drop_pieces(edge, slot->pushes, &slot->push_count);
        mem_free(slot->replies);
        mem_free(slot->pushes);
    }
    mem_free(edge);
}

/* ---- link/edge.h */

const struct edge_request *edge_keep(struct edge *edge, struct conn_id conn)
{
    return conn.slot == CALL_SLOT ? call_request(edge->cluster, conn.generation) : NULL;
}

void edge_respond(struct edge *edge, struct conn_id conn, const struct edge_response *response)
{
    if (conn.slot == CALL_SLOT) {
        call_respond(edge->cluster, conn.generation, response);
        return;
    }
    edge->slots[conn.slot].code = 1013; /* an upgrade that was not to be */
    edge->slots[conn.slot].open = false;
}

void edge_respond_error(
    struct edge *edge, struct conn_id conn, enum err err, const char *field, uint64_t wait_ms)
{
    char text[512];
    struct cht_json json = {.at = text, .size = sizeof(text)};
    err_json_write(
        &json, &(struct err_json){.err = err, .field = field, .retry_after_ms = wait_ms});
    struct edge_response response = {
        .status = err_http_status(err_for_client(err)), .body = {text, (uint32_t)json.used}};
    edge_respond(edge, conn, &response);
}

void edge_upgrade(
    struct edge *edge, struct conn_id conn, struct edge_ws_handler *handler, const char *protocol)
{
    CHECK(strcmp(protocol, "chattifier.v1") == 0);
    edge->ws = handler;
    struct slot *slot = &edge->slots[conn.slot];
    slot->open = true;
    slot->code = 0;
    slot->wire->open_there = true;
}

bool edge_is_open(const struct edge *edge, struct conn_id conn)
{
    const struct slot *slot = &edge->slots[conn.slot];
    return slot->open && !slot->closing && slot->generation == conn.generation;
}

static struct piece *new_piece(struct piece **pieces, uint32_t *count, uint32_t *capacity)
{
    if (*count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 8;
        CHECK(*capacity <= PIECES_MAX);
        *pieces = mem_resize(*pieces, *capacity * sizeof(**pieces));
    }
    struct piece *piece = &(*pieces)[(*count)++];
    *piece = (struct piece){0};
    return piece;
}

void edge_reply(struct edge *edge, uint32_t number, const void *bytes, size_t size)
{
    struct slot *slot = &edge->slots[number];
    CHECK(slot->open);
    struct piece *piece = new_piece(&slot->replies, &slot->reply_count, &slot->reply_capacity);
    piece->bytes = mem_copy(bytes, size);
    piece->size = (uint32_t)size;
}

/* What has been queued in earlier turns alone never closes the door on a turn's first push. */
static bool is_over(struct edge *edge, struct slot *slot, uint32_t size)
{
    bool over = slot->wire->queued > 0 &&
                slot->wire->queued + slot->fresh + size > edge->cluster->queued_bytes_max;
    slot->refused |= over;
    return over;
}

bool edge_push(struct edge *edge, uint32_t number, struct edge_block *block)
{
    struct slot *slot = &edge->slots[number];
    CHECK(slot->open);
    if (is_over(edge, slot, block->size)) {
        return false;
    }
    block->refs++;
    slot->fresh += block->size;
    new_piece(&slot->pushes, &slot->push_count, &slot->push_capacity)->block = block;
    return true;
}

bool edge_push_bytes(struct edge *edge, uint32_t number, const void *bytes, size_t size)
{
    struct slot *slot = &edge->slots[number];
    CHECK(slot->open);
    if (is_over(edge, slot, (uint32_t)size)) {
        return false;
    }
    slot->fresh += (uint32_t)size;
    struct piece *piece = new_piece(&slot->pushes, &slot->push_count, &slot->push_capacity);
    piece->bytes = mem_copy(bytes, size);
    piece->size = (uint32_t)size;
    return true;
}

/* What is only on its way has been taken by the socket. */
uint32_t edge_queued_bytes(const struct edge *edge, uint32_t number)
{
    const struct wire *wire = edge->slots[number].wire;
    bool stalls = wire && wire->stalled_until_us > edge->cluster->scene.now_us;
    return stalls ? wire->queued : 0;
}

void edge_pause(struct edge *edge, uint32_t number)
{
    edge->slots[number].paused = true;
}

void edge_resume(struct edge *edge, uint32_t number)
{
    struct slot *slot = &edge->slots[number];
    slot->paused = false;
    if (slot->wire) {
        wire_pump_later(slot->wire, PUMP_AGAIN_US);
    }
}

void edge_close(struct edge *edge, uint32_t number, uint16_t code, const char *reason)
{
    (void)reason;
    struct slot *slot = &edge->slots[number];
    if (slot->closing || !slot->open) {
        return;
    }
    slot->closing = true;
    slot->code = code;
    if (edge->called != number + 1) {
        door_finish_close(edge, number);
    }
}
