#pragma once

/* cassandra_engine - the engines on Cassandra as the contract suites want them: on a cluster that
 * runs already, in a keyspace that the first test makes and every fresh one empties. Whoever starts
 * a suite says where that is: CASSANDRA_HOSTS, CASSANDRA_PORT, CASSANDRA_KEYSPACE. */

#include "contract.h"

struct contract_engine *cassandra_engine(void);

/* For tests of this engine alone, while nothing is asked: */
void cassandra_engine_empty(struct contract_engine *engine, const char *table);

/* The word is in a text or key of a room's tables. */
bool cassandra_engine_has(struct contract_engine *engine, const char *word);
