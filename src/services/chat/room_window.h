#pragma once

/* room_window - the newest entries of a room, as far as decisions ask about them.
 *
 * Two parts. `marks` are the entries since the room was loaded, without a gap, one per seq: enough
 * to answer repeats, targets, "edit to the same text" and "reaction already as wished" without the
 * store. `older` are the commands before that, as the store gave them: enough for repeats. Texts
 * are kept as 64-bit digests; two of one user's commands that collide within a window are one in
 * 2^48.
 *
 * All of it is found by hash, in chains from the newest to the oldest. A chain has no more than
 * decisions ask about: of a user the one command with a cid, and the newest reaction to a message
 * with a key; of a target its newest edit, its delete, and one mark for each key that is on it. So
 * what a command costs does not grow with what was done before, however often it was done. An entry
 * costs 136 bytes.
 *
 * `floor` is the seq above which every command is known. Trimmed to the last 256 entries or 10
 * minutes, whichever is more, and never above what the store has confirmed. */

#include <stdbool.h>
#include <stdint.h>

#include "chattifier/events.h"
#include "ports/rooms.h"

#define ROOM_WINDOW_ENTRIES 256
#define ROOM_WINDOW_MS (10 * 60 * 1000)
#define ROOM_REACTION_KEYS_MAX 50 /* different reactions that one message takes */

/* Of any bytes; never 0, at most CHT_NUMBER_MAX. The key is fixed: digests travel and are stored.
 */
uint64_t room_digest(const void *bytes, uint64_t size);

static inline uint64_t room_digest_str(struct cht_str text)
{
    return text.size ? room_digest(text.at, text.size) : 0;
}

/* Of the texts of an entry, or of the command that made it. */
struct room_digests {
    uint64_t cid, text, key;
};

struct room_digests room_digests_of_entry(const struct cht_entry *entry);

/* Of commands by user and cid; of edits, deletes and keys that are on by target; of reactions by
 * user, target and key. */
enum room_chain { ROOM_CHAIN_CID, ROOM_CHAIN_TARGET, ROOM_CHAIN_REACTION, ROOM_CHAINS };

struct room_mark {
    struct cht_id by;
    uint64_t seq, n, ts;
    uint64_t index;   /* of its record in the log */
    uint64_t cid;     /* digest; 0: not the first of its command */
    uint64_t content; /* digest of the command */
    uint64_t target;
    uint64_t text; /* digest: of a message its text as it is now; of a reaction its key */
    uint64_t next[ROOM_CHAINS]; /* seq of the next older one in the chain; 0: none */
    uint32_t users; /* of a key that is on: how many put it there, as far as marks say */
    uint8_t kind;   /* enum cht_entry_kind */
    bool on;
    bool deleted; /* a message that is gone */
};

_Static_assert(sizeof(struct room_mark) <= 112, "memory per entry");

struct room_window {
    struct room_mark *marks; /* ring; the oldest at `first` */
    uint32_t first, count, capacity;
    uint64_t oldest_seq;
    uint64_t *heads;         /* of each kind of chain `capacity`: seq of the newest; 0: none */
    uint64_t secret;         /* odd; of the chains, so that nobody can fill one on purpose */
    struct room_mark *older; /* by cid and user; only by, seq, n, ts, cid, content */
    uint32_t older_count;
    uint64_t older_ts; /* of the newest of them */
    uint64_t floor;
    uint64_t floor_ts; /* nothing at or below the floor is newer */
};

/* `secret`: chance. */
void room_window_init(struct room_window *window, uint64_t secret);
void room_window_deinit(struct room_window *window);

/* The commands that the store knows. */
void room_window_load(struct room_window *window, const struct rooms_load_op *loaded);

/* The next entry: its seq is one more than the last mark's. Edits and deletes also change the mark
 * of their target. */
void room_window_add(struct room_window *window, const struct cht_entry *entry, uint64_t index,
    const struct room_digests *digests);

/* The entry with that seq, or NULL if it is older than the marks (or not there yet). */
const struct room_mark *room_window_at(const struct room_window *window, uint64_t seq);

/* The command of `user` with that digest of its cid, or NULL. */
const struct room_mark *room_window_find_cid(
    const struct room_window *window, const struct cht_id *user, uint64_t cid);

/* What the newest reaction entry of `user` on `target` with that key says: 1 on, 0 off, -1 there is
 * none. */
int room_window_reaction(
    const struct room_window *window, const struct cht_id *user, uint64_t target, uint64_t key);

/* How many different keys are on `target` according to the marks; 0 if `key` is among them. */
uint32_t room_window_other_keys(const struct room_window *window, uint64_t target, uint64_t key);

/* The newest edit of `target` among the marks, or NULL. */
const struct room_mark *room_window_edit(const struct room_window *window, uint64_t target);

/* The seq of the delete of `target` among the marks; 0: there is none. */
uint64_t room_window_deleted_by(const struct room_window *window, uint64_t target);

/* Forgets what is beyond the promise and confirmed by the store (`index` and below). */
void room_window_trim(struct room_window *window, uint64_t now_ms, uint64_t confirmed_index);
