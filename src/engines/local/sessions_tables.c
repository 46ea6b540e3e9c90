/* sessions_tables - tickets and limits of the in-process sessions.
 *
 * Happy path: look up, change, answer. How it fails: a full table forgets its oldest row, which the
 * port's contract allows: this is a cache, a limit forgotten early lets somebody through once more.
 */

#include <string.h>

#include "local/sessions_local_inner.h"

#define LIMIT_WAYS 8u
#define TICKET_WAYS 8u

/* A few places by the secret's hash, so that asking for tickets that never were is cheap. */
static struct ticket *ticket_set(
    struct sessions_local *shared, const uint8_t hash[32], uint32_t *ret_ways)
{
    uint64_t number;
    uint32_t most = shared->options.tickets_max;
    *ret_ways = most < TICKET_WAYS ? most : TICKET_WAYS;
    memcpy(&number, hash, sizeof(number));
    return &shared->tickets[number % (most / *ret_ways) * *ret_ways];
}

/* In a full set the one that ends first gives way. */
void sessions_local_put_ticket(struct sessions_local *shared, const struct ticket *ticket)
{
    uint32_t ways;
    struct ticket *set = ticket_set(shared, ticket->secret_hash, &ways);
    struct ticket *place = set;
    for (uint32_t i = 1; i < ways; i++) {
        place = set[i].valid_until < place->valid_until ? &set[i] : place;
    }
    *place = *ticket;
}

/* The secret is compared by its hash, so an early end of the comparison tells nothing about a
 * secret. */
bool sessions_local_take_ticket(struct sessions_local *shared, struct ticket *ticket, uint64_t now)
{
    uint32_t ways;
    struct ticket *set = ticket_set(shared, ticket->secret_hash, &ways);
    for (uint32_t i = 0; i < ways; i++) {
        struct ticket *row = &set[i];
        if (row->valid_until && memcmp(row->secret_hash, ticket->secret_hash, 32) == 0) {
            bool valid = now < row->valid_until;
            *ticket = *row;
            row->valid_until = 0;
            return valid;
        }
    }
    return false;
}

/* A bucket of `burst` tokens is the time at which it will be full: each token taken puts that off
 * by refill_us. */
static struct limit_row *limit_row(struct sessions_local *shared, uint64_t hash)
{
    uint32_t sets = shared->options.limits_max / LIMIT_WAYS;
    struct limit_row *set = &shared->limits[hash % sets * LIMIT_WAYS];
    struct limit_row *oldest = set;
    for (uint32_t i = 0; i < LIMIT_WAYS; i++) {
        if (set[i].key_hash == hash) {
            return &set[i];
        }
        if (set[i].full_at_us < oldest->full_at_us) {
            oldest = &set[i];
        }
    }
    *oldest = (struct limit_row){.key_hash = hash};
    return oldest;
}

enum err sessions_local_limit(
    struct sessions_local *shared, struct sessions_limit_op *op, uint64_t now_us)
{
    uint64_t hash = map_hash(shared->options.secret, op->key.at, op->key.size) | 1;
    struct limit_row *row = limit_row(shared, hash);
    op->wait_ms = 0;
    if (op->take == LIMIT_GIVE_ALL) {
        row->full_at_us = now_us;
        return OK;
    }
    uint64_t full_at = row->full_at_us > now_us ? row->full_at_us : now_us;
    if (op->take == LIMIT_GIVE_ONE) {
        row->full_at_us = full_at - now_us > op->refill_us ? full_at - op->refill_us : now_us;
        return OK;
    }
    uint64_t most = now_us + op->burst * op->refill_us;
    uint64_t looked = op->take ? op->take : 1;
    if (full_at + looked * op->refill_us > most) {
        op->wait_ms = (full_at + looked * op->refill_us - most + 999) / 1000;
        return ERR_RATE_LIMITED;
    }
    row->full_at_us = full_at + op->take * op->refill_us;
    return OK;
}
