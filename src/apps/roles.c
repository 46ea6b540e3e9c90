/* roles - the list of roles. Happy path: looked up by name. How it fails: it does not. */

#include "roles.h"

#include <stdio.h>

const struct role roles[] = {
    {"standalone", "every service in one process, data in SQLite files", role_standalone, false},
    {"backup", "copy the data of a running process: chattifier backup DIR [--data DIR]",
        role_backup, true},
    {"settings", "show every setting: its value and where it comes from", role_settings, false},
    {"chat", "a chat client for the terminal: chattifier chat http://host:port", role_chat, true},
};
const size_t role_count = sizeof(roles) / sizeof(roles[0]);

static void print_row(void *context, const struct settings_table *table,
    const struct setting_row *row, const char *value, const char *origin)
{
    (void)context;
    (void)table;
    printf("%s = %s  # %s\n", row->key, value, origin);
}

int role_settings(const struct options *options)
{
    settings_each(options->settings, print_row, NULL);
    return 0;
}
