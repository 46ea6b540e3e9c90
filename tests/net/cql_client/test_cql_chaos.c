/* test_cql_chaos - a cluster in which anything may happen at any moment, by a seed.
 *
 * Two things hold whatever happens: each ask is answered once, and what must not be repeated
 * reaches a node a second time only if the first one said that nothing was done. */

#include "cql_house.h"

#include <string.h>

#include "base/big_endian.h"

#define SEEDS 40
#define STEPS 400
#define NODES 3
#define KEY_AT 27 /* of an EXECUTE: behind id, consistency, flags, the count and the length */
#define SOCKETS_LATE 180

static struct {
    uint64_t state;
    int64_t next_key;
    uint32_t asked;
    uint8_t reached[SEEDS * STEPS]; /* by the key of each ADD */
    uint8_t undone[SEEDS * STEPS];
} chaos;

static uint32_t chance(uint32_t below)
{
    chaos.state = chaos.state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(chaos.state >> 33) % below;
}

/* ---- what happens */

static void ask_something(void)
{
    uint32_t number = chance(HOUSE_ASKS);
    if (!fx->asks[number].op.asked) {
        fx->asks[number].deadline_ms = 50 + chance(3000);
        house_ask(number, chance(STATEMENTS), chaos.next_key++);
        chaos.asked++;
    }
}

/* Whose connection is gone will have no answer. */
static bool take_one(struct house_request *ret_request)
{
    house_settle();
    while (fx->kept_count > 0) {
        *ret_request = house_take();
        if (!ret_request->socket->closed && !ret_request->socket->reset) {
            return true;
        }
    }
    return false;
}

static void answer_with_error(const struct house_request *request, int64_t key, bool adds)
{
    static const uint32_t codes[] = {CQL_ERROR_SERVER, CQL_ERROR_UNAVAILABLE, CQL_ERROR_OVERLOADED,
        CQL_ERROR_READ_TIMEOUT, CQL_ERROR_WRITE_FAILURE, CQL_ERROR_CAS_UNKNOWN, CQL_ERROR_INVALID};
    uint32_t code = codes[chance(sizeof(codes) / sizeof(codes[0]))];
    bool is_undone = cql_error_row(code)->done == CQL_NOT_DONE;
    if (adds && is_undone) {
        chaos.undone[key]++;
    }
    house_error(request, code);
}

static void answer_well(const struct house_request *request, uint8_t place)
{
    if (place == CAS) {
        house_applied(request, chance(2));
    } else if (place == GET) {
        house_rows(request, 1, chance(4), chance(2) ? "more" : NULL);
    } else {
        house_void(request);
    }
}

static void answer_something(void)
{
    struct house_request request;
    if (!take_one(&request)) {
        return;
    }
    uint8_t place = request.body[2];
    bool adds = place == ADD;
    int64_t key = (int64_t)big_endian_get(request.body + KEY_AT);
    assert_int_equal(request.opcode, CQL_OP_EXECUTE);
    if (adds) {
        chaos.reached[key]++;
        assert_true(chaos.reached[key] <= 1 + chaos.undone[key]);
    }
    switch (chance(8)) {
    case 0:
        answer_with_error(&request, key, adds);
        break;
    case 1:
        chaos.undone[key] += adds;
        house_unprepared(&request, request.body[3]);
        break;
    case 2:
        break; /* never answered */
    case 3:
        house_say(request.socket, 0, request.stream, CQL_OP_RESULT, NULL);
        break;
    default:
        answer_well(&request, place);
    }
    house_settle();
}

static void break_something(void)
{
    uint32_t node = 1 + chance(NODES);
    if (fx->net.count < SOCKETS_LATE && house_open_sockets(node) > 0) {
        struct toy_socket *socket = house_socket(node, chance(house_open_sockets(node)));
        socket->room = chance(2) ? 0 : socket->room;
        if (chance(2)) {
            toy_socket_reset(socket);
        }
    }
    fx->is_away[node] = fx->net.count < SOCKETS_LATE && chance(3) == 0;
    fx->is_mute[node] = chance(6) == 0;
    house_settle();
}

static void tell_something(void)
{
    static const char *const changes[] = {"UP", "DOWN"};
    if (fx->control && !fx->control->closed && !fx->control->reset) {
        house_event_status(changes[chance(2)], 1 + chance(NODES));
    }
    fx->id_of_ids = (uint8_t)chance(2);
}

static void do_something(void)
{
    uint32_t what = chance(20);
    if (what < 9) {
        ask_something();
    } else if (what < 15) {
        answer_something();
    } else if (what < 16) {
        break_something();
    } else if (what < 17) {
        tell_something();
    } else {
        house_advance(chance(300));
    }
    while (fx->kept_count > HOUSE_KEPT_MAX / 2) {
        answer_something();
    }
}

/* ---- a run */

static void heal(void)
{
    memset(fx->is_away, 0, sizeof(fx->is_away));
    memset(fx->is_mute, 0, sizeof(fx->is_mute));
    for (uint32_t i = 0; i < fx->net.count; i++) {
        fx->net.sockets[i].room = SIZE_MAX;
    }
}

static void run(uint64_t seed)
{
    void *state = NULL;
    cql_house_setup(&state);
    chaos.state = seed;
    chaos.asked = 0;
    fx->node_count = NODES;
    fx->replicas = (uint8_t)(1 + chance(3));
    fx->options.limits.streams_max = 1 + chance(6);
    fx->options.limits.waiting_max = 4 + chance(20);
    fx->options.limits.connections_per_node = 1 + chance(2);
    fx->options.limits.orphans_max = 3;
    fx->options.limits.retry_first_ms = 1000;
    house_make();
    for (int i = 0; i < STEPS; i++) {
        do_something();
    }
    heal();
    house_advance(4000);
    assert_int_equal(fx->asker.answers, chaos.asked);
    assert_int_equal(cql_client_stats(fx->client).in_flight, 0);
    assert_int_equal(cql_client_stats(fx->client).waiting, 0);
    house_ask(0, PUT, 1);
    struct house_request request;
    while (take_one(&request)) {
        house_void(&request);
    }
    assert_answered(&fx->asks[0], OK);
    cql_house_teardown(&state);
}

static void every_ask_is_answered_once_and_nothing_is_done_twice(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        run(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ask_is_answered_once_and_nothing_is_done_twice),
    };
    return cmocka_run_group_tests_name("cql_chaos", tests, NULL, NULL);
}
