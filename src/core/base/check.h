#pragma once

/* check - the program is wrong.
 *
 * CHECK is on in every build. It states what the code around it relies on: arguments, results,
 * state before and after. When it does not hold, going on would corrupt what others rely on, so the
 * process ends with one line and a trace; the log is the truth and the next start reads it. Never
 * CHECK what anything outside the process can cause: that is an `enum err`.
 *
 * BUG is for a defect that only one command meets: the caller answers that one ERR_INTERNAL and
 * everybody else goes on. It says where, and counts (chattifier_bugs_total); system tests and the
 * simulation fail when something was said. */

#include <stdbool.h>
#include <stdint.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0)) {                                                   \
            check_failed(#condition, __FILE__, __LINE__, __func__);                                \
        }                                                                                          \
    } while (0)

#define CHECK_UNREACHABLE() check_failed("unreachable", __FILE__, __LINE__, __func__)

/* True if there is a defect: `if (BUG(used > size)) { refuse(query, ERR_INTERNAL); }` */
#define BUG(condition)                                                                             \
    (__builtin_expect(!!(condition), 0) && bug_found(#condition, __FILE__, __LINE__, __func__))

_Noreturn void check_failed(const char *text, const char *file, int line, const char *function);

/* Counts and reports; always true. */
bool bug_found(const char *text, const char *file, int line, const char *function);

/* How many defects were found since the start. */
uint64_t bug_count(void);

/* Called once by check_failed before the process ends (the last steps of the flows, say). One per
 * process. */
void check_on_failure(void (*print_more)(int fd));
