/* apart - see the header. Happy path: a list that hardly anybody has, looked through for whoever is
 * watched. How it fails: as the header says. */

#include "apart.h"

#include <string.h>

#include "base/mem.h"
#include "rosters.h"
#include "users.h"
#include "watches.h"

static bool is_between(const struct cht_apart *apart, const struct cht_id *other)
{
    return cht_id_equal(&apart->user, other);
}

bool apart_has(const struct user_slot *user, const struct cht_id *other)
{
    const struct apart_list *list = user->apart;
    for (uint32_t i = 0; list && i < list->count; i++) {
        if (is_between(&list->at[i], other)) {
            return true;
        }
    }
    return list && list->more;
}

uint64_t apart_since(const struct user_slot *user, const struct cht_id *other)
{
    const struct apart_list *list = user->apart;
    uint64_t since = 0;
    for (uint32_t i = 0; list && i < list->count; i++) {
        bool earlier = since == 0 || list->at[i].since < since;
        since = is_between(&list->at[i], other) && earlier ? list->at[i].since : since;
    }
    return since;
}

void apart_forget(struct user_slot *user)
{
    mem_free(user->apart);
    user->apart = NULL;
}

static struct apart_list *make(uint32_t count, bool more)
{
    struct apart_list *list = mem_new(sizeof(*list) + count * sizeof(struct cht_apart));
    list->count = count;
    list->more = more;
    return list;
}

void apart_set(
    struct socket_service *service, struct user_slot *user, const struct cht_roster *roster)
{
    bool had = user->apart != NULL;
    uint32_t count = roster->apart.count;
    apart_forget(user);
    if (count > 0 || roster->apart_more) {
        user->apart = make(count, roster->apart_more);
        memcpy(user->apart->at, roster->apart.at, count * sizeof(struct cht_apart));
    }
    if (had || user->apart) {
        watches_on_apart_changed(service, user);
    }
}

static void add(struct user_slot *user, const struct cht_apart *apart)
{
    const struct apart_list *old = user->apart;
    uint32_t count = old ? old->count : 0;
    bool is_full = count == APART_MAX;
    struct apart_list *list = make(count + !is_full, is_full);
    if (count > 0) {
        memcpy(list->at, old->at, count * sizeof(*apart));
    }
    if (!is_full) {
        list->at[count] = *apart;
    }
    apart_forget(user);
    user->apart = list;
}

static void on_blocked(struct socket_service *service, const struct cht_id *id,
    const struct cht_id *other, bool is_block)
{
    struct user_slot *user = user_find(service, id);
    if (!user) {
        return;
    }
    if (is_block && !apart_has(user, other)) {
        struct cht_apart apart = {.user = *other, .since = socket_wall(service)};
        add(user, &apart);
        watches_on_apart_changed(service, user);
    }
    roster_read_again(service, user);
}

void apart_on_blocked(struct socket_service *service, const struct cht_blocked *blocked)
{
    on_blocked(service, &blocked->user, &blocked->other, blocked->on);
    on_blocked(service, &blocked->other, &blocked->user, blocked->on);
}
