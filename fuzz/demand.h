#pragma once

/* demand - what has to hold for every input; otherwise a trap, which the fuzzer reports with its
 * input. */

#include <stdlib.h>

#define DEMAND(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)
