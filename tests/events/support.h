#pragma once

/* support - what the tests of events share. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "chattifier/events.h"

#define ROOM_TEXT "0123abcd-0000-4000-8000-000000000001"
#define USER_TEXT "0123abcd-0000-4000-8000-000000000002"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Text of a NUL-terminated string. */
static inline struct cht_str str(const char *text)
{
    size_t size = strlen(text);
    return (struct cht_str){size == 0 ? NULL : text, (uint32_t)size};
}

static inline struct cht_id id_of(const char *text)
{
    struct cht_id id;
    assert_true(cht_id_from_text(str(text), &id));
    return id;
}

#define assert_str(actual, wanted)                                                                 \
    do {                                                                                           \
        struct cht_str seen = (actual);                                                            \
        assert_int_equal(seen.size, strlen(wanted));                                               \
        if (seen.size > 0) {                                                                       \
            assert_memory_equal(seen.at, wanted, seen.size);                                       \
        }                                                                                          \
    } while (0)
