#pragma once

/* outbound_house - an outbound connection on a toy network and a virtual clock, and a handler that
 * counts what it hears. */

#include "test.h"

#include "link/outbound.h"
#include "test_loop.h"
#include "toy_net.h"
#include "toy_resolver.h"

#define HOUSE_BYTES_MAX 400000

struct fixture {
    struct test_loop loop;
    struct toy_net net;
    struct toy_resolver resolver;
    struct world world;
    struct outbounds *outbounds;
    struct outbound *outbound;
    struct outbound_handler handler;
    struct outbound_options options; /* of `outbound` */

    /* what the handler heard */
    uint32_t opens, inputs, drains, quiets, closes;
    struct outbound_end end; /* the newest */
    char detail[200];
    uint8_t got[HOUSE_BYTES_MAX];
    size_t got_size;

    /* what it does besides; NULL: nothing */
    void (*in_open)(void);
    size_t (*in_input)(uint8_t *bytes, size_t size); /* instead of taking all */
    void (*in_drained)(void);
    void (*in_quiet)(void);
    void (*in_closed)(void);
};

/* Of the test that runs. */
extern struct fixture *fx;

/* Far from every limit: open_ms 3000, quiet_ms and silent_ms off, waits of 100 to 1600 ms,
 * steady_ms 10000. */
int outbound_house_setup(void **state);
int outbound_house_teardown(void **state);

/* `fx->outbound`, made anew with fx->options. */
void house_make(void);

/* Everything that can happen at this moment. */
void house_settle(void);
void house_advance(uint64_t ms);

/* Started, let in, open. Answers the other side. */
struct toy_socket *house_open(void);

/* Takes all, and remembers it. */
size_t house_take(const uint8_t *bytes, size_t size);

void house_write(const char *text);
void assert_sent(const struct toy_socket *socket, const char *text);
void assert_got(const char *text);
void assert_state(const char *name);

/* It heard of that many ends, the newest for that reason. */
void assert_closed(uint32_t closes, enum outbound_reason reason);

#define T(name) cmocka_unit_test_setup_teardown(name, outbound_house_setup, outbound_house_teardown)
