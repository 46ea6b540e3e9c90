/* cassandra_settings - the rows of the settings of the stores on Cassandra. Happy path and how it
 * fails: base/settings.h. */

#include "cassandra/cassandra_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "cassandra/cassandra_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table cassandra_settings_table = {
    .service = "cassandra", .rows = rows, .count = sizeof(rows) / sizeof(rows[0])};
