#pragma once

/* truth - the sequential reference model: what the log says happened, folded one record after the
 * other by the rules of every reader of the log.
 *
 * It hears every record at the moment it lands, so that what a client is told is compared with what
 * was durable then. It also judges each entry by the state before it (I2, I5, I13, I17). */

#include "people.h"
#include "ports/log.h"
#include "scene.h"

#define TRUTH_ROOMS_MAX 32
#define TRUTH_CID_MAX 64

struct truth_entry {
    uint64_t seq, n, ts, target, landed_us;
    enum cht_entry_kind kind;
    uint32_t by, user; /* people's numbers */
    uint64_t state, role, muted_until;
    char cid[TRUTH_CID_MAX + 1];
    uint64_t text;               /* digest; 0: none */
    uint64_t members;            /* bit u: u is a member after it */
    uint64_t deleted_seq;        /* of the entry that deleted it */
    bool on;                     /* a reaction that was put, not taken back */
    uint64_t about, older_about; /* the newest entry about it; of such: the one before it */
    bool first;                  /* of its record */
    uint64_t said_us, said_term; /* when an owner first told a node; 0: not yet */
};

struct truth_member {
    uint64_t role, state, joined_seq, muted_until;
};

struct truth_room {
    struct cht_id id;
    uint64_t kind, visibility, history, n;
    struct truth_entry *entries; /* [seq - 1] */
    uint64_t head;
    uint32_t capacity;
    struct truth_member members[PEOPLE_MAX];
    uint64_t ever;    /* bit u: was a member at some time */
    uint32_t pair[2]; /* of a direct room: the two, who are members of it for ever */
    bool gone;
    uint64_t acked_max; /* the highest seq that anybody was told ok for */
};

struct truth_shard {
    uint64_t index, term;
    uint64_t records, repeats, old_terms;
};

struct truth {
    struct scene *scene;
    bool clocks_agree;
    const struct people *people;
    uint64_t blocks_us; /* who was blocked for longer says nothing more */
    struct truth_room *rooms[TRUTH_ROOMS_MAX];
    uint32_t room_count;
    struct truth_shard shards[16];
    uint64_t entries;
};

/* Where clocks do not agree, whether a mute was over is a matter of whose clock one asks. */
void truth_init(
    struct truth *truth, struct scene *scene, const struct people *people, bool clocks_agree);
void truth_deinit(struct truth *truth);

/* A record is in the log. Answers the room that it changed; NULL: none. */
const struct truth_room *truth_on_record(
    struct truth *truth, uint32_t shard, const struct log_item *item_bytes);

/* NULL: no entry of it is durable. */
struct truth_room *truth_room(const struct truth *truth, const struct cht_id *room);
const struct truth_entry *truth_entry(const struct truth_room *room, uint64_t seq);

/* A message as the entries up to a head leave it. */
struct truth_message {
    uint64_t n;
    bool deleted;
    uint64_t edited_seq, text; /* digest */
    uint64_t reactions;        /* bit u: u has put one; "+1" is the only one there is */
};

struct truth_message truth_message_at(const struct truth_room *room, uint64_t seq, uint64_t head);

/* The entry that began with that cid. */
const struct truth_entry *truth_by_cid(
    const struct truth_room *room, uint32_t by, struct cht_str cid);

/* May `user` be sent entry `seq` as it happens? */
bool truth_sees(const struct truth_room *room, uint32_t user, uint64_t seq);
bool truth_is_member(const struct truth_room *room, uint32_t user);

/* One of the two of a direct room, also while it is hidden from them. */
bool truth_is_of_pair(const struct truth_room *room, uint32_t user);
