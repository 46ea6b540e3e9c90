#pragma once

/* edge_inner - what the files of the edge share: the table of connections and the output of a turn.
 *
 * The table is reserved for all slots at once; memory is touched only as far as slots were ever in
 * use, because free slots are taken newest first. A slot is freed only where no callback of it is
 * running: after reading, flushing, draining and sweeping.
 *
 * Phases of a connection
 *
 *     accept -> IDLE -> (HEAD -> BODY ->) ASKED -> IDLE ...      requests are read and answered
 *                                           |
 *                                           +-> OPEN -> CLOSING -+     upgraded; closed by us
 *     any HTTP phase, OPEN ---------------------------> LAST <---+     the last bytes leave
 *                                                        |
 *                                                      LINGER          until the peer finishes too
 */

#include "base/check.h"
#include "base/mem.h"
#include "base/task.h"
#include "link/edge.h"
#include "world/addresses.h"
#include "world/loop.h"

#define EDGE_LISTENERS_MAX 8
#define EDGE_REFUSAL_SLOTS 256
#define EDGE_UNCOUNTED_SLOTS 16
#define EDGE_SPARE_SLOTS (EDGE_REFUSAL_SLOTS + EDGE_UNCOUNTED_SLOTS)
#define EDGE_HTTP_READ_BYTES (16u * 1024)
#define EDGE_READ_BYTES (64u * 1024)
#define EDGE_TUNNEL_READ_BYTES (4u * 1024)
#define EDGE_SCRATCH_BYTES (32u * 1024)
#define EDGE_NOBODY UINT32_MAX

enum conn_phase {
    CONN_FREE = 0,
    CONN_IDLE,
    CONN_HEAD,
    CONN_BODY,
    CONN_ASKED,
    CONN_OPEN,
    CONN_CLOSING,
    CONN_LAST,
    CONN_LINGER,
};

/* What keeps edge_push from its short way. */
#define BUSY_TOUCHED 1u /* has output of this turn */
#define BUSY_BACKLOG 2u /* has output of earlier turns */

#define CONN_HEAD_ONLY 1u /* the request is a HEAD */
#define CONN_HTTP_1_0 2u
#define CONN_STAYS 4u  /* the client wants to keep the connection */
#define CONN_OFFERS 8u /* the request is a good WebSocket offer */
#define CONN_WS 16u    /* has been upgraded */
#define CONN_PAUSED 32u
#define CONN_GAP 64u         /* a push was refused since it last drained */
#define CONN_TELL 128u       /* on_closed is owed when the running callback returns */
#define CONN_WAITING 256u    /* in the list of those whose input goes on later */
#define CONN_AGAIN 512u      /* has answered before */
#define CONN_CONTINUED 1024u /* 100 Continue was sent */
#define CONN_BROKEN 2048u    /* a send of this turn failed */
#define CONN_TUNNEL 4096u    /* has been upgraded to one: its bytes are not ours to read */

struct edge_backlog;
struct edge_input;

/* The hot line. */
struct conn {
    uint32_t generation;
    int sock;
    struct edge_block *block; /* the one shared block of this turn, if that is all its output */
    struct edge_backlog *backlog;
    struct edge_input *input; /* an unfinished request or frame */
    uint32_t cell;            /* other output of this turn; 0: none */
    uint32_t queued;          /* bytes in the backlog */
    uint32_t last_in_ms;
    uint32_t since_ms; /* begin of the phase, or of the unfinished message */
    uint8_t phase;     /* enum conn_phase */
    uint8_t busy;
    uint16_t flags;
    uint8_t misses; /* heartbeats without an answer */
    uint8_t watched;
};
_Static_assert(sizeof(struct conn) <= 64, "the hot line");

struct conn_cold {
    struct net_address peer;
    uint16_t close_code;
    uint32_t address; /* where it is counted, or ADDRESS_UNCOUNTED */
    union {
        uint32_t requests;
        uint32_t next_free; /* of a free slot */
    };
    uint32_t progress_ms; /* when the backlog last shrank */
    uint32_t control_ms;  /* begin of the second in which control frames are counted */
    uint32_t control_count;
    struct edge_http_handler *http;
    struct edge_ws_handler *ws;
    struct edge_request *kept;
    const struct edge_readers *readers; /* of the answer that is owed */
};
_Static_assert(sizeof(struct conn_cold) <= 72, "the cold part");

/* ---- output of a turn */
enum piece_kind { PIECE_BYTES, PIECE_BLOCK, PIECE_BUF };

struct piece {
    uint32_t next; /* 0: the last one */
    uint32_t size; /* of bytes and bufs; a block's is read when it is sent */
    union {
        size_t at; /* in the turn's bytes */
        struct edge_block *block;
        struct buf *buf;
    };
    uint8_t kind;
};

struct cell {
    uint32_t reply_first, reply_last, push_first, push_last;
    uint64_t bytes;
};

struct turn_output {
    uint32_t *touched; /* slots */
    uint32_t touched_count, touched_capacity;
    struct piece *pieces;
    uint32_t piece_count, piece_capacity;
    struct cell *cells;
    uint32_t cell_count, cell_capacity;
    uint8_t *bytes;
    size_t size, capacity;
};

struct listener {
    int sock;
    bool paused;
    struct edge_http_handler *handler;
};

struct edge {
    struct net_handler conn_handler;
    struct net_handler accept_handler;
    struct loop *loop;
    struct net *net;
    const struct world *world;
    struct edge_limits limits;
    struct loop_hook turn_end;
    struct timer sweep;
    uint32_t sweep_at; /* slot */

    struct conn *conns;
    struct conn_cold *colds;
    uint32_t capacity;
    uint32_t used; /* slots that were ever in use */
    uint32_t first_free;

    struct listener listeners[EDGE_LISTENERS_MAX];
    uint32_t listener_count;
    bool stopping; /* answers end their connections */

    uint32_t calling; /* slot whose callback is running, else EDGE_NOBODY */
    const struct edge_request *asking;
    struct turn_output out;
    struct edge_ws_handler *ws_handlers[EDGE_LISTENERS_MAX];
    uint32_t ws_handler_count;

    uint32_t *waiting; /* slots whose input goes on without anything new from the socket */
    uint32_t waiting_count, waiting_capacity;
    struct task go_on;
    bool goes_on;

    struct addresses *addresses;
    struct evp_md_st *sha1; /* OpenSSL's, looked up once */
    struct edge_stats stats;
    uint32_t uncounted; /* of stats.connections */
    uint8_t *buffer;    /* EDGE_READ_BYTES */
    char *scratch;      /* EDGE_SCRATCH_BYTES */
    char *path;         /* HTTP_LINE_BYTES_MAX */
};

static inline uint32_t edge_now(const struct edge *edge)
{
    return (uint32_t)loop_now_ms(edge->loop);
}

static inline struct conn_id edge_name(const struct edge *edge, uint32_t slot)
{
    return (struct conn_id){slot, edge->conns[slot].generation};
}

static inline bool edge_is(const struct edge *edge, struct conn_id conn)
{
    return conn.slot < edge->used && edge->conns[conn.slot].generation == conn.generation &&
           edge->conns[conn.slot].phase != CONN_FREE;
}

static inline void conn_enter(struct edge *edge, uint32_t slot, enum conn_phase phase)
{
    edge->conns[slot].phase = (uint8_t)phase;
    edge->conns[slot].since_ms = edge_now(edge);
}

/* edge.c */
void conn_drop(struct edge *edge, uint32_t slot);
void conn_update_watch(struct edge *edge, uint32_t slot);

/* Its input goes on in this turn, outside of the caller. */
void conn_go_on_later(struct edge *edge, uint32_t slot);

/* No more output will come: finish when what is there has left. */
void conn_end(struct edge *edge, uint32_t slot);

/* edge_http.c */
void http_received(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size);
void http_go_on(struct edge *edge, uint32_t slot);

/* edge_respond.c */

/* Answers what could not be read or served, and ends the connection. In any HTTP phase. */
void http_refuse(struct edge *edge, uint32_t slot, int status);
void http_forget_kept(struct edge *edge, uint32_t slot);

/* edge_ws.c */
void ws_received(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size);
void ws_go_on(struct edge *edge, uint32_t slot);

/* Says on_closed once, now or when the running callback returns: then ws_tell_owed does. */
void ws_tell_closed(struct edge *edge, uint32_t slot, uint16_t code);
void ws_tell_owed(struct edge *edge, uint32_t slot);

/* Sends a close frame and ends without waiting for the peer's. */
void ws_fail(struct edge *edge, uint32_t slot, uint16_t code, const char *reason);
void ws_drained(struct edge *edge, uint32_t slot);

/* edge_tunnel.c */

/* As read_frames, of a tunnel: what is not taken is kept, and it is paused. */
void tunnel_read(struct edge *edge, uint32_t slot, uint8_t *bytes, size_t size);

/* edge_input.c */
void edge_input_free(struct edge *edge, uint32_t slot);

/* edge_out.c */
void out_reply(struct edge *edge, uint32_t slot, const void *bytes, size_t size);
void out_reply_buf_take(struct edge *edge, uint32_t slot, struct buf *buf);
void out_push_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size);
uint64_t out_bytes_of_turn(const struct edge *edge, uint32_t slot);
void out_forget(struct edge *edge, uint32_t slot);
void out_flush(struct edge *edge);
void out_deinit(struct edge *edge);

/* edge_parts.c; inline, since every recipient of every block comes here */
static inline void block_unref(struct edge_block *block)
{
    CHECK(block->refs > 0);
    block->refs--;
    if (block->refs == 0) {
        if (block->bytes != block->first) {
            mem_free(block->bytes);
        }
        mem_free(block);
    }
}

/* edge_backlog.c */
void backlog_add_bytes(struct edge *edge, uint32_t slot, const void *bytes, size_t size);
void backlog_add_block(struct edge *edge, uint32_t slot, struct edge_block *block, uint32_t from);
void backlog_add_buf(struct edge *edge, uint32_t slot, struct buf *buf, uint32_t from);
void backlog_drain(struct edge *edge, uint32_t slot);
void backlog_free(struct edge *edge, uint32_t slot);

/* edge_time.c */
void edge_time_start(struct edge *edge);
