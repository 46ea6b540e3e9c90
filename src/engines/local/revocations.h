#pragma once

/* revocations - which tokens are void, for as long as they could live.
 *
 * A ring of revocations in the order in which they came, and an index by user and device. A row is
 * dropped only when every token that it voids has ended by itself. When the ring is full before
 * that, the oldest row is traded for a `floor`: all tokens issued until that row's moment are too
 * old, whoever's they are, so their owners fetch new ones and nobody who was revoked gets in. */

#include "base/map.h"
#include "ports/secrets.h"
#include "ports/sessions.h"

struct revocations {
    struct revocation *rows; /* a ring */
    uint32_t rows_max;
    uint64_t first, end; /* rows are numbered as they come; [first, end) are here */
    struct map index;    /* of a user, or of a device: to the place of the newest row */
    uint64_t keep_ms;    /* what no token outlives */
    uint64_t floor;      /* tokens issued until then are old; 0: none */
};

void revocations_init(
    struct revocations *all, uint32_t rows_max, uint64_t keep_ms, const uint64_t secret[2]);
void revocations_deinit(struct revocations *all);

/* Answers false if the floor had to rise for it. */
bool revocations_add(struct revocations *all, const struct revocation *revocation, uint64_t now_ms);

enum token_standing revocations_judge(const struct revocations *all, const struct identity *who);

/* Row `number`, which is in [first, end). */
const struct revocation *revocations_row(const struct revocations *all, uint64_t number);
