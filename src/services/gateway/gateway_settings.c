/* gateway_settings - the settings of the gateway as rows. Nothing here can fail. */

#include "gateway/gateway_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "gateway/gateway_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table gateway_settings_table = {
    "gateway", rows, sizeof(rows) / sizeof(rows[0])};
