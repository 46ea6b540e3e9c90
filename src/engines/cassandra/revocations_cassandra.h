#pragma once

/* revocations_cassandra - what became void, by time: a table beside users and devices, in slices
 * so that no partition has all of it, whose rows end by themselves when no token can be that old.
 */

#include "cassandra/call.h"
#include "ports/users.h"

/* Longer than any access token is good, and than a device is kept that was revoked. */
#define REVOCATION_LIFE_S (2u * 24u * 60u * 60u)

/* Begins to write it down. */
void revocation_begin(
    struct cassandra *store, struct cql_ask *ask, const struct revocation *revocation);

void revocations_get(struct cassandra *store, struct users_revoked_op *op);
