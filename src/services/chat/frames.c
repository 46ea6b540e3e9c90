/* frames - a ring by seq.
 *
 * Happy path: the place is seq modulo the capacity. How it fails: it does not; who asks for a frame
 * that is not kept is told so. */

#include "frames.h"

#include "base/check.h"
#include "base/mem.h"

#define FRAMES_MIN 8u

static struct frame *place(const struct frames *frames, uint64_t seq)
{
    CHECK(frames->capacity > 0);
    return &frames->ring[seq % frames->capacity];
}

void frames_deinit(struct frames *frames)
{
    for (uint64_t seq = frames_oldest(frames); seq <= frames->newest; seq++) {
        buf_unref(place(frames, seq)->delivery);
    }
    mem_free(frames->ring);
    *frames = (struct frames){0};
}

static void grow(struct frames *frames, uint32_t most)
{
    struct frames bigger = *frames;
    bigger.capacity = frames->capacity ? frames->capacity * 2 : FRAMES_MIN;
    bigger.capacity = bigger.capacity < most ? bigger.capacity : most;
    bigger.ring = mem_array(bigger.capacity, sizeof(*bigger.ring));
    for (uint64_t seq = frames_oldest(frames); seq <= frames->newest; seq++) {
        *place(&bigger, seq) = *place(frames, seq);
    }
    mem_free(frames->ring);
    *frames = bigger;
}

void frames_add(struct frames *frames, const struct frame *frame, uint32_t most)
{
    CHECK(frames->count == 0 || frame->seq == frames->newest + 1);
    CHECK(most > 0);
    if (frames->count == frames->capacity && frames->capacity < most) {
        grow(frames, most);
    }
    struct frame *at = place(frames, frame->seq);
    if (frames->count == frames->capacity) {
        frames->bytes -= at->delivery->size;
        buf_unref(at->delivery);
    } else {
        frames->count++;
    }
    frames->bytes += frame->delivery->size;
    *at = *frame;
    at->delivery = buf_ref(frame->delivery);
    frames->newest = frame->seq;
}

const struct frame *frames_at(const struct frames *frames, uint64_t seq)
{
    return seq >= frames_oldest(frames) && seq <= frames->newest ? place(frames, seq) : NULL;
}

void frames_replace(struct frames *frames, uint64_t seq, struct buf *delivery_take)
{
    CHECK(frames_at(frames, seq));
    struct frame *at = place(frames, seq);
    frames->bytes += delivery_take->size;
    frames->bytes -= at->delivery->size;
    buf_unref(at->delivery);
    at->delivery = delivery_take;
}
