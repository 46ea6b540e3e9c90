#pragma once

/* net_engine - the net and the resolver of a loop, for the contracts of these ports. */

#include "contract.h"

/* `uring`: many sends leave by io_uring. */
struct contract_engine *net_engine(const char *name, bool uring);

/* The system gives rings. */
bool net_engine_has_uring(void);
