#pragma once

/* binary - what writing and reading of the binary form share.
 *
 * Each field has the same ordinary functions, which look at its descriptor: how large it is, how it
 * is written, how it is read. They are reached in two ways. A row is walked in a loop; that is all
 * there is to the form. For the events of the bus, whose form is on the way of every message, the
 * loop is written out by the preprocessor, a call a field: the functions are inlined there with a
 * constant descriptor, and of each is left what its field needs (docs/adr/0016). Both ways are the
 * same functions, so they can not differ. */

#include "field.h"
#include "field_rows.h"

/* The descriptor of a field of the tables, and its place: two arguments. */
#define CHT_FIELD_AT(of, member) &fields_of_##of[CHT_AT_##of##_##member], CHT_AT_##of##_##member
