/* roles - the list of roles. Happy path: looked up by name. How it fails: what a role makes of its
 * options is refused by the role. */

#include "roles.h"

#include <stdio.h>
#include <string.h>

const struct role roles[] = {
    {"standalone",
        "every service in one process; data in SQLite files, unless settings say otherwise",
        role_standalone, false, NULL},
    {"serve", "some services as a process: chattifier serve gateway, chattifier serve socket,chat",
        role_serve, true, role_serve_prepare},
    {"backup", "copy the data of a running process: chattifier backup DIR [--data DIR]",
        role_backup, true, NULL},
    {"migrate", "make the tables of the stores on Cassandra, or those that are missing",
        role_migrate, false, NULL},
    {"settings", "show every setting: its value and where it comes from", role_settings, false,
        NULL},
    {"chat", "a chat client for the terminal: chattifier chat http://host:port", role_chat, true,
        NULL},
};
const size_t role_count = sizeof(roles) / sizeof(roles[0]);

const struct role *role_find(const char *name)
{
    for (size_t i = 0; name && i < role_count; i++) {
        if (strcmp(roles[i].name, name) == 0) {
            return &roles[i];
        }
    }
    return NULL;
}

enum err roles_prepare(struct options *options, char *ret_problem)
{
    const struct role *role = role_find(options->role);
    return role && role->prepare ? role->prepare(options, ret_problem) : OK;
}

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
