/* mail_check - see the header.
 *
 * Happy path: most mails are no deliveries, most deliveries of nothing deleted. How it fails: the
 * scene is told. A deletion counts from when its owner first said it; an owner of an older term can
 * not know of it. */

#include "mail_check.h"

#include <string.h>

#include "cluster.h"

static bool has_words(struct cht_str frame)
{
    return memmem(frame.at, frame.size, "\"text\":", 7) != NULL ||
           memmem(frame.at, frame.size, "\"key\":", 6) != NULL;
}

static void check_delivery(struct cluster *cluster, const struct cht_delivery *delivery)
{
    const struct truth_room *room = truth_room(&cluster->truth, &delivery->room);
    if (!truth_entry(room, delivery->seq)) {
        return;
    }
    struct truth_entry *entry = &room->entries[delivery->seq - 1];
    if (!entry->said_us) {
        entry->said_us = cluster->scene.now_us;
        entry->said_term = delivery->term;
    }
    bool about = entry->kind == cht_entry_kind_edited || entry->kind == cht_entry_kind_reaction;
    const struct truth_entry *message = about ? truth_entry(room, entry->target) : entry;
    const struct truth_entry *gone = message ? truth_entry(room, message->deleted_seq) : NULL;
    bool known = gone && gone->said_us && gone->said_us < cluster->scene.now_us &&
                 gone->said_term <= delivery->term;
    if (known && has_words(delivery->frame)) {
        scene_fail(&cluster->scene, "I16",
            "the words of entry %llu were said after its deletion %llu",
            (unsigned long long)entry->seq, (unsigned long long)gone->seq);
    }
}

void mail_check(void *context, const uint8_t *bytes, uint32_t size)
{
    static uint8_t memory[1 << 16];
    struct cht_scratch scratch = {memory, sizeof(memory), 0};
    struct cht_str event = {(const char *)bytes, size};
    struct cht_delivery delivery;
    if (cht_event_number_of(event) == CHT_EVENT_delivery &&
        cht_decode(&cht_row_delivery, event, &scratch, &delivery)) {
        check_delivery(context, &delivery);
    }
}
