#pragma once

/* uncleared - for a local variable that is filled before it is read, and too large to be cleared
 * before that, as hardened builds do with all others. */

#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define CHT_UNCLEARED __attribute__((uninitialized))
#endif
#endif
#ifndef CHT_UNCLEARED
#define CHT_UNCLEARED
#endif
