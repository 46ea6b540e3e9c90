/* settings_struct - makes the struct of a settings table. No #pragma once: included once per table,
 * by the service's settings header:
 *
 *     struct chat_settings {
 *     #define SETTINGS_DEF "chat/chat_settings.def"
 *     #include "base/settings_struct.h"
 *     };
 */
#define SETTING_U64(service, name, key, number, min, max, unit, reloadable, doc) uint64_t name;
#define SETTING_FLAG(service, name, key, number, reloadable, doc) bool name;
#define SETTING_TEXT(service, name, key, text, reloadable, doc) const char *name;
#define SETTING_WORD(service, name, key, text, words, reloadable, doc) uint64_t name;
#include SETTINGS_DEF
#undef SETTING_U64
#undef SETTING_FLAG
#undef SETTING_TEXT
#undef SETTING_WORD
#undef SETTINGS_DEF
