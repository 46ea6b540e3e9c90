/* sessions_users - who is connected, or was lately, of the in-process sessions.
 *
 * Happy path: look up, change, answer. Users without a connection are in a list, the one who is
 * gone for longest first. How it fails: a full table forgets that one, which the port's contract
 * allows: this is a cache. If everybody in it is connected, one more user is let in uncounted. What
 * a user may still say stays in the row, whose place is nobody else's while a connection of the
 * user uses it. */

#include "base/check.h"
#include "base/mem.h"
#include "local/sessions_local_inner.h"

#define NOBODY UINT32_MAX

void sessions_local_users_init(struct sessions_local *shared)
{
    const struct sessions_local_options *options = &shared->options;
    map_init(&shared->user_index, options->users_max, options->secret);
    shared->users = mem_array(options->users_max, sizeof(*shared->users));
    shared->gone_first = NOBODY;
    shared->gone_last = NOBODY;
}

void sessions_local_users_deinit(struct sessions_local *shared)
{
    for (uint32_t i = 0; i < shared->user_count; i++) {
        struct known_session *next;
        for (struct known_session *at = shared->users[i].sessions; at; at = next) {
            next = at->next;
            mem_free(at);
        }
    }
    map_deinit(&shared->user_index);
    mem_free(shared->users);
}

/* ---- those without a connection */

static void add_gone(struct sessions_local *shared, struct known_user *known)
{
    uint32_t at = (uint32_t)(known - shared->users);
    known->gone_before = shared->gone_last;
    known->gone_after = NOBODY;
    if (shared->gone_last == NOBODY) {
        shared->gone_first = at;
    } else {
        shared->users[shared->gone_last].gone_after = at;
    }
    shared->gone_last = at;
}

static void remove_gone(struct sessions_local *shared, const struct known_user *known)
{
    if (known->gone_before == NOBODY) {
        shared->gone_first = known->gone_after;
    } else {
        shared->users[known->gone_before].gone_after = known->gone_after;
    }
    if (known->gone_after == NOBODY) {
        shared->gone_last = known->gone_before;
    } else {
        shared->users[known->gone_after].gone_before = known->gone_before;
    }
}

/* ---- finding */

struct known_user *sessions_local_find(struct sessions_local *shared, const struct cht_id *user)
{
    uint32_t at = map_find(&shared->user_index, map_key_id(user));
    return at == MAP_NONE ? NULL : &shared->users[at];
}

static struct known_user *place_for_one_more(struct sessions_local *shared)
{
    if (shared->user_count < shared->options.users_max) {
        return &shared->users[shared->user_count++];
    }
    if (shared->gone_first == NOBODY) {
        return NULL;
    }
    struct known_user *longest = &shared->users[shared->gone_first];
    remove_gone(shared, longest);
    map_remove(&shared->user_index, map_key_id(&longest->user));
    return longest;
}

/* Out of the list of those who are gone: who asks gives the user a connection. */
static struct known_user *take_user(struct sessions_local *shared, const struct cht_id *user)
{
    uint32_t at = map_find(&shared->user_index, map_key_id(user));
    if (at != MAP_NONE) {
        if (!shared->users[at].sessions) {
            remove_gone(shared, &shared->users[at]);
        }
        return &shared->users[at];
    }
    struct known_user *known = place_for_one_more(shared);
    if (known) {
        *known = (struct known_user){.user = *user};
        at = (uint32_t)(known - shared->users);
        CHECK(map_put(&shared->user_index, map_key_id(user), at));
    }
    return known;
}

static bool is_of_connection(const struct known_session *known, const struct session *session)
{
    return known->node == session->node && known->boot == session->boot &&
           known->slot == session->slot && known->generation == session->generation;
}

static struct known_session **find_session(struct known_user *known, const struct session *session)
{
    struct known_session **at = &known->sessions;
    while (*at && !is_of_connection(*at, session)) {
        at = &(*at)->next;
    }
    return at;
}

/* ---- coming and going */

static void forget_replaced(struct known_user *known, struct sessions_enter_op *op)
{
    struct known_session *at = known->sessions;
    while (at && (at->replaced || !cht_id_equal(&at->id, &op->replaces))) {
        at = at->next;
    }
    if (at && !cht_id_is_none(&op->replaces)) {
        op->replaced = (struct session){
            .user = known->user,
            .device = at->device,
            .id = at->id,
            .node = at->node,
            .boot = at->boot,
            .slot = at->slot,
            .generation = at->generation,
        };
        at->replaced = true;
    }
}

static bool has_room(const struct known_user *known, const struct sessions_enter_op *op)
{
    uint32_t of_user = 0;
    uint32_t of_device = 0;
    for (const struct known_session *at = known->sessions; at; at = at->next) {
        of_user += !at->replaced;
        of_device += !at->replaced && cht_id_equal(&at->device, &op->session.device);
    }
    bool user_full = op->user_max > 0 && of_user >= op->user_max;
    bool device_full = op->device_max > 0 && of_device >= op->device_max;
    return !user_full && !device_full;
}

/* Who is refused has connections, and who is not gets one. */
enum err sessions_local_enter(
    struct sessions_local *shared, struct sessions_enter_op *op, uint64_t now)
{
    op->replaced = (struct session){0};
    struct known_user *known = take_user(shared, &op->session.user);
    if (!known) {
        return OK;
    }
    known->last_seen = now;
    op->rates = &known->rates;
    if (*find_session(known, &op->session)) {
        return OK;
    }
    forget_replaced(known, op);
    if (!has_room(known, op)) {
        return ERR_RATE_LIMITED;
    }
    struct known_session *added = mem_new(sizeof(*added));
    *added = (struct known_session){
        .next = known->sessions,
        .device = op->session.device,
        .id = op->session.id,
        .node = op->session.node,
        .boot = op->session.boot,
        .slot = op->session.slot,
        .generation = op->session.generation,
        .state = cht_presence_state_online,
    };
    known->sessions = added;
    return OK;
}

void sessions_local_remove(
    struct sessions_local *shared, const struct session *session, uint64_t now)
{
    struct known_user *known = sessions_local_find(shared, &session->user);
    struct known_session **at = known ? find_session(known, session) : NULL;
    struct known_session *gone = at ? *at : NULL;
    if (!gone) {
        return; /* never counted */
    }
    known->last_seen = now;
    *at = gone->next;
    mem_free(gone);
    if (!known->sessions) {
        add_gone(shared, known);
    }
}

void sessions_local_set_state(struct sessions_local *shared, const struct session *session,
    enum cht_presence_state state, uint64_t now)
{
    struct known_user *known = sessions_local_find(shared, &session->user);
    struct known_session *found = known ? *find_session(known, session) : NULL;
    if (found) {
        found->state = state;
        known->last_seen = now;
    }
}

/* ---- answering */

static void add_node(struct online_user *online, uint64_t node)
{
    for (uint32_t i = 0; i < online->node_count; i++) {
        if (online->nodes[i] == node) {
            return;
        }
    }
    if (online->node_count == sizeof(online->nodes) / sizeof(online->nodes[0])) {
        online->everywhere = true;
        return;
    }
    online->nodes[online->node_count++] = node;
}

void sessions_local_answer(const struct known_user *known, struct online_user *online)
{
    online->state = cht_presence_state_offline;
    if (!known) {
        return;
    }
    online->last_seen = known->last_seen;
    for (const struct known_session *at = known->sessions; at; at = at->next) {
        if (at->replaced) {
            continue;
        }
        add_node(online, at->node);
        if (at->state < online->state) {
            online->state = at->state;
        }
    }
}
