/* outbound_io - the bytes of a connection: from the socket, perhaps through TLS, to its user, and
 * back at the end of the turn.
 *
 * Happy path: a readable socket is read once into the set's buffer and the user takes all of it;
 * what a turn wrote leaves in one send. What the user does not take is kept and comes again with
 * what arrives next. How it fails: a socket that takes nothing more is waited for; one that breaks
 * while sending is read to its end first, because servers say why they hang up; whatever ends the
 * connection is told as its reason. */

#include <string.h>

#include "base/mem.h"
#include "chattifier/uncleared.h"
#include "link/outbound_inner.h"

#define PARTS_MAX 64
#define FLUSH_BYTES_MAX (1u << 20) /* after so many other sockets have their turn */
#define RECORD_BYTES (16u * 1024)  /* of TLS, at most */
#define KEPT_BYTES (64u * 1024)
#define INPUT_BYTES_FIRST 4096u

enum read_result { READ_SOME, READ_NOTHING, READ_ENDED };

/* ---- watching */

static size_t pending(const struct outbound *outbound)
{
    return outbound->input_end - outbound->input_at;
}

static size_t room(const struct outbound *outbound)
{
    size_t most = outbound->limits.input_bytes_max;
    return most > pending(outbound) ? most - pending(outbound) : 0;
}

static bool wants_bytes(const struct outbound *outbound)
{
    return !outbound->held && room(outbound) > 0;
}

static bool has_output(const struct outbound *outbound)
{
    const void *bytes;
    return outbound->tls && tls_session_output(outbound->tls, &bytes) > 0;
}

static uint32_t wanted_events(const struct outbound *outbound)
{
    if (outbound_is(outbound, OUTBOUND_SHAKING)) {
        return NET_READABLE | (has_output(outbound) ? NET_WRITABLE : 0);
    }
    return (wants_bytes(outbound) ? NET_READABLE : 0) | (outbound->blocked ? NET_WRITABLE : 0);
}

void outbound_update_watch(struct outbound *outbound)
{
    struct outbounds *set = outbound->set;
    uint32_t wanted = wanted_events(outbound);
    if (wanted != outbound->watched) {
        outbound->watched = wanted;
        net_rewatch(
            set->world->net, outbound->sock, &set->net_handler, outbound_token(outbound), wanted);
    }
}

/* ---- sending */

/* What net_send answers. A send that took a part of it has filled the socket. */
static int64_t send_parts(struct outbound *outbound, const struct iovec *parts, int count)
{
    int64_t sent = net_send(outbound->set->world->net, outbound->sock, parts, count);
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        total += parts[i].iov_len;
    }
    outbound->stats.sends++;
    outbound->stats.bytes_out += sent > 0 ? (uint64_t)sent : 0;
    outbound->broken |= sent == NET_BROKEN;
    outbound->blocked |= sent >= 0 ? (size_t)sent < total : sent == NET_WOULD_BLOCK;
    return sent;
}

/* Sends what TLS has for the wire. True: all of it has gone. */
static bool send_output(struct outbound *outbound)
{
    const void *bytes;
    size_t size = tls_session_output(outbound->tls, &bytes);
    while (size > 0 && !outbound->blocked && !outbound->broken) {
        struct iovec part = {(void *)(uintptr_t)bytes, size};
        int64_t sent = send_parts(outbound, &part, 1);
        tls_session_output_left(outbound->tls, sent > 0 ? (size_t)sent : 0);
        size = tls_session_output(outbound->tls, &bytes);
    }
    return size == 0;
}

/* A record's worth of the queue becomes output. */
static void encrypt(struct outbound *outbound)
{
    struct iovec parts[PARTS_MAX] CHT_UNCLEARED;
    uint8_t *record = outbound->set->plain;
    size_t size = 0;
    int count = outbound_queue_gather(&outbound->queue, parts, PARTS_MAX);
    for (int i = 0; i < count && size < RECORD_BYTES; i++) {
        size_t space = RECORD_BYTES - size;
        size_t part = parts[i].iov_len < space ? parts[i].iov_len : space;
        memcpy(record + size, parts[i].iov_base, part);
        size += part;
    }
    if (tls_session_write(outbound->tls, record, size)) {
        outbound_queue_left(&outbound->queue, size);
    } else {
        outbound->broken = true;
    }
}

/* Answers how many bytes of the queue it was about. */
static uint64_t flush_some(struct outbound *outbound)
{
    struct iovec parts[PARTS_MAX] CHT_UNCLEARED;
    uint64_t before = outbound_queue_bytes(&outbound->queue);
    if (outbound->tls) {
        if (send_output(outbound) && before > 0) {
            encrypt(outbound);
            send_output(outbound);
        }
    } else if (before > 0) {
        int count = outbound_queue_gather(&outbound->queue, parts, PARTS_MAX);
        int64_t sent = send_parts(outbound, parts, count);
        outbound_queue_left(&outbound->queue, sent > 0 ? (uint64_t)sent : 0);
    }
    return before - outbound_queue_bytes(&outbound->queue);
}

/* Enough has left for what was refused, and half of all. */
static bool has_drained(const struct outbound *outbound)
{
    uint64_t queued = outbound->queue.ordinary.bytes;
    uint64_t most = outbound->limits.queue_bytes_max;
    return outbound->refused_bytes > 0 && queued <= most / 2 &&
           queued + outbound->refused_bytes <= most;
}

void outbound_flush(struct outbound *outbound)
{
    uint64_t budget = FLUSH_BYTES_MAX;
    while (!outbound->blocked && !outbound->broken) {
        uint64_t part = flush_some(outbound);
        if (part == 0 || part >= budget) {
            outbound->blocked |= part > 0;
            break;
        }
        budget -= part;
    }
    if (outbound->broken || has_drained(outbound)) {
        outbound_is_due(outbound);
    }
    outbound_update_watch(outbound);
}

enum err outbound_write_parts(
    struct outbound *outbound, const struct outbound_part *parts, uint32_t count)
{
    uint64_t most = outbound->limits.queue_bytes_max, total = 0;
    if (!outbound_is(outbound, OUTBOUND_OPEN) || outbound->broken) {
        return ERR_CLOSED;
    }
    for (uint32_t i = 0; i < count; i++) {
        total += parts[i].size;
        if (parts[i].size > most || total > most) {
            return ERR_TOO_LARGE;
        }
    }
    if (outbound->queue.ordinary.bytes + total > most) {
        outbound->refused_bytes = outbound->refused_bytes ? outbound->refused_bytes : total;
        return ERR_FULL;
    }
    outbound_queue_add(&outbound->queue, parts, count);
    outbound_is_touched(outbound);
    return OK;
}

enum err outbound_write_urgent(struct outbound *outbound, const void *bytes, size_t size)
{
    if (!outbound_is(outbound, OUTBOUND_OPEN) || outbound->broken) {
        return ERR_CLOSED;
    }
    if (size > outbound->limits.urgent_bytes_max - outbound->queue.urgent.bytes) {
        return ERR_FULL;
    }
    outbound_queue_add_urgent(&outbound->queue, bytes, size);
    outbound_is_touched(outbound);
    return OK;
}

uint64_t outbound_written(const struct outbound *outbound)
{
    return outbound->queue.written;
}

uint64_t outbound_queued_bytes(const struct outbound *outbound)
{
    return outbound_queue_bytes(&outbound->queue);
}

/* ---- input that was not taken */

void outbound_input_free(struct outbound *outbound)
{
    mem_free(outbound->input);
    outbound->input = NULL;
    outbound->input_at = outbound->input_end = outbound->input_capacity = 0;
}

/* Adds bytes behind those that are kept. */
static void keep(struct outbound *outbound, const uint8_t *bytes, size_t size)
{
    size_t kept = pending(outbound);
    if (outbound->input_at > 0 && size > outbound->input_capacity - outbound->input_end) {
        memmove(outbound->input, outbound->input + outbound->input_at, kept);
        outbound->input_at = 0;
        outbound->input_end = kept;
    }
    if (size > outbound->input_capacity - outbound->input_end) {
        size_t capacity =
            outbound->input_capacity ? outbound->input_capacity * 2 : INPUT_BYTES_FIRST;
        capacity = capacity > kept + size ? capacity : kept + size;
        capacity = capacity < outbound->limits.input_bytes_max ? capacity
                                                               : outbound->limits.input_bytes_max;
        outbound->input = mem_resize(outbound->input, capacity);
        outbound->input_capacity = capacity;
    }
    memcpy(outbound->input + outbound->input_end, bytes, size);
    outbound->input_end += size;
}

static void taken_from_kept(struct outbound *outbound, size_t taken)
{
    outbound->input_at += taken;
    if (pending(outbound) > 0) {
        return;
    }
    outbound->input_at = outbound->input_end = 0;
    if (outbound->input_capacity > KEPT_BYTES) {
        outbound_input_free(outbound);
    }
}

/* Gives bytes, which are those that are kept or, if none are, new ones. False: it is not the same
 * connection any more. */
static bool give(struct outbound *outbound, uint8_t *bytes, size_t size)
{
    bool are_kept = pending(outbound) > 0;
    uint32_t generation = outbound_call_begin(outbound);
    size_t taken = outbound->handler->on_input(outbound->handler, bytes, size);
    CHECK(taken <= size);
    if (!outbound_call_end(outbound, generation)) {
        return false;
    }
    if (are_kept) {
        taken_from_kept(outbound, taken);
    } else if (taken < size) {
        keep(outbound, bytes + taken, size - taken);
    }
    if (taken == 0 && room(outbound) == 0 && !outbound->held && !outbound->again) {
        outbound_close(outbound, OUTBOUND_TOO_LARGE, "");
        return false;
    }
    return true;
}

static bool give_kept(struct outbound *outbound)
{
    return give(outbound, outbound->input + outbound->input_at, pending(outbound));
}

/* Gives what has just been read into the set's buffer, behind what is kept. */
static bool give_new(struct outbound *outbound, size_t size)
{
    if (pending(outbound) == 0) {
        return give(outbound, outbound->set->plain, size);
    }
    keep(outbound, outbound->set->plain, size);
    return give_kept(outbound);
}

static size_t read_size(const struct outbound *outbound)
{
    size_t most = room(outbound);
    return most < OUTBOUND_READ_BYTES ? most : OUTBOUND_READ_BYTES;
}

/* ---- reading */

static int64_t receive(struct outbound *outbound, uint8_t *ret_bytes, size_t size)
{
    int64_t got = net_recv(outbound->set->world->net, outbound->sock, ret_bytes, size);
    if (got > 0) {
        outbound->stats.bytes_in += (uint64_t)got;
        outbound_heard(outbound);
    }
    return got;
}

static enum read_result ended(
    struct outbound *outbound, enum outbound_reason reason, const char *detail)
{
    outbound_close(outbound, outbound->broken ? OUTBOUND_LOST : reason, detail);
    return READ_ENDED;
}

static enum read_result read_plain(struct outbound *outbound)
{
    int64_t got = receive(outbound, outbound->set->plain, read_size(outbound));
    switch (got) {
    case NET_WOULD_BLOCK:
        return READ_NOTHING;
    case NET_END:
        return ended(outbound, OUTBOUND_ENDED, "");
    case NET_BROKEN:
        return ended(outbound, OUTBOUND_LOST, "");
    default:
        return give_new(outbound, (size_t)got) ? READ_SOME : READ_ENDED;
    }
}

/* Everything that TLS can make of what came from the wire, unless its user has had enough for one
 * call. False: not the same connection. */
static bool give_decrypted(struct outbound *outbound)
{
    while (wants_bytes(outbound) && !outbound->again) {
        int64_t got = tls_session_read(outbound->tls, outbound->set->plain, read_size(outbound));
        if (got == NET_WOULD_BLOCK) {
            break;
        }
        if (got == NET_END) {
            outbound_close(outbound, OUTBOUND_ENDED, "");
            return false;
        }
        if (got == NET_BROKEN) {
            outbound_close(outbound, OUTBOUND_TLS, tls_session_why(outbound->tls));
            return false;
        }
        if (!give_new(outbound, (size_t)got)) {
            return false;
        }
    }
    send_output(outbound); /* a refusal to renegotiate, say */
    return true;
}

static enum read_result read_tls(struct outbound *outbound)
{
    int64_t got = receive(outbound, outbound->set->cipher, OUTBOUND_READ_BYTES);
    switch (got) {
    case NET_WOULD_BLOCK:
        return READ_NOTHING;
    case NET_END:
        return ended(outbound, OUTBOUND_CUT, "");
    case NET_BROKEN:
        return ended(outbound, OUTBOUND_LOST, "");
    default:
        tls_session_feed(outbound->tls, outbound->set->cipher, (size_t)got);
        return give_decrypted(outbound) ? READ_SOME : READ_ENDED;
    }
}

static enum read_result read_once(struct outbound *outbound)
{
    return outbound->tls ? read_tls(outbound) : read_plain(outbound);
}

/* The socket broke while sending: what it has is still read, as fast as its user takes it. */
static void read_to_the_end(struct outbound *outbound)
{
    enum read_result result = READ_SOME;
    while (result == READ_SOME && wants_bytes(outbound) && !outbound->again) {
        result = read_once(outbound);
    }
    if (result != READ_ENDED && !outbound->again) {
        outbound_close(outbound, OUTBOUND_LOST, "");
    }
}

void outbound_narrow(struct outbound *outbound, uint32_t input_bytes_max, uint32_t queue_bytes_max)
{
    outbound->limits.input_bytes_max = input_bytes_max;
    outbound->limits.queue_bytes_max = queue_bytes_max;
}

void outbound_hold(struct outbound *outbound)
{
    if (outbound_is(outbound, OUTBOUND_OPEN)) {
        outbound->held = true;
        outbound_update_watch(outbound);
    }
}

void outbound_resume(struct outbound *outbound)
{
    if (outbound_is(outbound, OUTBOUND_OPEN)) {
        outbound->last_in_ms = outbound->held ? outbound_now(outbound) : outbound->last_in_ms;
        outbound->held = false;
        outbound->again = true;
        outbound_is_due(outbound);
    }
}

static bool go_on_giving(struct outbound *outbound)
{
    outbound->again = false;
    if (pending(outbound) > 0 && !give_kept(outbound)) {
        return false;
    }
    return !outbound->tls || give_decrypted(outbound);
}

void outbound_go_on(struct outbound *outbound)
{
    if (outbound->again && !outbound->held && !go_on_giving(outbound)) {
        return;
    }
    if (outbound->broken) {
        read_to_the_end(outbound);
        return;
    }
    outbound_update_watch(outbound);
    if (has_drained(outbound)) {
        outbound->refused_bytes = 0;
        if (outbound->handler->on_drained) {
            uint32_t generation = outbound_call_begin(outbound);
            outbound->handler->on_drained(outbound->handler);
            (void)outbound_call_end(outbound, generation);
        }
    }
}

/* ---- before it is open */

static void shake(struct outbound *outbound)
{
    enum tls_step step = tls_session_shake(outbound->tls);
    const char *why = tls_session_why(outbound->tls);
    send_output(outbound);
    switch (step) {
    case TLS_MORE:
        if (outbound->broken) {
            outbound_address_failed(outbound, OUTBOUND_LOST, "");
        } else {
            outbound_update_watch(outbound);
        }
        break;
    case TLS_DONE:
        machine_move(&outbound->machine, OUTBOUND_OPEN);
        break;
    case TLS_CERTIFICATE:
        outbound_address_failed(outbound, OUTBOUND_CERTIFICATE, why);
        break;
    case TLS_FAILED:
        outbound_address_failed(outbound, OUTBOUND_TLS, why);
        break;
    }
}

static void shaking_ready(struct outbound *outbound)
{
    outbound->blocked = false;
    int64_t got = receive(outbound, outbound->set->cipher, OUTBOUND_READ_BYTES);
    if (got == NET_END || got == NET_BROKEN) {
        outbound_address_failed(outbound, OUTBOUND_LOST, "in the handshake of TLS");
        return;
    }
    if (got > 0) {
        tls_session_feed(outbound->tls, outbound->set->cipher, (size_t)got);
    }
    shake(outbound);
}

static void connecting_ready(struct outbound *outbound)
{
    enum err err = net_connected(outbound->set->world->net, outbound->sock);
    if (err == ERR_AGAIN) {
        return;
    }
    if (err) {
        outbound_address_failed(outbound, outbound_reason_of(err), err_name(err));
        return;
    }
    if (!outbound->tls_client) {
        machine_move(&outbound->machine, OUTBOUND_OPEN);
        return;
    }
    outbound->tls = tls_session_create(
        outbound->tls_client, outbound->tls_name ? outbound->tls_name : outbound->host);
    machine_move(&outbound->machine, OUTBOUND_SHAKING);
    shake(outbound);
}

/* ---- readiness */

static void open_ready(struct outbound *outbound, uint32_t events)
{
    if (events & NET_WRITABLE && outbound->blocked) {
        outbound->blocked = false;
        outbound_flush(outbound);
    }
    if (!wants_bytes(outbound)) {
        if (events & NET_CLOSED) {
            outbound_close(outbound, OUTBOUND_LOST, "");
        }
    } else if (outbound->again) {
        /* What is here is given first, later in this turn: nothing more piles up behind it, and no
         * end overtakes it. */
    } else if (events & (NET_READABLE | NET_CLOSED) && read_once(outbound) != READ_ENDED) {
        outbound_update_watch(outbound);
    }
}

void outbound_ready(struct outbound *outbound, uint32_t events)
{
    switch ((enum outbound_state)outbound->machine.state) {
    case OUTBOUND_CONNECTING:
        connecting_ready(outbound);
        break;
    case OUTBOUND_SHAKING:
        shaking_ready(outbound);
        break;
    case OUTBOUND_OPEN:
        open_ready(outbound, events);
        break;
    case OUTBOUND_IDLE:
    case OUTBOUND_RESOLVING:
    case OUTBOUND_CLOSED:
    case OUTBOUND_WAITING:
    case OUTBOUND_STATES:
        break; /* has no socket, so nobody has this token */
    }
}

/* A peer of TLS is told, as far as the socket takes it at once. */
void outbound_socket_close(struct outbound *outbound)
{
    if (outbound->sock < 0) {
        return;
    }
    if (outbound->tls && !outbound->blocked) {
        if (outbound_is(outbound, OUTBOUND_OPEN)) {
            tls_session_finish(outbound->tls);
        }
        send_output(outbound);
    }
    tls_session_destroy(outbound->tls);
    outbound->tls = NULL;
    net_close(outbound->set->world->net, outbound->sock);
    outbound->sock = -1;
    outbound->watched = 0;
    outbound->blocked = outbound->broken = false;
}
