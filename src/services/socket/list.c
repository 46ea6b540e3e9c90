/* list - numbers in an array that doubles. Happy path: add at the end. How it fails: it does not.
 */

#include "base/mem.h"
#include "socket_inner.h"

void list_add(struct list *list, uint32_t number)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 16;
        list->at = mem_resize(list->at, list->capacity * sizeof(*list->at));
    }
    list->at[list->count++] = number;
}

void list_deinit(struct list *list)
{
    mem_free(list->at);
    *list = (struct list){0};
}
