/* toy_resolver - see the header. How it fails: a name that is too long, or none, fails the
 * test. */

#include "toy_resolver.h"

#include "test.h"

#include <string.h>

#include "base/task.h"
#include "world/loop.h"

static enum err fill(const struct toy_resolver *resolver, struct resolver_op *op)
{
    if (resolver->err) {
        return resolver->err;
    }
    for (uint32_t i = 0; i < resolver->count; i++) {
        op->addresses[i] = (struct net_address){
            .ip = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = (uint8_t)(i + 1)},
            .port = op->port};
    }
    op->count = resolver->count;
    return OK;
}

static void find(struct resolver *base, struct resolver_op *op)
{
    struct toy_resolver *resolver = container_of(base, struct toy_resolver, resolver);
    size_t size = strlen(op->host);
    assert_in_range(size, 1, RESOLVER_HOST_BYTES_MAX);
    memcpy(resolver->host, op->host, size + 1);
    resolver->port = op->port;
    resolver->asked++;
    if (resolver->keeps) {
        assert_true(resolver->kept_count < TOY_QUESTIONS_MAX);
        resolver->kept[resolver->kept_count] = op;
        resolver->kept_count++;
        return;
    }
    enum err err = fill(resolver, op);
    op_answer_later(&op->op, resolver->loop, err);
}

void toy_resolver_init(struct toy_resolver *resolver, struct loop *loop)
{
    *resolver = (struct toy_resolver){.resolver = {find}, .loop = loop, .count = 1};
}

void toy_resolver_answer(struct toy_resolver *resolver)
{
    for (uint32_t i = 0; i < resolver->kept_count; i++) {
        struct resolver_op *op = resolver->kept[i];
        enum err err = fill(resolver, op);
        op_answer(&op->op, err);
    }
    resolver->kept_count = 0;
}
