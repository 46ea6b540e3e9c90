/* all_settings - which table fills which struct. Happy path: walked in order. How it fails: it does
 * not; what was read has been checked. */

#include "all_settings.h"

const struct settings_table *const settings_tables[] = {
    &app_settings_table,
    &cassandra_settings_table,
    &pulsar_settings_table,
    &redis_settings_table,
    &gateway_settings_table,
    &socket_settings_table,
    &chat_settings_table,
    &message_settings_table,
    &user_settings_table,
};
const size_t settings_table_count = sizeof(settings_tables) / sizeof(settings_tables[0]);

/* In the order of the tables. */
static const size_t offsets[] = {
    offsetof(struct all_settings, app),
    offsetof(struct all_settings, cassandra),
    offsetof(struct all_settings, pulsar),
    offsetof(struct all_settings, redis),
    offsetof(struct all_settings, gateway),
    offsetof(struct all_settings, socket),
    offsetof(struct all_settings, chat),
    offsetof(struct all_settings, message),
    offsetof(struct all_settings, user),
};
_Static_assert(
    sizeof(offsets) / sizeof(offsets[0]) == sizeof(settings_tables) / sizeof(settings_tables[0]),
    "a struct for every table");

void all_settings_fill(struct all_settings *all, const struct settings *settings)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        settings_fill(settings, settings_tables[i], (uint8_t *)all + offsets[i]);
    }
}

void all_settings_copy_reloadable(struct all_settings *into, const struct all_settings *from)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        settings_copy_reloadable(
            settings_tables[i], (uint8_t *)into + offsets[i], (const uint8_t *)from + offsets[i]);
    }
}
