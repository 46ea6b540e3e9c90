/* app_settings - the rows of the process's own settings. Happy path and how it fails:
 * base/settings.h. */

#include "app_settings.h"

#include <stdio.h>

static const struct setting_row rows[] = {
#define SETTINGS_DEF "app_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table app_settings_table = {
    .service = "app", .rows = rows, .count = sizeof(rows) / sizeof(rows[0])};

bool app_settings_keys_dir(const struct app_settings *app, char *ret_path, size_t size)
{
    bool own = *app->keys != 0;
    int used = snprintf(ret_path, size, "%s%s", own ? app->keys : app->data, own ? "" : "/keys");
    return used >= 0 && (size_t)used < size;
}
