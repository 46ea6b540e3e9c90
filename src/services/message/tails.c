/* tails - see tails.h.
 *
 * Happy path: the newest page of the room's log is read, written as JSON entry by entry, and given
 * up; then the names of those in it are read, if they are not known, so that not everybody who
 * waits asks for them. How it fails: as shared. */

#include "tails.h"

#include "base/check.h"
#include "base/mem.h"
#include "names.h"
#include "query.h"

static struct tail *of(const struct shared_thing *thing)
{
    return container_of(thing, struct tail, thing);
}

static struct shared_thing *create(void)
{
    struct tail *tail = mem_new(sizeof(*tail));
    return &tail->thing;
}

static void destroy(struct kept_item *item)
{
    struct tail *tail = (struct tail *)item;
    arena_deinit(&tail->read.arena);
    arena_deinit(&tail->users.arena);
    arena_deinit(&tail->arena);
    mem_free(tail);
}

static void ask_entries(struct tail *tail)
{
    struct history_entries_op *read = &tail->read;
    read->room = tail->thing.kept.id;
    read->bound = HISTORY_NEWEST;
    read->limit = TAIL_ENTRIES_MAX;
    read->bytes_max = TAIL_BYTES_MAX;
    tail->asked = TAIL_ENTRIES;
    history_entries(shared_service(&tail->thing)->deps.history, &tail->thing.asker, read);
}

static struct tail_entry finished(struct tail *tail, const struct cht_entry *entry)
{
    struct cht_json json = {.at = shared_service(&tail->thing)->body, .size = QUERY_BODY_BYTES};
    cht_entry_json(&json, &tail->thing.kept.id, entry);
    CHECK(json.used <= json.size);
    uint32_t mentioned = entry->mentions.count;
    struct cht_id *users = arena_array(&tail->arena, mentioned + 2, sizeof(*users));
    users[0] = entry->by;
    users[1] = entry->user;
    for (uint32_t i = 0; i < mentioned; i++) {
        users[2 + i] = entry->mentions.at[i];
    }
    return (struct tail_entry){.seq = entry->seq,
        .json = arena_str(&tail->arena, (struct cht_str){json.at, (uint32_t)json.used}),
        .users = users,
        .user_count = mentioned + 2};
}

static void finish_entries(struct tail *tail)
{
    tail->count = tail->read.count;
    tail->entries = arena_array(&tail->arena, tail->count, sizeof(*tail->entries));
    for (uint32_t i = 0; i < tail->count; i++) {
        tail->entries[i] = finished(tail, &tail->read.entries[i]);
    }
    arena_reset(&tail->read.arena);
}

/* ---- names */

static void add_unknown(struct tail *tail, struct cht_id *ids, const struct cht_id *user)
{
    struct cht_str json;
    uint32_t *count = &tail->users.id_count;
    bool known = cht_id_is_none(user) || *count == QUERY_USERS_MAX ||
                 names_find(shared_service(&tail->thing)->names, tail->users_stamp, user, &json);
    for (uint32_t i = *count; !known && i > 0; i--) {
        known = cht_id_equal(&ids[i - 1], user);
    }
    if (!known) {
        ids[(*count)++] = *user;
    }
}

/* False: there is nobody whose name is not known. */
static bool ask_names(struct tail *tail)
{
    struct users *users = shared_service(&tail->thing)->deps.users;
    struct cht_id *ids = arena_take_raw(&tail->read.arena, QUERY_USERS_MAX * sizeof(*ids));
    tail->users_stamp = users_stamp(users);
    for (uint32_t i = 0; i < tail->count; i++) {
        for (uint32_t k = 0; k < tail->entries[i].user_count; k++) {
            add_unknown(tail, ids, &tail->entries[i].users[k]);
        }
    }
    if (tail->users.id_count == 0) {
        return false;
    }
    tail->users.ids = ids;
    tail->asked = TAIL_NAMES;
    users_get(users, &tail->thing.asker, &tail->users);
    return true;
}

static void keep_names(struct tail *tail)
{
    struct message_service *service = shared_service(&tail->thing);
    for (uint32_t i = 0; i < tail->users.count; i++) {
        struct cht_json json = {.at = service->body, .size = QUERY_BODY_BYTES};
        names_write(service->names, tail->users_stamp, &json, &tail->users.users[i]);
    }
}

/* ---- the kind */

static bool read_next(struct shared_thing *thing)
{
    struct tail *tail = of(thing);
    bool more = true;
    switch (tail->asked) {
    case TAIL_NOTHING:
        ask_entries(tail);
        break;
    case TAIL_ENTRIES:
        finish_entries(tail);
        more = ask_names(tail);
        break;
    case TAIL_NAMES:
        keep_names(tail);
        more = false;
        break;
    }
    if (!more) {
        arena_deinit(&tail->read.arena);
        arena_deinit(&tail->users.arena);
    }
    return more;
}

static uint64_t bytes(const struct shared_thing *thing)
{
    const struct tail *tail = of(thing);
    return sizeof(*tail) + tail->arena.total;
}

static bool is_current(const struct shared_thing *thing)
{
    return shared_stays(thing, history_stamp(shared_service(thing)->deps.history, &thing->kept.id));
}

const struct shared_kind tails_kind = {create, destroy, read_next, bytes, is_current};
