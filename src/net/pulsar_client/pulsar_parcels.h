#pragma once

/* pulsar_parcels - what a publisher has been asked and has no receipt for, in order. For the files
 * of this library.
 *
 * A message is gathered first; packed with its neighbours it is a parcel: one SEND frame, whose
 * bytes never change again. Parcels leave in order, however often; the first without a receipt is
 * the head. Bounds are the caller's. */

#include "pulsar/pulsar_frame.h"
#include "pulsar_client/pulsar_publisher.h"

struct pulsar_parcel {
    struct pulsar_parcel *next;
    struct buf *head;    /* the frame up to the payload */
    struct buf *payload; /* of one message, or a batch */
    struct pulsar_publish_op *ops;
    uint32_t count;
    uint32_t metadata_size;
    uint64_t first, last; /* sequence ids */
    uint64_t place;       /* of its write on this connection: outbound_written */
    bool written;         /* to this connection */
    bool sent;            /* it may have reached a broker by an earlier one */
    enum err refused;     /* by the broker, or for its size: answered when it is the head */
};

struct pulsar_ops {
    struct pulsar_publish_op *first, *last;
};

struct pulsar_parcels {
    struct pulsar_parcel *first, *last;
    struct pulsar_parcel *unwritten; /* the first one; NULL: none */
    struct pulsar_ops gathered;
    uint32_t count; /* messages, packed or gathered */
    uint64_t bytes; /* of their payloads */
    uint64_t next_sequence;
};

/* How a batch may be. */
struct pulsar_packing {
    struct cht_str producer_name;
    uint64_t producer_id;
    uint64_t wall_ms;
    uint32_t messages_max, bytes_max;
    uint32_t message_bytes_max; /* metadata and payload, of the connection */
};

/* Takes a reference of its own to the payload. */
void pulsar_parcels_gather(struct pulsar_parcels *parcels, struct pulsar_publish_op *op);

/* The next gathered messages become a parcel at the end. False: none was left. */
bool pulsar_parcels_pack(struct pulsar_parcels *parcels, const struct pulsar_packing *packing);

/* The oldest message; NULL: there is none. */
const struct pulsar_publish_op *pulsar_parcels_oldest(const struct pulsar_parcels *parcels);

/* Which parcel has that number; NULL: none. */
struct pulsar_parcel *pulsar_parcels_find(struct pulsar_parcels *parcels, uint64_t sequence);

/* The head, which the caller answers and frees. */
struct pulsar_parcel *pulsar_parcels_take(struct pulsar_parcels *parcels);

/* The connection or place was lost: all is to be written again. What was written at or behind
 * `bytes_sent` has not left. */
void pulsar_parcels_rewind(struct pulsar_parcels *parcels, uint64_t bytes_sent);

/* Bytes of metadata and payload: what message_bytes_max is about. */
static inline uint64_t pulsar_parcel_size(const struct pulsar_parcel *parcel)
{
    return (uint64_t)parcel->metadata_size + parcel->payload->size;
}

/* Without its ops. */
void pulsar_parcel_free(struct pulsar_parcel *parcel);

/* Frees all, answers nothing. */
void pulsar_parcels_deinit(struct pulsar_parcels *parcels);
