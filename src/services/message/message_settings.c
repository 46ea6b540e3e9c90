/* message_settings - the rows of message_settings.def as descriptors. Happy path and failure are
 * those of base/settings.h. */

#include "message_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "message/message_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table message_settings_table = {
    "message", rows, sizeof(rows) / sizeof(rows[0])};
