/* settings_rows - makes the descriptors of a settings table. No #pragma once: included by one .c
 * file per table:
 *
 *     static const struct setting_row rows[] = {
 *     #define SETTINGS_DEF "chat/chat_settings.def"
 *     #include "base/settings_rows.h"
 *     };
 */
#define SETTING_U64(service, name, path, value, least, most, of, live, words)                      \
    {.key = path,                                                                                  \
        .doc = words,                                                                              \
        .unit = of,                                                                                \
        .number = value,                                                                           \
        .min = least,                                                                              \
        .max = most,                                                                               \
        .offset = offsetof(struct service##_settings, name),                                       \
        .kind = SETTING_KIND_U64,                                                                  \
        .reloadable = live},
#define SETTING_FLAG(service, name, path, value, live, words)                                      \
    {.key = path,                                                                                  \
        .doc = words,                                                                              \
        .number = value,                                                                           \
        .offset = offsetof(struct service##_settings, name),                                       \
        .kind = SETTING_KIND_FLAG,                                                                 \
        .reloadable = live},
#define SETTING_TEXT(service, name, path, value, live, words)                                      \
    {.key = path,                                                                                  \
        .doc = words,                                                                              \
        .text = value,                                                                             \
        .offset = offsetof(struct service##_settings, name),                                       \
        .kind = SETTING_KIND_TEXT,                                                                 \
        .reloadable = live},
#define SETTING_WORD(service, name, path, value, among, live, text_of)                             \
    {.key = path,                                                                                  \
        .doc = text_of,                                                                            \
        .text = value,                                                                             \
        .words = among,                                                                            \
        .offset = offsetof(struct service##_settings, name),                                       \
        .kind = SETTING_KIND_WORD,                                                                 \
        .reloadable = live},
#include SETTINGS_DEF
#undef SETTING_U64
#undef SETTING_FLAG
#undef SETTING_TEXT
#undef SETTING_WORD
#undef SETTINGS_DEF
