/* circles - see the header. Happy path: the rooms of one of the two are marked, and those of the
 * other are looked through for a mark. How it fails: as the header says. */

#include "circles.h"

#include "bus_out.h"
#include "rooms.h"
#include "users.h"
#include "watches.h"

#define ASK_AGAIN_MS 2000u
#define LOOKS_A_TICK 2048u

/* ---- rooms in common */

/* The groups alone: which direct rooms somebody hides this node does not know. */
static void mark_groups_of(struct socket_service *service, const struct user_slot *user)
{
    const uint32_t *rooms = slot_list_peek(&user->rooms);
    for (uint32_t i = 0; i < user->rooms.count; i++) {
        struct room *room = &service->rooms[rooms[i]];
        if (room->kind == cht_room_kind_group) {
            room_mark(service, room);
        }
    }
}

static void mark_rooms(struct socket_service *service, const struct cht_ids *rooms)
{
    for (uint32_t i = 0; i < rooms->count; i++) {
        struct room *room = room_find(service, &rooms->at[i]);
        if (room) {
            room_mark(service, room);
        }
    }
}

static bool is_in_marked(const struct socket_service *service, const struct user_slot *user)
{
    const uint32_t *rooms = slot_list_peek(&user->rooms);
    for (uint32_t i = 0; i < user->rooms.count; i++) {
        if (room_is_marked(service, &service->rooms[rooms[i]])) {
            return true;
        }
    }
    return false;
}

static const struct user_slot *user_of(
    const struct socket_service *service, const struct watcher *watcher)
{
    return &service->users[service->connections[watcher->connection].user];
}

/* Until the list of the rooms is whole, it is not known who is kept apart either. */
static bool is_watcher_in_marked(
    const struct socket_service *service, const struct watcher *watcher)
{
    const struct user_slot *user = user_of(service, watcher);
    return user->roster == ROSTER_COMPLETE && is_in_marked(service, user);
}

/* ---- doubt */

static void list_unsettled(struct socket_service *service, uint32_t slot)
{
    struct watched *watched = &service->watched[slot];
    if (!watched->unsettled) {
        watched->unsettled = true;
        list_add(&service->watched_unsettled, slot);
    }
}

static void doubt_watches_of(struct socket_service *service, uint32_t connection)
{
    const struct watch_list *watches = service->connections[connection].watches;
    for (uint32_t i = 0; watches && i < watches->count; i++) {
        const struct watch *watch = &watches->at[i];
        service->watched[watch->watched].watchers[watch->place].doubt = DOUBT_OPEN;
        list_unsettled(service, watch->watched);
    }
}

static void doubt_watchers_of(struct socket_service *service, const struct cht_id *user)
{
    uint32_t slot = map_find(&service->watched_by_id, map_key_id(user));
    if (slot == MAP_NONE) {
        return;
    }
    struct watched *watched = &service->watched[slot];
    for (uint32_t i = 0; i < watched->count; i++) {
        watched->watchers[i].doubt = DOUBT_OPEN;
    }
    list_unsettled(service, slot);
}

void circles_on_rooms_changed(struct socket_service *service, const struct user_slot *user)
{
    for (uint32_t c = user->first_connection; c != SLOT_NONE;
         c = service->connections[c].next_of_user) {
        doubt_watches_of(service, c);
    }
}

void circles_on_member(struct socket_service *service, const struct cht_id *subject)
{
    if (service->watched_by_id.count == 0) {
        return;
    }
    doubt_watchers_of(service, subject);
    const struct user_slot *user = user_find(service, subject);
    if (user) {
        circles_on_rooms_changed(service, user);
    }
}

/* Whoever watches a member by this room is in it. */
void circles_on_room_gone(struct socket_service *service, const struct room *room)
{
    const uint32_t *audience = slot_list_peek(&room->audience);
    for (uint32_t i = 0; i < room->audience.count; i++) {
        doubt_watches_of(service, audience[i]);
    }
}

/* ---- settling */

static void settle(struct watcher *watcher, bool allowed)
{
    watcher->doubt = DOUBT_NONE;
    watcher->allowed = allowed;
    watcher->found = false;
}

/* Users whose circles are asked for together. */
struct question {
    struct cht_id users[CIRCLES_USERS_MAX];
    uint32_t count;
};

static void begin_question(struct socket_service *service, struct question *question)
{
    service->question += service->question == UINT32_MAX ? 2 : 1;
    question->count = 0;
}

static void send_question(struct socket_service *service, struct question *question)
{
    struct cht_circles_query query = {
        .users = {question->users, question->count},
        .node = service->deps.mail->node,
        .node_ref = service->question,
    };
    if (question->count > 0) {
        bus_mail(service, MAIL_WORK, service->deps.mail->node, &cht_row_circles_query, &query);
    }
}

static void add_to_question(
    struct socket_service *service, struct question *question, struct watched *watched)
{
    if (question->count == CIRCLES_USERS_MAX) {
        send_question(service, question);
        begin_question(service, question);
    }
    question->users[question->count++] = watched->id;
    watched->question = service->question;
    watched->asked_at = socket_now(service);
    for (uint32_t i = 0; i < watched->count; i++) {
        struct watcher *watcher = &watched->watchers[i];
        if (watcher->doubt != DOUBT_NONE) {
            watcher->doubt = DOUBT_ASKED;
            watcher->found = false;
        }
    }
}

/* Says yes where this node can. False: somebody is still in doubt. */
static bool settle_here(struct socket_service *service, struct watched *watched)
{
    const struct user_slot *user = user_find(service, &watched->id);
    rooms_unmark(service);
    if (user) {
        mark_groups_of(service, user);
    }
    bool all = true;
    for (uint32_t i = 0; i < watched->count; i++) {
        struct watcher *watcher = &watched->watchers[i];
        if (watcher->doubt != DOUBT_NONE && is_watcher_in_marked(service, watcher)) {
            settle(watcher, true);
        }
        all = all && watcher->doubt == DOUBT_NONE;
    }
    watches_tell(service, watched);
    return all;
}

static void look(struct socket_service *service, struct question *question, struct watched *watched)
{
    if (settle_here(service, watched)) {
        watched->question = 0;
    } else {
        add_to_question(service, question, watched);
    }
}

static bool waits_for_answer(const struct socket_service *service, const struct watched *watched)
{
    return watched->question != 0 && socket_now(service) - watched->asked_at < ASK_AGAIN_MS;
}

/* The watcher is new, and the rooms of its user are marked. */
static void begin_watch(
    struct socket_service *service, struct question *question, const struct watch *watch)
{
    struct watched *watched = &service->watched[watch->watched];
    struct watcher *watcher = &watched->watchers[watch->place];
    const struct user_slot *user = user_find(service, &watched->id);
    bool is_known = user_of(service, watcher)->roster == ROSTER_COMPLETE;
    if (user && is_known && is_in_marked(service, user)) {
        settle(watcher, true);
        watches_tell_one(service, watch);
        return;
    }
    list_unsettled(service, watch->watched);
    if (!waits_for_answer(service, watched)) {
        add_to_question(service, question, watched);
    }
}

void circles_on_watch(struct socket_service *service, uint32_t connection)
{
    const struct connection *c = &service->connections[connection];
    struct question question;
    begin_question(service, &question);
    rooms_unmark(service);
    mark_groups_of(service, &service->users[c->user]);
    for (uint32_t i = 0; i < c->watches->count; i++) {
        begin_watch(service, &question, &c->watches->at[i]);
    }
    send_question(service, &question);
}

static bool is_settled(const struct watched *watched)
{
    for (uint32_t i = 0; i < watched->count; i++) {
        if (watched->watchers[i].doubt != DOUBT_NONE) {
            return false;
        }
    }
    return true;
}

void circles_tick(struct socket_service *service)
{
    struct question question;
    struct list *unsettled = &service->watched_unsettled;
    uint32_t looks = 0, kept = 0;
    begin_question(service, &question);
    for (uint32_t i = 0; i < unsettled->count; i++) {
        uint32_t slot = unsettled->at[i];
        struct watched *watched = &service->watched[slot];
        bool waits = watched->used && waits_for_answer(service, watched);
        if (watched->used && !waits && looks < LOOKS_A_TICK) {
            looks++;
            look(service, &question, watched);
        }
        watched->unsettled = watched->used && !is_settled(watched);
        if (watched->unsettled) {
            unsettled->at[kept++] = slot;
        }
    }
    unsettled->count = kept;
    send_question(service, &question);
}

/* ---- answers */

static void settle_asked(struct watched *watched)
{
    for (uint32_t i = 0; i < watched->count; i++) {
        struct watcher *watcher = &watched->watchers[i];
        if (watcher->doubt == DOUBT_ASKED) {
            settle(watcher, watcher->found);
        }
    }
}

static void read_circle(
    struct socket_service *service, struct watched *watched, const struct cht_circle *circle)
{
    rooms_unmark(service);
    mark_rooms(service, &circle->rooms);
    for (uint32_t i = 0; i < watched->count; i++) {
        struct watcher *watcher = &watched->watchers[i];
        if (watcher->doubt == DOUBT_ASKED && is_watcher_in_marked(service, watcher)) {
            watcher->found = true;
        }
    }
    if (!circle->more) {
        watched->question = 0;
        settle_asked(watched);
        watches_tell(service, watched);
    }
}

void circles_on_answer(struct socket_service *service, const struct cht_circles *circles)
{
    const struct cht_circle *at = circles->circles.at;
    for (uint32_t i = 0; i < circles->circles.count; i++) {
        uint32_t slot = map_find(&service->watched_by_id, map_key_id(&at[i].user));
        if (slot != MAP_NONE && service->watched[slot].question == circles->node_ref) {
            read_circle(service, &service->watched[slot], &at[i]);
        }
    }
}
