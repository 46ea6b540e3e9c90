#pragma once

/* house_inner - what the files of the house share. */

#include "house.h"

/* house.c: what was put off in this turn. */
void house_run_deferred(struct house *house);

/* house_clients.c */
void house_clients_init(void);
void house_clients_leave(struct house *house);
