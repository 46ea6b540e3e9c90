#pragma once

/* names - what users may be called. Pure.
 *
 * A username is folded (A-Z only), then 3-20 of [a-z0-9._-], first and last a letter or digit, no
 * two marks in a row. It must not look like a reserved word: both are brought to a skeleton, in
 * which marks are gone and what looks alike is one character (0 o; 1 i l; 3 e; 4 a; 5 s; 7 t; vv w;
 * rn m), so that "a.d.m.1.n" is "admin". Letters outside ASCII are no part of usernames, so this
 * small table is the whole question of confusable names; two users' names may look alike, only
 * reserved words are kept apart. */

#include <stdbool.h>

#include "chattifier/types.h"

#define USERNAME_SIZE_MAX 20

/* A-Z to a-z, into `ret_folded`; false (and an empty text) if it is longer than `capacity`. */
bool names_fold(struct cht_str name, char *ret_folded, uint32_t capacity, struct cht_str *ret_name);

/* Of a folded name. */
bool names_username_valid(struct cht_str name);

/* 1-64 code points that show what they are (cht_is_name). */
bool names_display_valid(struct cht_str name);

/* 0-500 code points, no control character but line ends, none that overrides the direction of
 * writing. */
bool names_bio_valid(struct cht_str bio);

/* The same, or empty. */
bool names_device_valid(struct cht_str name);
