#pragma once

/* test - what every unit test includes, in the order that cmocka wants, and texts without their
 * size. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chattifier/types.h"

static inline struct cht_str str(const char *text)
{
    return cht_str_of(text);
}
