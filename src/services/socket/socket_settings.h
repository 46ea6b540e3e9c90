#pragma once

/* socket_settings - what an operator can set about the socket service; the table is
 * socket_settings.def. */

#include "base/settings.h"

struct socket_settings {
#define SETTINGS_DEF "socket/socket_settings.def"
#include "base/settings_struct.h"
};

extern const struct settings_table socket_settings_table;
