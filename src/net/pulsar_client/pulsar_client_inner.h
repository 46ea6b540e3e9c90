#pragma once

/* pulsar_client_inner - what the files of the client share: the client, and rings of things.
 *
 * Ids of producers and consumers and of requests are unique for the whole client. Whatever has an
 * id is found by the client's map, so a frame for somebody who has gone finds nobody. */

#include "base/map.h"
#include "pulsar_client/pulsar_address.h"
#include "pulsar_client/pulsar_client.h"
#include "world/loop.h"

struct pulsar_handle;

/* A place in a ring whose head is one too. Zeroed: in none. */
struct pulsar_place {
    struct pulsar_place *next, *prev;
};

struct pulsar_client {
    const struct world *world;
    struct outbounds *outbounds;
    struct pulsar_credentials *credentials;
    struct tls_client *tls;
    char *listener_name; /* NULL: none */
    struct pulsar_client_limits limits;
    struct pulsar_client_stats stats;
    struct pulsar_address hosts[PULSAR_SERVICE_HOSTS_MAX];
    uint32_t host_count, host_at; /* the one that is asked first */

    struct pulsar_place connections, lookups; /* heads */
    struct pulsar_place ending; /* handles that were destroyed and still wait for an answer */
    struct map handles;         /* id -> slot */
    struct pulsar_handle **slots;
    uint32_t slot_count, slot_free; /* where to look for a free one first */
    uint64_t last_handle, last_request;
    char trouble[PULSAR_TROUBLE_BYTES];
};

/* ---- rings */

static inline void pulsar_place_init(struct pulsar_place *head)
{
    head->next = head->prev = head;
}

static inline bool pulsar_place_is_empty(const struct pulsar_place *head)
{
    return head->next == head;
}

static inline void pulsar_place_join(struct pulsar_place *head, struct pulsar_place *place)
{
    *place = (struct pulsar_place){.next = head, .prev = head->prev};
    head->prev->next = place;
    head->prev = place;
}

static inline void pulsar_place_leave(struct pulsar_place *place)
{
    if (place->next) {
        place->next->prev = place->prev;
        place->prev->next = place->next;
        *place = (struct pulsar_place){0};
    }
}

/* Moves all of a ring to `ret_head`; what joins from here on is not among them. */
static inline void pulsar_place_take_all(struct pulsar_place *head, struct pulsar_place *ret_head)
{
    pulsar_place_init(ret_head);
    if (!pulsar_place_is_empty(head)) {
        *ret_head = *head;
        ret_head->next->prev = ret_head->prev->next = ret_head;
        pulsar_place_init(head);
    }
}

/* ---- the client */

static inline uint64_t pulsar_client_now(const struct pulsar_client *client)
{
    return loop_now_ms(client->world->loop);
}

/* Never 0, nor what the protocol keeps for "none". */
static inline uint64_t pulsar_client_next_request(struct pulsar_client *client)
{
    return ++client->last_request;
}

/* Remembers why something went wrong. */
void pulsar_client_trouble(struct pulsar_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Gives the handle its id; false: there are handles_max of them. */
bool pulsar_client_add_handle(struct pulsar_client *client, struct pulsar_handle *handle);
void pulsar_client_remove_handle(struct pulsar_client *client, struct pulsar_handle *handle);

/* NULL: there is none. */
struct pulsar_handle *pulsar_client_find_handle(struct pulsar_client *client, uint64_t id);
