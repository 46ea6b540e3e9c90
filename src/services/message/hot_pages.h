#pragma once

/* hot_pages - the newest pages of rooms that are read again and again, finished as they went out.
 *
 * One page a room, with the stamps of the stores that it was read under (ports/history.h): it is
 * given only while both stay, so it is what the stores would answer now. It knows who was found to
 * see just this page, until a stamp changes: membership is the room's, so its change is one too. A
 * page with reactions says which are the reader's own and is for that reader alone. Bounded as in
 * kept.h. */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "kept.h"

#define HOT_READERS 32

/* Taken before anything is read. A 0 is never the same. */
struct hot_stamp {
    uint64_t room, users;
};

bool hot_stamp_is_same(const struct hot_stamp *a, const struct hot_stamp *b);

struct hot_page {
    struct kept_item kept; /* first; by room */
    struct hot_stamp stamp;
    uint64_t from_seq; /* nothing before it is in it, or said to be there */
    uint64_t head;
    uint32_t limit;
    bool is_own; /* of the first reader */
    struct buf *body;
    struct cht_id readers[HOT_READERS]; /* the newest ones */
    uint32_t reader_count;              /* ever */
};

struct hot_pages;

struct hot_pages *hot_pages_create(
    uint32_t pages_max, uint64_t bytes_max, const uint64_t secret[2]);
void hot_pages_destroy(struct hot_pages *pages);

/* The page of `room`, the caller's until the next call; NULL: there is none of that length. One
 * that `stamp` shows to be old is forgotten. */
struct hot_page *hot_pages_find(struct hot_pages *pages, const struct cht_id *room, uint32_t limit,
    const struct hot_stamp *stamp);

/* Keeps it instead of what is there of `room`, if it can: `page` is copied, with a reference to its
 * body. */
void hot_pages_keep(
    struct hot_pages *pages, const struct cht_id *room, const struct hot_page *page);

/* Was `reader` found to see this page? */
bool hot_page_is_for(const struct hot_page *page, const struct cht_id *reader);
void hot_page_add_reader(struct hot_page *page, const struct cht_id *reader);
