#pragma once

/* toy_resolver - names of hosts as the test says. One answer for every name; it comes later in the
 * turn, or when the test lets it. */

#include "world/resolver.h"

#define TOY_QUESTIONS_MAX 16

struct loop;

struct toy_resolver {
    struct resolver resolver;
    struct loop *loop;
    enum err err;
    uint32_t count;                         /* of addresses: 192.0.2.1 and so on */
    bool keeps;                             /* answers wait for toy_resolver_answer */
    uint32_t asked;                         /* questions so far */
    char host[RESOLVER_HOST_BYTES_MAX + 1]; /* of the newest */
    uint16_t port;
    struct resolver_op *kept[TOY_QUESTIONS_MAX];
    uint32_t kept_count;
};

/* One address. */
void toy_resolver_init(struct toy_resolver *resolver, struct loop *loop);

/* Answers all that were kept. */
void toy_resolver_answer(struct toy_resolver *resolver);
