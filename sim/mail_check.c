/* mail_check - see the header.
 *
 * Happy path: most mails are no deliveries, most deliveries of nothing deleted. How it fails: the
 * scene is told. A moment is left for what was on its way between log and owner, and who is not the
 * owner of now is not judged: it can not know. */

#include "mail_check.h"

#include <string.h>

#include "cluster.h"

#define KNOWN_US 4000000

static bool has_text(struct cht_str frame)
{
    return memmem(frame.at, frame.size, "\"text\":", 7) != NULL;
}

static void check_delivery(struct cluster *cluster, const struct cht_delivery *delivery)
{
    const struct truth_room *room = truth_room(&cluster->truth, &delivery->room);
    const struct truth_entry *entry = truth_entry(room, delivery->seq);
    bool of_now = delivery->shard < cluster->bus.shard_count &&
                  cluster->truth.shards[delivery->shard].term == delivery->term;
    if (!entry || !of_now || !has_text(delivery->frame)) {
        return;
    }
    const struct truth_entry *message =
        entry->kind == cht_entry_kind_edited ? truth_entry(room, entry->target) : entry;
    const struct truth_entry *gone = message ? truth_entry(room, message->deleted_seq) : NULL;
    if (gone && gone->landed_us + KNOWN_US < cluster->scene.now_us) {
        scene_fail(&cluster->scene, "I16",
            "the text of entry %llu was said after its deletion %llu",
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
