/* hot_pages - see hot_pages.h.
 *
 * Happy path: a hit moves the page to the new end of the list. How it fails: a page that can not be
 * kept, because it was read while its room was written or is larger than all may be, is not kept;
 * the next question reads it again. */

#include "hot_pages.h"

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"

#define NOBODY UINT32_MAX

struct hot_pages {
    struct map map; /* room to place */
    struct hot_page *at;
    uint32_t begun; /* places that were ever used */
    uint32_t free;  /* linked by `newer` */
    uint32_t oldest, newest;
    uint32_t pages_max;
    uint64_t bytes, bytes_max;
};

struct hot_pages *hot_pages_create(uint32_t pages_max, uint64_t bytes_max, const uint64_t secret[2])
{
    struct hot_pages *pages = mem_new(sizeof(*pages));
    map_init(&pages->map, pages_max, secret);
    pages->at = mem_array(pages_max, sizeof(*pages->at));
    pages->free = pages->oldest = pages->newest = NOBODY;
    pages->pages_max = pages_max;
    pages->bytes_max = bytes_max;
    return pages;
}

static uint64_t bytes_of(const struct hot_page *page)
{
    return sizeof(*page) + page->body->capacity;
}

/* ---- in the order of use */

static void unlink_page(struct hot_pages *pages, uint32_t i)
{
    const struct hot_page *page = &pages->at[i];
    *(page->older != NOBODY ? &pages->at[page->older].newer : &pages->oldest) = page->newer;
    *(page->newer != NOBODY ? &pages->at[page->newer].older : &pages->newest) = page->older;
}

static void link_newest(struct hot_pages *pages, uint32_t i)
{
    pages->at[i].older = pages->newest;
    pages->at[i].newer = NOBODY;
    *(pages->newest != NOBODY ? &pages->at[pages->newest].newer : &pages->oldest) = i;
    pages->newest = i;
}

static void forget(struct hot_pages *pages, uint32_t i)
{
    struct hot_page *page = &pages->at[i];
    unlink_page(pages, i);
    map_remove(&pages->map, map_key_id(&page->room));
    pages->bytes -= bytes_of(page);
    buf_unref(page->body);
    *page = (struct hot_page){.newer = pages->free};
    pages->free = i;
}

void hot_pages_destroy(struct hot_pages *pages)
{
    if (pages == NULL) {
        return;
    }
    while (pages->oldest != NOBODY) {
        forget(pages, pages->oldest);
    }
    map_deinit(&pages->map);
    mem_free(pages->at);
    mem_free(pages);
}

/* ---- asking */

static bool is_same(const struct hot_stamp *a, const struct hot_stamp *b)
{
    return a->room == b->room && a->users == b->users;
}

struct hot_page *hot_pages_find(struct hot_pages *pages, const struct cht_id *room, uint32_t limit,
    const struct hot_stamp *stamp)
{
    uint32_t i = map_find(&pages->map, map_key_id(room));
    if (i == MAP_NONE) {
        return NULL;
    }
    if (!is_same(&pages->at[i].stamp, stamp)) {
        forget(pages, i);
        return NULL;
    }
    unlink_page(pages, i);
    link_newest(pages, i);
    return pages->at[i].limit == limit ? &pages->at[i] : NULL;
}

bool hot_page_is_for(const struct hot_page *page, const struct cht_id *reader)
{
    uint32_t count = page->reader_count < HOT_READERS ? page->reader_count : HOT_READERS;
    for (uint32_t i = 0; i < count; i++) {
        if (cht_id_equal(&page->readers[i], reader)) {
            return true;
        }
    }
    return false;
}

void hot_page_add_reader(struct hot_page *page, const struct cht_id *reader)
{
    page->readers[page->reader_count++ % HOT_READERS] = *reader;
}

/* ---- keeping */

static uint32_t take_place(struct hot_pages *pages)
{
    uint32_t i = pages->free;
    if (i == NOBODY) {
        return pages->begun++;
    }
    pages->free = pages->at[i].newer;
    return i;
}

void hot_pages_keep(struct hot_pages *pages, const struct hot_page *page)
{
    uint64_t bytes = bytes_of(page);
    uint32_t former = map_find(&pages->map, map_key_id(&page->room));
    if (page->stamp.room == 0 || page->stamp.users == 0 || pages->pages_max == 0 ||
        bytes > pages->bytes_max) {
        return;
    }
    if (former != MAP_NONE) {
        forget(pages, former);
    }
    while (pages->map.count == pages->pages_max || pages->bytes + bytes > pages->bytes_max) {
        forget(pages, pages->oldest);
    }
    uint32_t i = take_place(pages);
    pages->at[i] = *page;
    buf_ref(page->body);
    pages->bytes += bytes;
    link_newest(pages, i);
    CHECK(map_put(&pages->map, map_key_id(&page->room), i));
}
