#pragma once

/* json_write - what the writer of commands shares with the writer of events. */

#include "chattifier/events.h"

/* One field with its name, whether it is set or not. */
void cht_json_member(struct cht_json *json, const struct cht_field_row *field, const void *event);

/* A text that is known to need no escape. */
void cht_json_word(struct cht_json *json, const char *word);
