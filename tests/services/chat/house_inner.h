#pragma once

/* house_inner - what the files of the house share. */

#include "house.h"

/* house.c: the op is answered in this turn, or when the test asks for it. */
void house_later(struct house *house, struct op *op, enum err err);
void house_wait(struct house *house, struct op *op);
uint64_t house_newest_index(const struct house_shard *shard);

/* house_stores.c: the ports of what is stored, and of who is there. */
void house_open_stores(struct house *house);
