/* chat_settings - the rows of the chat service's settings. Happy path and how it fails:
 * base/settings.h. */

#include "chat/chat_settings.h"

static const struct setting_row rows[] = {
#define SETTINGS_DEF "chat/chat_settings.def"
#include "base/settings_rows.h"
};

const struct settings_table chat_settings_table = {
    .service = "chat", .rows = rows, .count = sizeof(rows) / sizeof(rows[0])};
