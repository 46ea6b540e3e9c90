/* resolver_uv - see the header.
 *
 * Happy path: the text of an address is answered later in the turn; a name becomes a lookup of
 * libuv, which one of its threads does, and the answer comes in a later turn. The order of the
 * addresses is the system's (RFC 6724). How it fails: the system's word is told as the port has it;
 * a lookup that takes too long is answered ERR_TIMEOUT, and its memory stays until the system is
 * done with it, since nothing can call it back. */

#include "loop/resolver_uv.h"

#include <netdb.h>
#include <string.h>

#include "base/mem.h"
#include "loop/sockaddr.h"

#define LOOKUPS_MAX 256u

struct resolver_lookup {
    uv_getaddrinfo_t request;
    struct resolver_uv *resolver;
    struct resolver_op *op; /* NULL: it was answered */
    struct resolver_lookup *next, *prev;
    struct timer timer;
};

static struct resolver_uv *of(struct resolver *resolver)
{
    return container_of(resolver, struct resolver_uv, resolver);
}

static void add_address(struct resolver_op *op, const struct sockaddr *from)
{
    bool known = from->sa_family == AF_INET || from->sa_family == AF_INET6;
    if (known && op->count < RESOLVER_ADDRESSES_MAX) {
        struct sockaddr_storage address = {0};
        size_t size =
            from->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
        memcpy(&address, from, size);
        sockaddr_to_net(&address, &op->addresses[op->count]);
        op->addresses[op->count].port = op->port;
        op->count++;
    }
}

static enum err err_of_status(int status)
{
    switch (status) {
    case 0:
        return OK;
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
    case UV_EAI_ADDRFAMILY:
    case UV_EINVAL: /* no name at all */
    case UV_ENAMETOOLONG:
        return ERR_NOT_FOUND;
    default:
        return ERR_UNAVAILABLE;
    }
}

/* ---- lookups */

static void lookup_link(struct resolver_uv *resolver, struct resolver_lookup *lookup)
{
    lookup->next = resolver->first;
    if (lookup->next) {
        lookup->next->prev = lookup;
    }
    resolver->first = lookup;
    resolver->count++;
}

static void lookup_free(struct resolver_lookup *lookup)
{
    struct resolver_uv *resolver = lookup->resolver;
    *(lookup->prev ? &lookup->prev->next : &resolver->first) = lookup->next;
    if (lookup->next) {
        lookup->next->prev = lookup->prev;
    }
    resolver->count--;
    mem_free(lookup);
}

/* The lookup is nobody's from here on. */
static void lookup_answer(struct resolver_lookup *lookup, enum err err)
{
    struct resolver_op *op = lookup->op;
    timer_stop(&lookup->timer);
    lookup->op = NULL;
    op_answer(&op->op, err);
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct resolver_lookup *lookup = container_of(request, struct resolver_lookup, request);
    if (lookup->op) {
        for (const struct addrinfo *at = found; at; at = at->ai_next) {
            add_address(lookup->op, at->ai_addr);
        }
        enum err err = err_of_status(status);
        lookup_answer(lookup, err == OK && lookup->op->count == 0 ? ERR_NOT_FOUND : err);
    }
    uv_freeaddrinfo(found);
    lookup_free(lookup);
}

static void on_late(struct timer *timer)
{
    struct resolver_lookup *lookup = container_of(timer, struct resolver_lookup, timer);
    (void)uv_cancel((uv_req_t *)&lookup->request); /* if no thread has begun with it */
    lookup_answer(lookup, ERR_TIMEOUT);
}

/* Without AI_ADDRCONFIG, which hides loopback addresses on a host that has no others. */
static enum err look_up(struct resolver_uv *resolver, struct resolver_op *op)
{
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    if (resolver->count >= LOOKUPS_MAX) {
        return ERR_FULL;
    }
    struct resolver_lookup *lookup = mem_new(sizeof(*lookup));
    lookup->resolver = resolver;
    lookup->op = op;
    int status = uv_getaddrinfo(resolver->uv, &lookup->request, on_found, op->host, NULL, &hints);
    if (status != 0) {
        mem_free(lookup);
        return err_of_status(status);
    }
    lookup_link(resolver, lookup);
    timer_start(resolver->loop, &lookup->timer, resolver->lookup_ms_max, on_late);
    return OK;
}

static void find(struct resolver *base, struct resolver_op *op)
{
    struct resolver_uv *resolver = of(base);
    struct sockaddr_storage address;
    enum err err = OK;
    if (sockaddr_from_text(op->host, op->port, &address) > 0) {
        add_address(op, (const struct sockaddr *)&address);
    } else {
        size_t size = strlen(op->host);
        err = size == 0 || size > RESOLVER_HOST_BYTES_MAX ? ERR_NOT_FOUND : look_up(resolver, op);
    }
    if (err != OK || op->count > 0) {
        op_answer_later(&op->op, resolver->loop, err);
    }
}

void resolver_uv_init(
    struct resolver_uv *resolver, struct loop *loop, uv_loop_t *uv, uint32_t lookup_ms_max)
{
    *resolver = (struct resolver_uv){
        .resolver = {find}, .loop = loop, .uv = uv, .lookup_ms_max = lookup_ms_max};
}

void resolver_uv_stop(struct resolver_uv *resolver)
{
    for (struct resolver_lookup *lookup = resolver->first, *next; lookup; lookup = next) {
        next = lookup->next;
        if (lookup->op) {
            (void)uv_cancel((uv_req_t *)&lookup->request);
            lookup_answer(lookup, ERR_CANCELLED);
        }
    }
}
