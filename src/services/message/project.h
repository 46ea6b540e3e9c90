#pragma once

/* project - what a record of the log means for the store.
 *
 * Pure: a decoded record and the room as it is before it become a list of changes, and the room as
 * it is after it. No clock, no I/O. What the changes point at lies in the record (and its bytes),
 * which must stay as long as the changes, or in the arena. Heads are a change of their own, made
 * once for a room and a batch, since only the last one counts. */

#include "base/arena.h"
#include "ports/history.h"

#define PROJECT_NAME_BYTES 256
#define PROJECT_TOPIC_BYTES 1024
#define PROJECT_LAST_BYTES 128

/* A room that is being written, as it is after the newest record that was projected. The texts live
 * here, so it must not move. */
struct project_room {
    struct room_meta meta;
    struct room_head head;
    char name[PROJECT_NAME_BYTES];
    char topic[PROJECT_TOPIC_BYTES];
    char last[PROJECT_LAST_BYTES];
    uint32_t sent_at; /* in the list of changes: the newest CHANGE_SENT, if it is still there */
    bool shown;       /* a message came, and nobody has hidden the room since */
};

/* A list that grows; memory is the caller's to free with mem_free(at). */
struct project_changes {
    struct history_change *at;
    uint32_t count;
    uint32_t capacity;
};

/* The room as the store has it. */
void project_room_set(
    struct project_room *room, const struct room_meta *meta, const struct room_head *head);

/* A room of which nothing is stored. */
void project_room_clear(struct project_room *room, const struct cht_id *id);

/* Appends the changes of `record` and brings the room forward. Entries at or below the room's head
 * are repeats and change nothing. */
void project_record(struct project_room *room, const struct cht_record *record, struct arena *arena,
    struct project_changes *changes);

/* Appends the head as it is now. */
void project_head(
    const struct project_room *room, struct arena *arena, struct project_changes *changes);

/* The first bytes of `text`, at most `bytes_max`, cut at a code point. */
struct cht_str project_cut(struct cht_str text, uint32_t bytes_max);
