#pragma once

/* settings - one table a service, one place where a value comes from.
 *
 * A service's table is a `.def` file of rows; included with the macros below it becomes a struct,
 * and once more an array of descriptors. Values come from, each over the one before: the row's
 * default, the file (`key = value` lines), the environment (CHATTIFIER_LIMITS_IN_FLIGHT for
 * limits.in_flight), flags (--limits.in_flight=32). A key that no table has, a value out of range
 * or of the wrong form is one clear line and no start.
 *
 * A row that is reloadable may change while the process runs: everything is read anew into settings
 * of their own, which settings_reload takes over. Texts are never reloadable.
 *
 * How a table becomes a struct and rows: base/settings_struct.h and base/settings_rows.h.
 *
 * Texts in the filled structs point into the `struct settings` and live as long as it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SETTINGS_PROBLEM_BYTES 256

enum setting_kind { SETTING_KIND_U64, SETTING_KIND_FLAG, SETTING_KIND_TEXT, SETTING_KIND_WORD };

struct setting_row {
    const char *key;
    const char *doc;
    const char *unit;  /* of numbers */
    const char *text;  /* default of texts and words */
    const char *words; /* that a word is one of: "one, two"; its value is its place, from 0 */
    uint64_t number;   /* default of numbers and flags */
    uint64_t min, max;
    size_t offset;
    enum setting_kind kind;
    bool reloadable; /* what reads it may find another value the next time */
};

struct settings_table {
    const char *service;
    const struct setting_row *rows;
    size_t count;
};

enum setting_origin {
    SETTING_BY_DEFAULT,
    SETTING_BY_FILE,
    SETTING_BY_ENVIRONMENT,
    SETTING_BY_FLAG
};

struct settings; /* what was said so far, by key */

/* `tables` must stay. */
struct settings *settings_create(const struct settings_table *const *tables, size_t count);
void settings_destroy(struct settings *settings);

/* Says `key` is `value`; a later or stronger origin wins. ERR_BAD_CONFIG with a line for people in
 * `ret_problem` (SETTINGS_PROBLEM_BYTES) if no table has the key or the value does not fit its row.
 */
MUST_USE enum err settings_set(struct settings *settings, enum setting_origin origin,
    const char *key, const char *value, char *ret_problem);

/* Lines `key = value`; blank ones and ones that begin with # are skipped. The problem names the
 * line. `size` at most 1 MiB. */
MUST_USE enum err settings_read_file(
    struct settings *settings, const char *bytes, size_t size, char *ret_problem);

/* NAME=value pairs, NULL at the end; those that begin with CHATTIFIER_ and fit a key are taken,
 * others are left alone. */
MUST_USE enum err settings_read_environment(
    struct settings *settings, char *const *environment, char *ret_problem);

/* Calls `each` for the name of every variable that begins with CHATTIFIER_ and fits no key, with
 * the key that is nearest; NULL: none is near. Such may be another's: whoever starts containers
 * sets variables named after its services. */
void settings_each_stray(const struct settings *settings, char *const *environment,
    void (*each)(void *context, const char *variable, const char *nearest), void *context);

/* Writes the values of a table into the service's struct. */
void settings_fill(
    const struct settings *settings, const struct settings_table *table, void *ret_struct);

/* Takes over what `newer` (of the same tables) says: of rows that are reloadable the values, and
 * where nothing differs the origin. Calls `changed` for each key whose values differ, before it is
 * taken over or, since it is not reloadable, left as it is. */
void settings_reload(struct settings *settings, const struct settings *newer,
    void (*changed)(
        void *context, const struct setting_row *row, const char *before, const char *after),
    void *context);

/* Copies the reloadable values of a table from one filled struct to another. */
void settings_copy_reloadable(
    const struct settings_table *table, void *into_struct, const void *from_struct);

/* Calls `each` for every key of every table, in order: value as text, where it comes from. A key of
 * several tables comes once. */
void settings_each(const struct settings *settings,
    void (*each)(void *context, const struct settings_table *table, const struct setting_row *row,
        const char *value, const char *origin),
    void *context);

/* Of a filled text: NULL if it is empty, as options have what was not said. */
static inline const char *setting_or_null(const char *text)
{
    return *text ? text : NULL;
}
