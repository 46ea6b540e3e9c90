/* pulsar_acks - see the header.
 *
 * Happy path: a message that is in no batch, or the last of its batch, is gathered; a command tells
 * up to PULSAR_ACKS_A_COMMAND of them. How it fails: it does not; what finds no room is forgotten
 * and comes again. */

#include "pulsar_client/pulsar_acks.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

void pulsar_acks_init(struct pulsar_acks *acks, uint32_t acks_max, const uint64_t secret[2])
{
    *acks = (struct pulsar_acks){.capacity = acks_max};
    acks->entries = mem_array(acks_max, sizeof(acks->entries[0]));
    map_init(&acks->batches, PULSAR_ACKED_BATCHES_MAX, secret);
}

void pulsar_acks_deinit(struct pulsar_acks *acks)
{
    pulsar_acks_forget_batches(acks);
    map_deinit(&acks->batches);
    mem_free(acks->slots);
    mem_free(acks->entries);
}

/* ---- batches */

static struct map_key key_of(uint64_t ledger, uint64_t entry)
{
    return (struct map_key){{ledger, entry}};
}

static struct pulsar_acked_batch *find_batch(
    struct pulsar_acks *acks, const struct pulsar_position *position)
{
    uint32_t slot = map_find(&acks->batches, key_of(position->ledger, position->entry));
    return slot == MAP_NONE ? NULL : &acks->slots[slot];
}

static uint32_t free_slot(struct pulsar_acks *acks)
{
    CHECK(acks->slots || acks->slot_count == 0);
    while (acks->slot_free < acks->slot_count && acks->slots[acks->slot_free].bits) {
        acks->slot_free++;
    }
    if (acks->slot_free == acks->slot_count) {
        acks->slot_count = acks->slot_count ? acks->slot_count * 2 : 16;
        acks->slots = mem_resize(acks->slots, acks->slot_count * sizeof(acks->slots[0]));
        memset(acks->slots + acks->slot_free, 0,
            (acks->slot_count - acks->slot_free) * sizeof(acks->slots[0]));
    }
    return acks->slot_free;
}

static void fill_bits(struct pulsar_acked_batch *batch, uint32_t messages)
{
    for (uint32_t i = 0; i < messages; i++) {
        batch->bits[i / 64] |= UINT64_C(1) << (i % 64);
    }
    batch->left = messages;
}

/* NULL: there are too many. */
static struct pulsar_acked_batch *add_batch(
    struct pulsar_acks *acks, const struct pulsar_position *position)
{
    uint32_t slot = free_slot(acks);
    uint32_t words = (uint32_t)position->batch_size / 64 + 1;
    if (!map_put(&acks->batches, key_of(position->ledger, position->entry), slot)) {
        return NULL;
    }
    struct pulsar_acked_batch *batch = &acks->slots[slot];
    *batch = (struct pulsar_acked_batch){.ledger = position->ledger,
        .entry = position->entry,
        .words = words,
        .bits = mem_array(words, sizeof(batch->bits[0]))};
    fill_bits(batch, (uint32_t)position->batch_size);
    return batch;
}

static void remove_batch(struct pulsar_acks *acks, struct pulsar_acked_batch *batch)
{
    uint32_t slot = map_remove(&acks->batches, key_of(batch->ledger, batch->entry));
    mem_free(batch->bits);
    *batch = (struct pulsar_acked_batch){0};
    acks->slot_free = slot < acks->slot_free ? slot : acks->slot_free;
}

void pulsar_acks_know(struct pulsar_acks *acks, const struct pulsar_position *first,
    const uint64_t *unacked, uint32_t words)
{
    struct pulsar_acked_batch *batch = find_batch(acks, first);
    if (batch) {
        remove_batch(acks, batch);
    }
    batch = add_batch(acks, first);
    if (!batch) {
        return;
    }
    batch->left = 0;
    for (uint32_t i = 0; i < batch->words; i++) {
        batch->bits[i] &= i < words ? unacked[i] : 0;
        batch->left += (uint32_t)__builtin_popcountll(batch->bits[i]);
    }
}

/* True: it was the last of them. */
static bool ack_member(struct pulsar_acks *acks, const struct pulsar_position *position)
{
    struct pulsar_acked_batch *batch = find_batch(acks, position);
    uint32_t index = (uint32_t)position->batch_index;
    batch = batch ? batch : add_batch(acks, position);
    if (!batch || index / 64 >= batch->words) {
        return false;
    }
    uint64_t bit = UINT64_C(1) << (index % 64);
    if (!(batch->bits[index / 64] & bit)) {
        return false;
    }
    batch->bits[index / 64] &= ~bit;
    batch->left--;
    if (batch->left > 0) {
        return false;
    }
    remove_batch(acks, batch);
    return true;
}

void pulsar_acks_forget_batches(struct pulsar_acks *acks)
{
    for (uint32_t i = 0; i < acks->slot_count; i++) {
        if (acks->slots[i].bits) {
            remove_batch(acks, &acks->slots[i]);
        }
    }
}

void pulsar_acks_clear(struct pulsar_acks *acks)
{
    pulsar_acks_forget_batches(acks);
    acks->count = 0;
    acks->has_until = false;
}

/* ---- gathering */

bool pulsar_acks_add(struct pulsar_acks *acks, const struct pulsar_position *position)
{
    if (position->batch_size > 1 && !ack_member(acks, position)) {
        return false;
    }
    if (acks->count < acks->capacity) {
        acks->entries[acks->count][0] = position->ledger;
        acks->entries[acks->count][1] = position->entry;
        acks->count++;
    }
    return acks->count == acks->capacity;
}

/* In the middle of a batch: up to the entry before. Before the first entry of a ledger that is none
 * whose number is known; a later one says it too. */
void pulsar_acks_add_until(struct pulsar_acks *acks, const struct pulsar_position *position)
{
    bool is_whole = position->batch_size <= 1 || position->batch_index + 1 == position->batch_size;
    struct pulsar_position until = {position->ledger, position->entry, -1, 0};
    if (!is_whole && position->entry == 0) {
        return;
    }
    until.entry -= is_whole ? 0 : 1;
    if (!acks->has_until || pulsar_position_compare(&acks->until, &until) < 0) {
        acks->has_until = true;
        acks->until = until;
    }
}

/* ---- writing */

static bool write_ids(struct pulsar_writer *writer, uint64_t consumer_id, enum pulsar_ack_type type,
    const struct pulsar_message_id *ids, uint32_t count)
{
    struct pulsar_command command = {.type = PULSAR_COMMAND_ACK,
        .ack = {.consumer_id = consumer_id,
            .ack_type = type,
            .message_id = {.items = ids, .count = count}}};
    return pulsar_write_command(writer, &command);
}

static bool write_until(
    struct pulsar_acks *acks, uint64_t consumer_id, struct pulsar_writer *writer)
{
    struct pulsar_message_id id = {.ledger_id = acks->until.ledger, .entry_id = acks->until.entry};
    acks->has_until = !write_ids(writer, consumer_id, PULSAR_ACK_CUMULATIVE, &id, 1);
    return !acks->has_until;
}

bool pulsar_acks_write(struct pulsar_acks *acks, uint64_t consumer_id, struct pulsar_writer *writer)
{
    struct pulsar_message_id ids[PULSAR_ACKS_A_COMMAND];
    uint32_t count = 0;
    if (acks->has_until) {
        return write_until(acks, consumer_id, writer);
    }
    for (; count < acks->count && count < PULSAR_ACKS_A_COMMAND; count++) {
        const uint64_t *entry = acks->entries[acks->count - 1 - count];
        ids[count] = (struct pulsar_message_id){.ledger_id = entry[0], .entry_id = entry[1]};
    }
    if (count == 0 || !write_ids(writer, consumer_id, PULSAR_ACK_INDIVIDUAL, ids, count)) {
        return false;
    }
    acks->count -= count;
    return true;
}
