/* pulsar_many - lists, in both of their forms.
 *
 * Happy path: a made list answers the next of its array; one that was read looks for the next field
 * of its number, from where the last one ended. How it fails: it can not, for a message is read as
 * a whole; that it does not is checked. */

#include <string.h>

#include "base/check.h"
#include "pulsar/pulsar_bytes.h"

static size_t item_size(const struct pulsar_field *item)
{
    switch ((enum pulsar_kind)item->kind) {
    case PULSAR_KIND_i64:
        return sizeof(int64_t);
    case PULSAR_KIND_i32:
        return sizeof(int32_t);
    case PULSAR_KIND_bytes:
        return sizeof(struct cht_str);
    case PULSAR_KIND_message:
        return item->row->size;
    case PULSAR_KIND_none:
    case PULSAR_KIND_u64:
    case PULSAR_KIND_u32:
    case PULSAR_KIND_flag:
    case PULSAR_KIND_word:
    case PULSAR_KIND_text:
        break;
    }
    CHECK_UNREACHABLE();
}

static void next_of_array(struct pulsar_many *list, const struct pulsar_field *item, void *ret_item)
{
    size_t size = item_size(item);
    memcpy(ret_item, list->items, size);
    list->items = (const uint8_t *)list->items + size;
}

/* The value of a field of that number is next; inside a block, another number of it. */
static void find(struct pulsar_bytes *bytes, struct pulsar_many *list, bool is_number)
{
    while (!list->block_end || bytes->at == list->block_end) {
        list->block_end = NULL;
        struct pulsar_tag tag = pulsar_take_tag(bytes);
        CHECK(bytes->flaw == PULSAR_FINE);
        if (tag.number != list->number) {
            pulsar_skip(bytes, tag.wire);
        } else if (is_number && tag.wire == PULSAR_WIRE_SIZED) {
            uint64_t size = pulsar_take_varint(bytes);
            list->block_end = bytes->at + size;
        } else {
            return;
        }
    }
}

static void next_of_bytes(struct pulsar_many *list, const struct pulsar_field *item, void *ret_item)
{
    struct pulsar_bytes bytes = {list->at, list->end, PULSAR_FINE};
    find(&bytes, list, item->kind < PULSAR_KIND_text);
    pulsar_take_value(&bytes, item, ret_item);
    CHECK(bytes.flaw == PULSAR_FINE);
    list->at = bytes.at;
}

bool pulsar_next(struct pulsar_many *list, const struct pulsar_field *item, void *ret_item)
{
    if (list->count == 0) {
        return false;
    }
    list->count--;
    if (list->items) {
        next_of_array(list, item, ret_item);
    } else {
        next_of_bytes(list, item, ret_item);
    }
    return true;
}

/* ---- typed */

bool pulsar_next_key_value(struct pulsar_many *list, struct pulsar_key_value *ret_item)
{
    static const struct pulsar_field item = {
        .kind = PULSAR_KIND_message, .row = &pulsar_row_key_value};
    return pulsar_next(list, &item, ret_item);
}

bool pulsar_next_message_id(struct pulsar_many *list, struct pulsar_message_id *ret_item)
{
    static const struct pulsar_field item = {
        .kind = PULSAR_KIND_message, .row = &pulsar_row_message_id};
    return pulsar_next(list, &item, ret_item);
}

bool pulsar_next_int_range(struct pulsar_many *list, struct pulsar_int_range *ret_item)
{
    static const struct pulsar_field item = {
        .kind = PULSAR_KIND_message, .row = &pulsar_row_int_range};
    return pulsar_next(list, &item, ret_item);
}

bool pulsar_next_i64(struct pulsar_many *list, int64_t *ret_item)
{
    static const struct pulsar_field item = {.kind = PULSAR_KIND_i64};
    return pulsar_next(list, &item, ret_item);
}

bool pulsar_next_i32(struct pulsar_many *list, int32_t *ret_item)
{
    static const struct pulsar_field item = {.kind = PULSAR_KIND_i32};
    return pulsar_next(list, &item, ret_item);
}

bool pulsar_next_bytes(struct pulsar_many *list, struct cht_str *ret_item)
{
    static const struct pulsar_field item = {.kind = PULSAR_KIND_bytes};
    return pulsar_next(list, &item, ret_item);
}

bool pulsar_property(struct pulsar_many properties, const char *key, struct cht_str *ret_value)
{
    struct pulsar_key_value property;
    while (pulsar_next_key_value(&properties, &property)) {
        if (cht_str_equal(property.key, cht_str_of(key))) {
            *ret_value = property.value;
            return true;
        }
    }
    return false;
}

bool pulsar_message_id_equal(const struct pulsar_message_id *a, const struct pulsar_message_id *b)
{
    int32_t index = a->has_batch_index ? a->batch_index : -1;
    int32_t other = b->has_batch_index ? b->batch_index : -1;
    return a->ledger_id == b->ledger_id && a->entry_id == b->entry_id && index == other;
}
