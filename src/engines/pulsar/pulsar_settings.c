/* pulsar_settings - the settings of the bus on Pulsar as rows. Nothing here can fail. */

#include "pulsar/pulsar_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "pulsar/pulsar_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table pulsar_settings_table = {
    "pulsar", rows, sizeof(rows) / sizeof(rows[0])};
