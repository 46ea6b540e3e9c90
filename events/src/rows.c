/* rows - the tables of events and frames as arrays of descriptors.
 *
 * Happy path: everything here is constant data. How it fails: it cannot; a row that does not fit
 * its struct does not build. */

#include "chattifier/events.h"
#include "field_rows.h"

/* ---- rows */
#define BIT_IF(event, member, must) | ((must) ? CHT_BIT(event, member) : 0)
#define FIELD(event, place, of_kind, member, must, least, most, text) BIT_IF(event, member, must)
#define WORDF(event, place, enumeration, member, must, text) BIT_IF(event, member, must)
#define LISTF(event, place, of_item, member, most, text)
#define ROW(place, event, on_wire, text)                                                           \
    const struct cht_event_row cht_row_##event = {.name = #event,                                  \
        .wire = on_wire,                                                                           \
        .doc = text,                                                                               \
        .fields = fields_of_##event,                                                               \
        .field_count = CHT_COUNT_##event,                                                          \
        .number = place,                                                                           \
        .size = sizeof(struct cht_##event),                                                        \
        .required = 0
#define EVENT(number, name, doc) ROW(number, name, NULL, doc)
#define FRAME(number, name, wire, doc) ROW(number, name, wire, doc)
#define ITEM(number, name, doc) ROW(number, name, NULL, doc)
#define END(event)                                                                                 \
    }                                                                                              \
    ;
#include "chattifier/client.def"
#include "chattifier/events.def"
#undef FIELD
#undef WORDF
#undef LISTF
#undef EVENT
#undef FRAME
#undef ITEM
#undef END

/* ---- by number */
static const struct cht_event_row *const rows_by_number[] = {
#define FIELD(event, place, of_kind, member, must, least, most, text)
#define WORDF(event, place, enumeration, member, must, text)
#define LISTF(event, place, of_item, member, most, text)
#define EVENT(number, name, doc) [number] = &cht_row_##name,
#define FRAME(number, name, wire, doc) [number] = &cht_row_##name,
#define ITEM(number, name, doc) [number] = &cht_row_##name,
#define END(event)
#include "chattifier/client.def"
#include "chattifier/events.def"
};

const struct cht_event_row *cht_event_row_by_number(uint32_t number)
{
    if (number >= sizeof(rows_by_number) / sizeof(rows_by_number[0])) {
        return NULL;
    }
    return rows_by_number[number];
}
