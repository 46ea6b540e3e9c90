/* user_settings - the settings of the user service as rows. Nothing here can fail. */

#include "user/user_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "user/user_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table user_settings_table = {"user", rows, sizeof(rows) / sizeof(rows[0])};
