/* lists - see lists.h.
 *
 * Happy path and how it fails: as shared. */

#include "lists.h"

#include "base/mem.h"

static struct room_list *of(const struct shared_thing *thing)
{
    return container_of(thing, struct room_list, thing);
}

static struct shared_thing *create(void)
{
    struct room_list *list = mem_new(sizeof(*list));
    return &list->thing;
}

static void destroy(struct kept_item *item)
{
    struct room_list *list = (struct room_list *)item;
    arena_deinit(&list->read.arena);
    mem_free(list);
}

static bool read_rooms(struct shared_thing *thing)
{
    struct room_list *list = of(thing);
    if (list->is_asked) {
        return false;
    }
    list->is_asked = true;
    list->read.user = thing->kept.id;
    list->read.limit = LIST_ROOMS_MAX;
    rooms_of_user(shared_service(thing)->deps.rooms, &thing->asker, &list->read);
    return true;
}

static uint64_t bytes(const struct shared_thing *thing)
{
    return sizeof(struct room_list) + of(thing)->read.arena.total;
}

static bool is_current(const struct shared_thing *thing)
{
    const struct rooms_of_user_op *read = &of(thing)->read;
    const struct message_deps *deps = &shared_service(thing)->deps;
    bool stays = shared_stays(thing, rooms_stamp(deps->rooms, &read->user));
    for (uint32_t i = 0; stays && i < read->count; i++) {
        stays = shared_stays(thing, history_stamp(deps->history, &read->rooms[i].meta.room));
    }
    return stays;
}

const struct shared_kind lists_kind = {create, destroy, read_rooms, bytes, is_current};
