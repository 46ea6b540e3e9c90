/* house - see the header. Happy path: what the service says to its ports is kept until it is asked
 * for. How it fails: by an assertion. */

#include "base/event_buf.h"
#include "house_inner.h"

#include <stdio.h>

#include "base/logger.h"
#include "base/mem.h"

/* ---- loop, chance */

static struct house *of_loop(struct loop *loop)
{
    return container_of(loop, struct house, loop);
}

static void defer_here(struct loop *loop, struct task *task)
{
    task_queue_add(&of_loop(loop)->deferred, task);
}

static void no_hook(struct loop *loop, struct loop_hook *hook)
{
    (void)loop;
    (void)hook;
}

static void timer_start_here(struct loop *loop, struct timer *timer, uint64_t after_ms)
{
    timers_start(&of_loop(loop)->timers, loop, timer, of_loop(loop)->now_ms + after_ms);
}

static void timer_stop_here(struct loop *loop, struct timer *timer)
{
    timers_stop(&of_loop(loop)->timers, timer);
}

static uint64_t now_here(struct loop *loop)
{
    return of_loop(loop)->now_ms;
}

static void fill_here(struct random *random, void *bytes, size_t size)
{
    struct house *house = container_of(random, struct house, random);
    for (size_t i = 0; i < size; i++) {
        ((uint8_t *)bytes)[i] = (uint8_t)(++house->random_next * 37);
    }
}

/* ---- ports */

static void drop(struct buf **bufs, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++) {
        buf_unref(bufs[i]);
    }
    *count = 0;
}

static bool post_here(struct shards *shards, uint32_t shard, struct buf *command)
{
    struct house *house = container_of(shards, struct house, shards);
    assert_true(shard < HOUSE_SHARDS);
    if (house->shards_full) {
        return false;
    }
    house->posted[house->posted_count++] = buf_ref(command);
    return true;
}

static void open_here(
    struct mail *mail, enum mail_box box, struct mail_handler *handler, uint32_t credit)
{
    struct house *house = container_of(mail, struct house, mail);
    assert_true(credit > 0);
    if (box == MAIL_LIVE) {
        house->live = handler;
    } else {
        house->pages = handler;
    }
}

static void send_here(struct mail *mail, enum mail_box box, uint64_t node, struct buf *event)
{
    struct house *house = container_of(mail, struct house, mail);
    assert_true(box != MAIL_PAGES);
    house->mailed_box = box;
    if (house->mailed_count == 512) {
        drop(house->mailed, &house->mailed_count); /* nobody asked for them */
    }
    house->mailed_to[house->mailed_count] = node;
    house->mailed[house->mailed_count++] = buf_ref(event);
}

static void cast_here(struct cast *cast, struct buf *event)
{
    struct house *house = container_of(cast, struct house, cast);
    if (house->casted_count == 64) {
        drop(house->casted, &house->casted_count); /* nobody asked for them */
    }
    house->casted[house->casted_count++] = buf_ref(event);
}

static void cast_listen_here(struct cast *cast, struct cast_handler *handler)
{
    container_of(cast, struct house, cast)->casts = handler;
}

static struct house *of_sessions(struct sessions *sessions)
{
    return container_of(sessions, struct house, sessions);
}

static void enter_here(struct sessions *sessions, struct sessions_enter_op *op)
{
    struct house *house = of_sessions(sessions);
    assert_int_equal(op->session.node, HOUSE_NODE);
    house->entered = *op;
    op->replaced = house->replaced;
    op->rates = house->uncounted ? NULL : &house->rates[op->session.user.bytes[0]];
    house->sessions_added += house->enter_err == OK;
    if (house->enters_wait) {
        house->entering = &op->op;
    } else {
        op_answer_later(&op->op, &house->loop, house->enter_err);
    }
}

static void remove_here(struct sessions *sessions, const struct session *session)
{
    assert_int_equal(session->node, HOUSE_NODE);
    of_sessions(sessions)->sessions_removed++;
}

static void state_here(
    struct sessions *sessions, const struct session *session, enum cht_presence_state state)
{
    (void)sessions;
    (void)session;
    (void)state;
}

static void online_here(struct sessions *sessions, struct sessions_online_op *op)
{
    op->online = arena_array(&op->arena, op->count, sizeof(*op->online));
    for (uint32_t i = 0; i < op->count; i++) {
        op->online[i].user = op->users[i];
        op->online[i].state = of_sessions(sessions)->online_state;
    }
    if (of_sessions(sessions)->onlines_wait) {
        of_sessions(sessions)->looking = op;
    } else {
        op_answer_later(&op->op, &of_sessions(sessions)->loop, OK);
    }
}

static void limit_here(struct sessions *sessions, struct sessions_limit_op *op)
{
    struct house *house = of_sessions(sessions);
    bool over = house->limited_burst != 0 && op->burst == house->limited_burst;
    op->wait_ms = over ? 700 : 0;
    op_answer_later(&op->op, &house->loop, over ? ERR_RATE_LIMITED : OK);
}

static enum token_standing standing_here(struct sessions *sessions, const struct identity *who)
{
    return who->token_version == 0 ? TOKEN_REVOKED : of_sessions(sessions)->standing;
}

static void listen_here(struct sessions *sessions, struct sessions_listener *listener)
{
    of_sessions(sessions)->revocations = listener;
}

static enum err verify_here(
    struct secrets *secrets, struct cht_str token, struct identity *ret_identity)
{
    *ret_identity = container_of(secrets, struct house, secrets)->token;
    return token.size == 4 ? OK : ERR_UNAUTHORIZED;
}

static void make_ports(struct house *house)
{
    static const struct loop_ops loop_ops = {
        defer_here, defer_here, no_hook, timer_start_here, timer_stop_here, now_here, now_here};
    static const struct shards_ops shards_ops = {.try_post = post_here};
    static const struct mail_ops mail_ops = {.open = open_here, .send = send_here};
    static const struct cast_ops cast_ops = {cast_here, cast_listen_here};
    static const struct sessions_ops sessions_ops = {.enter = enter_here,
        .remove = remove_here,
        .set_state = state_here,
        .online = online_here,
        .limit = limit_here,
        .standing = standing_here,
        .listen = listen_here};
    static const struct secrets_ops secrets_ops = {.verify_token = verify_here};
    house->loop.ops = &loop_ops;
    house->random.fill = fill_here;
    house->shards = (struct shards){&shards_ops, HOUSE_SHARDS};
    house->mail = (struct mail){&mail_ops, HOUSE_NODE, 1};
    house->cast.ops = &cast_ops;
    house->sessions.ops = &sessions_ops;
    house->secrets.ops = &secrets_ops;
}

static void default_settings(struct house *house)
{
    struct settings *settings =
        settings_create((const struct settings_table *[]){&socket_settings_table}, 1);
    settings_fill(settings, &socket_settings_table, &house->settings);
    settings_destroy(settings);
    house->settings.connections_max = HOUSE_CONNECTIONS;
    house->settings.frame_bytes = 32768;
    house->settings.rooms_max = 64;
    house->settings.pending_max = 128;
    house->settings.watched_max = 32;
}

int house_setup_unowned(void **state)
{
    static struct logger logger;
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    struct house *house = mem_new(sizeof(*house));
    house->now_ms = 1000000;
    house_clients_init();
    make_ports(house);
    house->world =
        (struct world){.loop = &house->loop, .random = &house->random, .logger = &logger};
    default_settings(house);
    struct socket_deps deps = {&house->world, NULL, &house->shards, &house->mail, &house->cast,
        &house->sessions, &house->secrets};
    house->service = socket_create(&deps, &house->settings);
    *state = house;
    return 0;
}

int house_setup(void **state)
{
    house_setup_unowned(state);
    house_claim(*state, 1);
    return 0;
}

int house_teardown(void **state)
{
    struct house *house = *state;
    house_clients_leave(house);
    assert_int_equal(socket_counters(house->service).users, 0);
    assert_int_equal(socket_counters(house->service).pending, 0);
    socket_destroy(house->service);
    drop(house->posted, &house->posted_count);
    drop(house->mailed, &house->mailed_count);
    drop(house->casted, &house->casted_count);
    timers_deinit(&house->timers);
    mem_free(house);
    return 0;
}

/* ---- what tests do */

struct cht_id house_id(uint8_t number)
{
    return (struct cht_id){{number, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, number}};
}

void house_run_deferred(struct house *house)
{
    struct task *task;
    while ((task = task_queue_take(&house->deferred))) {
        task->run(task);
    }
}

void house_let_in(struct house *house)
{
    op_answer(house->entering, house->enter_err);
    house_run_deferred(house);
}

void house_let_see(struct house *house)
{
    op_answer(&house->looking->op, OK);
    house_run_deferred(house);
}

void house_pass(struct house *house, uint32_t ms)
{
    uint64_t end = house->now_ms + ms;
    while (timers_next(&house->timers) <= end) {
        house->now_ms = timers_next(&house->timers);
        timers_fire(&house->timers, house->now_ms, 1);
        house_turn(house);
    }
    house->now_ms = end;
}

static struct buf *encode(const struct cht_event_row *row, const void *event)
{
    struct buf *buf = event_buf_encode(row, event);
    return buf;
}

void house_mail(struct house *house, const struct cht_event_row *row, const void *event)
{
    struct buf *buf = encode(row, event);
    house->live->on_mail(house->live, buf);
    buf_unref(buf);
}

void house_cast(struct house *house, const struct cht_event_row *row, const void *event)
{
    struct buf *buf = encode(row, event);
    house->casts->on_cast(house->casts, buf);
    buf_unref(buf);
}

void house_claim(struct house *house, uint64_t term)
{
    for (uint64_t shard = 0; shard < HOUSE_SHARDS; shard++) {
        struct cht_claimed claimed = {.shard = shard, .term = term, .node = HOUSE_OWNER};
        house_cast(house, &cht_row_claimed, &claimed);
    }
}

/* Decoded texts point into the bufs: those stay in a keep of one. */
static bool newest(struct house *house, const struct cht_event_row *row, struct buf **bufs,
    uint32_t *count, void *ret)
{
    static struct buf *kept;
    bool found = false;
    for (uint32_t i = *count; i > 0 && !found; i--) {
        struct cht_str bytes = {(const char *)bufs[i - 1]->bytes, bufs[i - 1]->size};
        struct cht_scratch scratch = {house->scratch, sizeof(house->scratch), 0};
        if (cht_event_number_of(bytes) == row->number) {
            buf_unref(kept);
            kept = buf_ref(bufs[i - 1]);
            found = cht_decode(row, bytes, &scratch, ret);
            assert_true(found);
        }
    }
    drop(bufs, count);
    return found;
}

bool house_mailed(struct house *house, const struct cht_event_row *row, void *ret_event)
{
    return newest(house, row, house->mailed, &house->mailed_count, ret_event);
}

bool house_casted(struct house *house, const struct cht_event_row *row, void *ret_event)
{
    return newest(house, row, house->casted, &house->casted_count, ret_event);
}

bool house_posted(struct house *house, struct cht_command *ret_command)
{
    return newest(house, &cht_row_command, house->posted, &house->posted_count, ret_command);
}

static void answer_roster(struct house *house, uint8_t user, struct cht_roster *roster)
{
    struct cht_roster_query query;
    assert_true(house_mailed(house, &cht_row_roster_query, &query));
    roster->node_ref = query.node_ref;
    roster->user = house_id(user);
    assert_true(cht_id_equal(&query.user, &roster->user));
    struct buf *buf = encode(&cht_row_roster, roster);
    house->pages->on_mail(house->pages, buf);
    buf_unref(buf);
}

void house_roster(struct house *house, uint8_t user, struct cht_room_place *places, uint32_t count)
{
    struct cht_roster roster = {.rooms = {places, count}};
    answer_roster(house, user, &roster);
}

void house_roster_apart(struct house *house, uint8_t user, struct cht_room_place *place,
    const uint8_t others[3], uint64_t since)
{
    struct cht_apart apart[3];
    struct cht_roster roster = {.rooms = {place, 1}, .apart = {apart, 0}};
    for (uint32_t i = 0; i < 3 && others[i] != 0; i++) {
        apart[roster.apart.count++] =
            (struct cht_apart){.user = house_id(others[i]), .since = since};
    }
    answer_roster(house, user, &roster);
}

void house_roster_page(struct house *house, uint8_t user, struct cht_room_place *place)
{
    struct cht_roster roster = {.rooms = {place, 1}, .more = true, .next = place->room};
    answer_roster(house, user, &roster);
}

void house_circles(struct house *house, struct cht_circle *circles, uint32_t count)
{
    struct cht_circles_query query;
    if (house_mailed(house, &cht_row_circles_query, &query)) {
        house->circles_ref = query.node_ref;
    }
    struct cht_circles answer = {.node_ref = house->circles_ref, .circles = {circles, count}};
    struct buf *buf = encode(&cht_row_circles, &answer);
    house->pages->on_mail(house->pages, buf);
    buf_unref(buf);
}

struct cht_delivery house_entry(uint8_t room, uint64_t seq)
{
    static uint8_t frames[8][64];
    static uint32_t next;
    uint8_t *frame = frames[next++ % 8];
    int size = snprintf(
        (char *)frame + 2, 62, "{\"room\":%u,\"seq\":%llu}", room, (unsigned long long)seq);
    frame[0] = 0x81;
    frame[1] = (uint8_t)size;
    struct cht_id id = house_id(room);
    return (struct cht_delivery){.shard = cht_shard_of_room(&id, HOUSE_SHARDS),
        .term = 1,
        .room = id,
        .seq = seq,
        .kind = cht_entry_kind_message,
        .frame = {(const char *)frame, (uint32_t)size + 2}};
}

void house_deliver(struct house *house, const struct cht_delivery *delivery)
{
    house_mail(house, &cht_row_delivery, delivery);
}

void house_deliver_member(
    struct house *house, uint8_t room, uint64_t seq, uint8_t user, uint64_t state)
{
    struct cht_delivery delivery = house_entry(room, seq);
    delivery.kind = cht_entry_kind_member;
    delivery.subject = house_id(user);
    delivery.state = state;
    house_deliver(house, &delivery);
}
