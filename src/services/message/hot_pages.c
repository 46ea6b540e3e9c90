/* hot_pages - see hot_pages.h.
 *
 * Happy path: one look, one compare. How it fails: a page that can not be kept, because it was read
 * while its room was written or is larger than all may be, is not kept; the next question reads it
 * again. */

#include "hot_pages.h"

#include "base/mem.h"

struct hot_pages {
    struct kept kept;
};

struct hot_pages *hot_pages_create(uint32_t pages_max, uint64_t bytes_max, const uint64_t secret[2])
{
    struct hot_pages *pages = mem_new(sizeof(*pages));
    kept_init(&pages->kept, pages_max, bytes_max, secret);
    return pages;
}

void hot_pages_destroy(struct hot_pages *pages)
{
    if (pages != NULL) {
        kept_deinit(&pages->kept);
        mem_free(pages);
    }
}

/* ---- asking */

bool hot_stamp_is_same(const struct hot_stamp *a, const struct hot_stamp *b)
{
    return a->room == b->room && a->users == b->users;
}

struct hot_page *hot_pages_find(struct hot_pages *pages, const struct cht_id *room, uint32_t limit,
    const struct hot_stamp *stamp)
{
    struct hot_page *page = (struct hot_page *)kept_find(&pages->kept, room);
    if (page == NULL) {
        return NULL;
    }
    if (!hot_stamp_is_same(&page->stamp, stamp)) {
        kept_drop(&pages->kept, &page->kept);
        return NULL;
    }
    return page->limit == limit ? page : NULL;
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

static void destroy(struct kept_item *item)
{
    struct hot_page *page = (struct hot_page *)item;
    buf_unref(page->body);
    mem_free(page);
}

void hot_pages_keep(struct hot_pages *pages, const struct cht_id *room, const struct hot_page *page)
{
    if (page->stamp.room == 0 || page->stamp.users == 0) {
        return;
    }
    struct hot_page *copy = mem_copy(page, sizeof(*page));
    kept_item_init(&copy->kept, room, destroy);
    buf_ref(page->body);
    kept_put(&pages->kept, &copy->kept, sizeof(*page) + page->body->capacity);
    kept_unref(&copy->kept);
}
