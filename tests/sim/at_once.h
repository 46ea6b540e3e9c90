#pragma once

/* at_once - the model engines of sim/ as an engine of tests/contracts: every job is done when it is
 * asked, and answered later in the turn. */

#include "contract.h"

struct contract_engine *at_once_engine(const char *name);
