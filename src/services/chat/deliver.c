/* deliver - an entry as the bytes that every client will get.
 *
 * Happy path: the frame object is written once for the whole cluster, its WebSocket header in
 * front, inside a delivery event. How it fails: it does not: an entry that was decided or read from
 * the store fits its bound. */

#include <string.h>

#include "base/check.h"
#include "base/event_buf.h"
#include "chat_inner.h"
#include "wire/ws_frame.h"

#define FRAME_BYTES_MAX (112u << 10) /* a text of 16 KiB, every byte escaped, and its members */
#define HEADER_BYTES_MAX 10

struct buf *chat_encode_reply(struct chat_service *chat, uint64_t node, struct cht_reply *reply)
{
    if (node == 0 || reply->node_ref == 0) {
        return NULL;
    }
    reply->owner_now = loop_wall_ms(chat->loop);
    return event_buf_encode(&cht_row_reply, reply);
}

/* Puts the header right in front of the object, wherever that begins. */
static struct cht_str framed(uint8_t *object, size_t size)
{
    uint8_t header[HEADER_BYTES_MAX];
    size_t header_size = ws_text_header(header, size);
    memcpy(object - header_size, header, header_size);
    return (struct cht_str){(const char *)object - header_size, (uint32_t)(header_size + size)};
}

struct buf *deliver_encode(
    struct shard *shard, const struct cht_id *room, const struct cht_entry *entry)
{
    static _Thread_local uint8_t bytes[HEADER_BYTES_MAX + FRAME_BYTES_MAX];
    struct cht_json json = {.at = (char *)bytes + HEADER_BYTES_MAX, .size = FRAME_BYTES_MAX};
    cht_entry_json(&json, room, entry);
    CHECK(json.used <= json.size);
    struct cht_delivery delivery = {
        .shard = shard->number,
        .term = shard->term,
        .room = *room,
        .seq = entry->seq,
        .n = entry->n,
        .kind = entry->kind,
        .subject = entry->user,
        .state = entry->state,
        .quiet = entry->quiet,
        .frame = framed(bytes + HEADER_BYTES_MAX, json.used),
        .by = entry->by,
    };
    return event_buf_encode(&cht_row_delivery, &delivery);
}

struct buf *deliver_blank(struct shard *shard, const struct frame *frame)
{
    struct cht_delivery old;
    struct cht_scratch scratch = {0}; /* a delivery has no lists */
    bool good = cht_decode(&cht_row_delivery, event_buf_bytes(frame->delivery), &scratch, &old);
    CHECK(good);
    struct cht_entry bare = {
        .kind = old.kind,
        .seq = old.seq,
        .n = frame->n,
        .ts = frame->ts,
        .by = old.by,
        .prev = frame->prev,
        .target = frame->target,
        .on = frame->on,
    };
    return deliver_encode(shard, &old.room, &bare);
}

struct buf *deliver_ephemeral(
    struct cht_ephemeral *event, const struct cht_event_row *row, const void *frame)
{
    uint8_t bytes[HEADER_BYTES_MAX + 1024];
    struct cht_json json = {.at = (char *)bytes + HEADER_BYTES_MAX, .size = 1024};
    cht_json_event(&json, row, frame);
    CHECK(json.used <= json.size);
    event->frame = framed(bytes + HEADER_BYTES_MAX, json.used);
    return event_buf_encode(&cht_row_ephemeral, event);
}
