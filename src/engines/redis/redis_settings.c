/* redis_settings - the rows of the settings of Redis. Happy path and how it fails: base/settings.h.
 */

#include "redis/redis_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "redis/redis_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table redis_settings_table = {"redis", rows, sizeof(rows) / sizeof(rows[0])};
