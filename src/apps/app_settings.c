/* app_settings - the rows of the process's own settings. Happy path and failures: base/settings.h.
 */

#include "app_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "app_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table app_settings_table = {
    .service = "app", .rows = rows, .count = sizeof(rows) / sizeof(rows[0])};
