/* test_outbound_tls - outbound connections with TLS, against the other end of it in this process:
 * whom they trust, how they end, and that bytes are the same however they were cut. */

#include "outbound_house.h"

#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "link/tls_client.h"
#include "tls_house.h"

enum { DAY = 86400, MUCH = 150000 };

static const struct certificate_options good = {"broker.example", -DAY, DAY};

static struct authority *authority, *stranger;
static struct tls_client *client;
static struct tls_server *server;
static struct toy_socket *line; /* between them */
static size_t line_at;          /* of what we sent, the server has had so much */
static size_t piece;            /* at most so many bytes at once, both ways; 0: all */
static char much[MUCH];

static int group_setup(void **state)
{
    (void)state;
    authority = authority_create();
    stranger = authority_create();
    for (uint32_t i = 0; i < MUCH; i++) {
        much[i] = (char)(i * 7 + i / 256);
    }
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    authority_destroy(authority);
    authority_destroy(stranger);
    return 0;
}

static void make_client(const struct tls_client_options *options)
{
    char why[TLS_WHY_BYTES];
    tls_client_destroy(client);
    assert_int_equal(tls_client_create(options, &client, why), OK);
    fx->options.tls = client;
    house_make();
}

static int setup(void **state)
{
    outbound_house_setup(state);
    struct tls_client_options options = {.ca_file = authority->ca_file};
    piece = line_at = 0;
    line = NULL;
    client = NULL;
    server = NULL;
    make_client(&options);
    return 0;
}

static int teardown(void **state)
{
    outbound_house_teardown(state);
    tls_client_destroy(client);
    if (server) {
        tls_server_destroy(server);
    }
    return 0;
}

static void make_server(struct authority *signer, const struct certificate_options *options)
{
    if (server) {
        tls_server_destroy(server);
    }
    server = tls_server_create(signer, options);
}

static size_t at_once(size_t size)
{
    return piece && piece < size ? piece : size;
}

/* Carries bytes between the two until there are none. */
static void talk(void)
{
    static char bytes[65536];
    bool more = true;
    while (more) {
        house_settle();
        size_t part = at_once(line->out_size - line_at);
        tls_server_feed(server, line->out + line_at, part);
        line_at += part;
        size_t said = tls_server_output(server, bytes, at_once(sizeof(bytes)));
        if (!line->closed) {
            toy_socket_say(line, bytes, said);
        }
        more = part > 0 || said > 0;
    }
    house_settle();
}

static void begin(void)
{
    outbound_start(fx->outbound);
    house_settle();
    line = toy_net_newest(&fx->net);
    line_at = 0;
    toy_socket_answer(line, OK);
    house_settle();
}

static void connect_to(struct authority *signer, const struct certificate_options *options)
{
    make_server(signer, options);
    begin();
    assert_state("shaking");
    talk();
}

static void connect_well(void)
{
    connect_to(authority, &good);
    assert_state("open");
    assert_int_equal(fx->opens, 1);
    assert_true(tls_server_is_open(server));
}

static void assert_server_got(const char *text)
{
    const char *got;
    assert_int_equal(tls_server_got(server, &got), strlen(text));
    assert_memory_equal(got, text, strlen(text));
}

/* ---- whom it trusts */

static void a_server_of_a_trusted_authority_and_that_name_is_open_both_ways(void **state)
{
    (void)state;
    connect_well();
    assert_string_equal(tls_server_name(server), "broker.example");
    house_write("hello ");
    house_write("server");
    tls_server_write(server, "hello client", 12);
    talk();
    assert_server_got("hello server");
    assert_got("hello client");
    assert_int_equal(outbound_stats(fx->outbound).bytes_out, line->out_size);
}

/* Nothing was heard yet, and the connection is as new. */
static void anew(void)
{
    fx->opens = fx->closes = 0;
    house_make();
}

static void assert_refused(const char *why)
{
    assert_closed(1, OUTBOUND_CERTIFICATE);
    assert_string_equal(fx->detail, why);
    assert_int_equal(fx->opens, 0);
    assert_false(fx->end.was_open);
    assert_false(tls_server_is_open(server));
}

static void a_server_of_another_name_is_refused(void **state)
{
    static const char *const names[] = {
        "other.example", "example", "x.broker.example", "*.broker.example", "bro*.example"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        anew();
        connect_to(authority, &(struct certificate_options){names[i], -DAY, DAY});
        assert_refused("hostname mismatch");
    }
}

static void a_wildcard_stands_for_a_whole_label(void **state)
{
    (void)state;
    fx->options.host = "ab.broker.example";
    house_make();
    connect_to(authority, &(struct certificate_options){"a*.broker.example", -DAY, DAY});
    assert_refused("hostname mismatch");
    anew();
    connect_to(authority, &(struct certificate_options){"*.broker.example", -DAY, DAY});
    assert_int_equal(fx->opens, 1);
}

static void a_server_whose_authority_is_not_trusted_is_refused(void **state)
{
    (void)state;
    connect_to(stranger, &good);
    assert_refused("unable to get local issuer certificate");
}

static void without_a_ca_file_the_system_is_trusted_and_not_everybody(void **state)
{
    (void)state;
    make_client(&(struct tls_client_options){0});
    connect_to(authority, &good);
    assert_refused("unable to get local issuer certificate");
}

static void a_certificate_out_of_its_time_is_refused(void **state)
{
    (void)state;
    connect_to(authority, &(struct certificate_options){"broker.example", -2 * DAY, -DAY});
    assert_refused("certificate has expired");
    anew();
    connect_to(authority, &(struct certificate_options){"broker.example", DAY, 2 * DAY});
    assert_refused("certificate is not yet valid");
}

static void the_name_may_be_another_than_the_host(void **state)
{
    (void)state;
    fx->options.tls_name = "inner.example";
    house_make();
    connect_to(authority, &(struct certificate_options){"inner.example", -DAY, DAY});
    assert_int_equal(fx->opens, 1);
    assert_string_equal(tls_server_name(server), "inner.example");
    anew();
    connect_to(authority, &good);
    assert_refused("hostname mismatch");
}

static void the_dot_of_the_root_is_not_part_of_the_name(void **state)
{
    (void)state;
    fx->options.host = "broker.example.";
    house_make();
    connect_well();
    assert_string_equal(tls_server_name(server), "broker.example");
}

static void an_address_is_checked_as_an_address(void **state)
{
    (void)state;
    fx->options.host = "192.0.2.1";
    house_make();
    connect_to(authority, &(struct certificate_options){"IP:192.0.2.1", -DAY, DAY});
    assert_int_equal(fx->opens, 1);
    assert_string_equal(tls_server_name(server), "");
    anew();
    connect_to(authority, &(struct certificate_options){"IP:192.0.2.2", -DAY, DAY});
    assert_refused("IP address mismatch");
    anew();
    connect_to(authority, &(struct certificate_options){"192.0.2.1", -DAY, DAY});
    assert_closed(1, OUTBOUND_CERTIFICATE);
}

static void why_a_certificate_will_not_do_is_told_though_the_next_address_is_refused(void **state)
{
    (void)state;
    fx->resolver.count = 2;
    connect_to(stranger, &good);
    assert_state("connecting");
    toy_socket_answer(toy_net_newest(&fx->net), ERR_REFUSED);
    house_settle();
    assert_refused("unable to get local issuer certificate");
    assert_int_equal(fx->end.to.ip[15], 1);
}

static void the_next_address_may_have_a_better_certificate(void **state)
{
    (void)state;
    fx->resolver.count = 2;
    connect_to(stranger, &good);
    make_server(authority, &good);
    line = toy_net_newest(&fx->net);
    line_at = 0;
    toy_socket_answer(line, OK);
    talk();
    assert_int_equal(fx->opens, 1);
    assert_int_equal(fx->closes, 0);
}

static void a_line_that_breaks_at_the_first_word_is_not_held_against_the_next(void **state)
{
    (void)state;
    fx->resolver.count = 2;
    make_server(authority, &good);
    outbound_start(fx->outbound);
    house_settle();
    toy_socket_answer(toy_net_newest(&fx->net), OK);
    toy_socket_reset(toy_net_newest(&fx->net));
    house_settle();
    assert_int_equal(fx->net.count, 2);
    line = toy_net_newest(&fx->net);
    toy_socket_answer(line, OK);
    talk();
    assert_int_equal(fx->opens, 1);
    assert_int_equal(fx->closes, 0);
}

/* ---- versions, and what the client shows */

static void the_oldest_version_is_1_2(void **state)
{
    (void)state;
    make_server(authority, &good);
    tls_server_speaks(server, TLS1_2_VERSION);
    begin();
    talk();
    assert_int_equal(fx->opens, 1);
    house_write("hello");
    talk();
    assert_server_got("hello");
    house_make();
    make_server(authority, &good);
    tls_server_speaks(server, TLS1_1_VERSION);
    begin();
    talk();
    assert_closed(1, OUTBOUND_TLS);
    assert_string_equal(fx->detail, "tlsv1 alert protocol version");
}

static void who_does_not_speak_tls_is_not_spoken_to(void **state)
{
    (void)state;
    begin();
    toy_socket_say(line, "-ERR what is this?\r\n", 20);
    house_settle();
    assert_closed(1, OUTBOUND_TLS);
    assert_string_equal(fx->detail, "wrong version number");
}

static void a_client_without_a_certificate_is_told_that_one_is_asked_for(void **state)
{
    (void)state;
    make_server(authority, &good);
    tls_server_speaks(server, TLS1_2_VERSION);
    tls_server_asks(server, authority);
    begin();
    talk();
    assert_closed(1, OUTBOUND_TLS);
    assert_false(tls_server_is_open(server));
}

static void a_client_shows_its_certificate_when_asked(void **state)
{
    (void)state;
    make_client(&(struct tls_client_options){.ca_file = authority->ca_file,
        .certificate_file = authority->ca_file,
        .key_file = authority->key_file});
    make_server(authority, &good);
    tls_server_asks(server, authority);
    begin();
    talk();
    assert_true(tls_server_is_open(server));
    house_write("it is me");
    talk();
    assert_server_got("it is me");
}

static void protocols_are_offered_and_one_is_agreed_on(void **state)
{
    static const char *const names[] = {"h2", "http/1.1"};
    char name[16];
    (void)state;
    make_client(&(struct tls_client_options){
        .ca_file = authority->ca_file, .protocols = names, .protocol_count = 2});
    outbound_protocol(fx->outbound, name, sizeof(name));
    assert_string_equal(name, "");
    connect_well();
    outbound_protocol(fx->outbound, name, sizeof(name));
    assert_string_equal(name, "h2");
}

/* ---- ends */

static void assert_cut_at(size_t size, void (*cut)(struct toy_socket *))
{
    char flight[8192];
    anew();
    make_server(authority, &good);
    begin();
    tls_server_feed(server, line->out, line->out_size);
    size_t whole = tls_server_output(server, flight, sizeof(flight));
    assert_in_range(whole, 500, sizeof(flight) - 1);
    toy_socket_say(line, flight, whole * size / 10);
    house_settle();
    assert_state("shaking");
    cut(line);
    house_settle();
    assert_closed(1, OUTBOUND_LOST);
    assert_string_equal(fx->detail, "in the handshake of TLS");
    assert_int_equal(fx->opens, 0);
}

static void a_handshake_that_is_cut_anywhere_is_the_end_of_the_try(void **state)
{
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        assert_cut_at(i, toy_socket_end);
        assert_cut_at(i, toy_socket_reset);
    }
}

static void a_handshake_that_stands_still_is_late(void **state)
{
    (void)state;
    begin();
    house_advance(2999);
    assert_state("shaking");
    house_advance(1);
    assert_closed(1, OUTBOUND_LATE);
}

static void a_stop_in_the_handshake_leaves_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        begin();
        assert_state("shaking");
        if (i == 0) {
            outbound_stop(fx->outbound);
            assert_state("idle");
        } else {
            outbound_destroy(fx->outbound);
            fx->outbound = NULL;
        }
        toy_socket_end(line);
        house_advance(5000);
        assert_int_equal(fx->opens + fx->closes, 0);
        assert_int_equal(toy_net_open_count(&fx->net), 0);
    }
}

static void a_server_that_says_that_it_ends_is_told_from_a_line_that_is_cut(void **state)
{
    (void)state;
    connect_well();
    tls_server_write(server, "bye", 3);
    tls_server_finish(server);
    talk();
    assert_got("bye");
    assert_closed(1, OUTBOUND_ENDED);
    fx->opens = 0;
    house_make();
    connect_well();
    tls_server_write(server, "bye", 3);
    talk();
    toy_socket_end(line);
    house_settle();
    assert_got("byebye");
    assert_closed(2, OUTBOUND_CUT);
}

static void who_stops_says_so_to_the_server(void **state)
{
    (void)state;
    connect_well();
    assert_false(tls_server_was_finished(server));
    outbound_stop(fx->outbound);
    talk();
    assert_true(tls_server_was_finished(server));
}

static void a_forged_record_ends_the_connection(void **state)
{
    char bytes[200];
    (void)state;
    connect_well();
    tls_server_write(server, "hello", 5);
    size_t size = tls_server_output(server, bytes, sizeof(bytes));
    bytes[size - 1] ^= 1;
    toy_socket_say(line, bytes, size);
    house_settle();
    assert_got("");
    assert_closed(1, OUTBOUND_TLS);
    assert_string_equal(fx->detail, "decryption failed or bad record mac");
}

static void a_reset_is_lost(void **state)
{
    (void)state;
    connect_well();
    toy_socket_reset(line);
    house_settle();
    assert_closed(1, OUTBOUND_LOST);
}

static size_t destroy_in_input(uint8_t *bytes, size_t size)
{
    outbound_destroy(fx->outbound);
    fx->outbound = NULL;
    house_take(bytes, size);
    return size;
}

static void a_destroy_inside_on_input_leaves_nothing(void **state)
{
    (void)state;
    connect_well();
    fx->in_input = destroy_in_input;
    tls_server_write(server, much, 60000);
    talk();
    assert_in_range(fx->got_size, 1, 60000);
    assert_int_equal(fx->inputs, 1);
    assert_true(tls_server_was_finished(server));
}

/* ---- bytes */

static void both_say_much(void)
{
    const char *got;
    connect_well();
    for (size_t at = 0; at < MUCH; at += 50000) {
        tls_server_write(server, much + at, 50000);
        assert_int_equal(outbound_write(fx->outbound, much + at, 50000), OK);
        talk();
    }
    assert_int_equal(fx->got_size, MUCH);
    assert_memory_equal(fx->got, much, MUCH);
    assert_int_equal(tls_server_got(server, &got), MUCH);
    assert_memory_equal(got, much, MUCH);
}

static void bytes_are_the_same_however_the_line_is_cut(void **state)
{
    static const size_t pieces[] = {0, 100, 1460, 16000};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        house_make();
        fx->got_size = fx->opens = 0;
        piece = pieces[i];
        both_say_much();
        outbound_stop(fx->outbound);
    }
}

static void a_line_that_takes_little_gets_all_in_the_end(void **state)
{
    const char *got;
    (void)state;
    connect_well();
    line->room = 0;
    assert_int_equal(outbound_write(fx->outbound, much, 90000), OK);
    assert_int_equal(outbound_write_urgent(fx->outbound, "pong", 4), OK);
    talk();
    assert_true(outbound_queued_bytes(fx->outbound) >= 70000);
    while (tls_server_got(server, &got) < 90004) {
        line->room = 997;
        talk();
    }
    assert_memory_equal(got, "pong", 4);
    assert_memory_equal(got + 4, much, 90000);
    assert_int_equal(outbound_queued_bytes(fx->outbound), 0);
}

static size_t take_some_and_hold(uint8_t *bytes, size_t size)
{
    size_t part = size < 1000 ? size : 1000;
    outbound_hold(fx->outbound);
    return house_take(bytes, part);
}

static void who_holds_gets_all_when_it_goes_on_without_a_new_byte_on_the_line(void **state)
{
    (void)state;
    connect_well();
    fx->in_input = take_some_and_hold;
    tls_server_write(server, much, 60000);
    talk();
    assert_int_equal(fx->got_size, 1000);
    for (size_t i = 2; i <= 60; i++) {
        outbound_resume(fx->outbound);
        house_settle();
        assert_int_equal(fx->got_size, i * 1000);
    }
    assert_memory_equal(fx->got, much, 60000);
}

static void what_comes_together_with_the_handshake_s_end_is_given(void **state)
{
    char bytes[16384];
    (void)state;
    make_server(authority, &good);
    tls_server_speaks(server, TLS1_2_VERSION);
    begin();
    while (!tls_server_is_open(server)) {
        tls_server_feed(server, line->out + line_at, line->out_size - line_at);
        line_at = line->out_size;
        if (!tls_server_is_open(server)) {
            toy_socket_say(line, bytes, tls_server_output(server, bytes, sizeof(bytes)));
            house_settle();
        }
    }
    assert_state("shaking");
    tls_server_write(server, "welcome", 7);
    toy_socket_say(line, bytes, tls_server_output(server, bytes, sizeof(bytes)));
    house_settle();
    assert_int_equal(fx->opens, 1);
    assert_got("welcome");
}

static void keys_may_change(void **state)
{
    (void)state;
    connect_well();
    tls_server_change_keys(server);
    tls_server_write(server, "after", 5);
    talk();
    house_write("after it");
    talk();
    assert_got("after");
    assert_server_got("after it");
}

static void who_wants_to_renegotiate_is_told_no_at_once(void **state)
{
    (void)state;
    make_server(authority, &good);
    tls_server_speaks(server, TLS1_2_VERSION);
    begin();
    talk();
    assert_int_equal(fx->opens, 1);
    tls_server_renegotiates(server);
    talk();
    assert_true(tls_server_was_refused(server));
}

static void the_end_tells_what_was_encrypted_as_left(void **state)
{
    (void)state;
    connect_well();
    line->room = 10;
    assert_int_equal(outbound_write(fx->outbound, much, 40000), OK);
    house_settle();
    toy_socket_reset(line);
    house_settle();
    assert_closed(1, OUTBOUND_LOST);
    assert_int_equal(fx->end.bytes_sent, 16384);
}

/* ---- files */

static void wrong_files_are_named_and_nothing_of_a_key_is_said(void **state)
{
    char why[TLS_WHY_BYTES];
    struct tls_client *none = NULL;
    (void)state;
    struct tls_client_options options = {.ca_file = "/nowhere/ca.pem"};
    assert_int_equal(tls_client_create(&options, &none, why), ERR_BAD_CONFIG);
    assert_non_null(strstr(why, "CA file /nowhere/ca.pem"));
    options = (struct tls_client_options){.certificate_file = authority->ca_file};
    assert_int_equal(tls_client_create(&options, &none, why), ERR_BAD_CONFIG);
    assert_non_null(strstr(why, "together"));
    options.key_file = authority->ca_file;
    assert_int_equal(tls_client_create(&options, &none, why), ERR_BAD_CONFIG);
    assert_non_null(strstr(why, "key file"));
    options.certificate_file = "/nowhere/me.pem";
    assert_int_equal(tls_client_create(&options, &none, why), ERR_BAD_CONFIG);
    assert_non_null(strstr(why, "certificate file /nowhere/me.pem"));
    assert_null(none);
}

static void a_key_with_a_password_is_refused_and_nobody_is_asked(void **state)
{
    char why[TLS_WHY_BYTES];
    struct tls_client *none = NULL;
    (void)state;
    authority_lock_key(authority, "secret");
    struct tls_client_options options = {
        .certificate_file = authority->ca_file, .key_file = authority->key_file};
    assert_int_equal(tls_client_create(&options, &none, why), ERR_BAD_CONFIG);
    assert_non_null(strstr(why, "key file"));
    authority_lock_key(authority, NULL);
    assert_int_equal(tls_client_create(&options, &none, why), OK);
    assert_string_equal(why, "");
    tls_client_destroy(none);
}

/* Takes two hundred bytes a call. */
static size_t take_a_budget(uint8_t *bytes, size_t size)
{
    size_t part = size < 200 ? size : 200;
    if (part < size) {
        outbound_resume(fx->outbound);
    }
    return house_take(bytes, part);
}

static void who_takes_a_budget_is_not_called_twice_in_a_row(void **state)
{
    char bytes[20000];
    (void)state;
    fx->options.limits.input_bytes_max = 1000;
    house_make();
    connect_well();
    fx->in_input = take_a_budget;
    tls_server_write(server, much, 16000);
    toy_socket_say(line, bytes, tls_server_output(server, bytes, sizeof(bytes)));
    toy_net_turn(&fx->net);
    assert_int_equal(fx->inputs, 1);
    house_settle();
    assert_int_equal(fx->got_size, 16000);
}

/* Else what is not decrypted yet would have no bound. */
static void the_line_is_not_read_while_its_user_has_enough_to_do(void **state)
{
    static char bytes[300000];
    (void)state;
    connect_well();
    fx->in_input = take_a_budget;
    for (int i = 0; i < 4; i++) {
        tls_server_write(server, much, 60000);
    }
    size_t before = line->in_at;
    toy_socket_say(line, bytes, tls_server_output(server, bytes, sizeof(bytes)));
    for (int i = 0; i < 4; i++) {
        toy_net_turn(&fx->net);
    }
    assert_in_range(line->in_at - before, 1, 65536);
    house_settle();
    assert_int_equal(fx->got_size, 240000);
}

static void who_takes_a_budget_a_call_has_it_also_with_tls(void **state)
{
    (void)state;
    connect_well();
    fx->in_input = take_a_budget;
    tls_server_write(server, much, 60000);
    talk();
    assert_int_equal(fx->got_size, 60000);
    assert_memory_equal(fx->got, much, 60000);
    assert_int_equal(fx->inputs, 300);
}

#undef T
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_server_of_a_trusted_authority_and_that_name_is_open_both_ways),
        T(a_server_of_another_name_is_refused),
        T(a_wildcard_stands_for_a_whole_label),
        T(a_server_whose_authority_is_not_trusted_is_refused),
        T(without_a_ca_file_the_system_is_trusted_and_not_everybody),
        T(a_certificate_out_of_its_time_is_refused),
        T(the_name_may_be_another_than_the_host),
        T(the_dot_of_the_root_is_not_part_of_the_name),
        T(an_address_is_checked_as_an_address),
        T(why_a_certificate_will_not_do_is_told_though_the_next_address_is_refused),
        T(the_next_address_may_have_a_better_certificate),
        T(a_line_that_breaks_at_the_first_word_is_not_held_against_the_next),
        T(the_oldest_version_is_1_2),
        T(who_does_not_speak_tls_is_not_spoken_to),
        T(a_client_without_a_certificate_is_told_that_one_is_asked_for),
        T(a_client_shows_its_certificate_when_asked),
        T(protocols_are_offered_and_one_is_agreed_on),
        T(a_handshake_that_is_cut_anywhere_is_the_end_of_the_try),
        T(a_handshake_that_stands_still_is_late),
        T(a_stop_in_the_handshake_leaves_nothing),
        T(a_server_that_says_that_it_ends_is_told_from_a_line_that_is_cut),
        T(who_stops_says_so_to_the_server),
        T(a_forged_record_ends_the_connection),
        T(a_reset_is_lost),
        T(a_destroy_inside_on_input_leaves_nothing),
        T(bytes_are_the_same_however_the_line_is_cut),
        T(a_line_that_takes_little_gets_all_in_the_end),
        T(who_holds_gets_all_when_it_goes_on_without_a_new_byte_on_the_line),
        T(what_comes_together_with_the_handshake_s_end_is_given),
        T(keys_may_change),
        T(who_wants_to_renegotiate_is_told_no_at_once),
        T(the_end_tells_what_was_encrypted_as_left),
        T(the_line_is_not_read_while_its_user_has_enough_to_do),
        T(who_takes_a_budget_is_not_called_twice_in_a_row),
        T(who_takes_a_budget_a_call_has_it_also_with_tls),
        T(a_key_with_a_password_is_refused_and_nobody_is_asked),
        T(wrong_files_are_named_and_nothing_of_a_key_is_said),
    };
    return cmocka_run_group_tests_name("outbound_tls", tests, group_setup, group_teardown);
}
