/* What comes from the bus: what can not be read changes nothing and is counted; what is for others
 * is not looked at. */

#include "house.h"

enum { ANN = 1, ROOM = 50 };

static const uint32_t mails[] = {CHT_EVENT_delivery, CHT_EVENT_reply, CHT_EVENT_heads,
    CHT_EVENT_subscribed, CHT_EVENT_ephemeral, CHT_EVENT_joined, CHT_EVENT_roster,
    CHT_EVENT_circles, CHT_EVENT_replaced};
static const uint32_t casts[] = {
    CHT_EVENT_claimed, CHT_EVENT_presences, CHT_EVENT_revoked, CHT_EVENT_joined, CHT_EVENT_blocked};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The number is right, and what follows is no event. */
static struct buf *nonsense(uint32_t number)
{
    uint8_t bytes[] = {(uint8_t)number, 0xff};
    return buf_copy(bytes, sizeof(bytes));
}

static void mail_nonsense(struct house *house, uint32_t number)
{
    struct buf *buf = nonsense(number);
    house->live->on_mail(house->live, buf);
    house->pages->on_mail(house->pages, buf);
    buf_unref(buf);
}

static void cast_nonsense(struct house *house, uint32_t number)
{
    struct buf *buf = nonsense(number);
    house->casts->on_cast(house->casts, buf);
    buf_unref(buf);
}

static uint64_t bad_events(const struct house *house)
{
    return socket_counters(house->service).bad_events;
}

static void be_in_a_room(struct house *house)
{
    struct cht_room_place places[] = {
        {.room = house_id(ROOM), .seq = 4, .kind = cht_room_kind_group}};
    house_connect(house, 0, ANN);
    house_roster(house, ANN, places, 1);
    house_heard(house, 0);
}

static void goes_on(struct house *house)
{
    struct cht_delivery next = house_entry(ROOM, 5);
    house_deliver(house, &next);
    assert_string_equal(house_heard(house, 0), "{\"room\":50,\"seq\":5}\n");
    assert_int_equal(house_close_code(house, 0), 0);
}

static void mails_that_can_not_be_read_are_counted_and_change_nothing(void **state)
{
    struct house *house = *state;
    be_in_a_room(house);
    for (uint32_t i = 0; i < COUNT(mails); i++) {
        mail_nonsense(house, mails[i]);
        assert_int_equal(bad_events(house), 2 * (i + 1));
    }
    goes_on(house);
}

static void casts_that_can_not_be_read_are_counted_and_change_nothing(void **state)
{
    struct house *house = *state;
    be_in_a_room(house);
    for (uint32_t i = 0; i < COUNT(casts); i++) {
        cast_nonsense(house, casts[i]);
        assert_int_equal(bad_events(house), i + 1);
    }
    goes_on(house);
}

static void what_is_for_others_is_not_looked_at(void **state)
{
    struct house *house = *state;
    be_in_a_room(house);
    mail_nonsense(house, CHT_EVENT_record);
    mail_nonsense(house, CHT_EVENT_claimed);
    cast_nonsense(house, CHT_EVENT_wanted);
    cast_nonsense(house, CHT_EVENT_delivery);
    assert_int_equal(bad_events(house), 0);
    goes_on(house);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        T(mails_that_can_not_be_read_are_counted_and_change_nothing),
        T(casts_that_can_not_be_read_are_counted_and_change_nothing),
        T(what_is_for_others_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
