/* socket_settings - the rows of socket_settings.def as descriptors. Happy path and failure are
 * those of base/settings.h. */

#include "socket_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "socket/socket_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table socket_settings_table = {
    "socket", rows, sizeof(rows) / sizeof(rows[0])};
