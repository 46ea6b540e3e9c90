#pragma once

/* machine - a thing that lives: a table of states and the moves that are allowed.
 *
 *     enum { OPENING, OPEN, CLOSING, CLOSED };
 *     static const struct machine_row rows[] = {
 *         [OPENING] = {"opening", MACHINE_TO(OPEN) | MACHINE_TO(CLOSED)},
 *         [OPEN] = {"open", MACHINE_TO(CLOSING) | MACHINE_TO(CLOSED), on_open},
 *         ...
 *     };
 *
 * machine_move is the only way to another state: a move that the table does not have is a broken
 * program. on_enter runs after the move and may move again. Not for hot per-connection state, which
 * is a byte and a switch. */

#include <stdint.h>

#include "base/check.h"

struct machine;

struct machine_row {
    const char *name;
    uint32_t to; /* MACHINE_TO of each allowed next state */
    void (*on_enter)(struct machine *machine);
};

#define MACHINE_TO(state) (UINT32_C(1) << (state))

struct machine {
    const struct machine_row *rows;
    uint8_t state;
    uint8_t state_count;
};

static inline void machine_init(
    struct machine *machine, const struct machine_row *rows, uint8_t state_count, uint8_t first)
{
    CHECK(first < state_count);
    CHECK(state_count <= 32);
    *machine = (struct machine){rows, first, state_count};
}

static inline void machine_move(struct machine *machine, uint8_t to)
{
    CHECK(to < machine->state_count);
    CHECK(machine->rows[machine->state].to & MACHINE_TO(to));
    machine->state = to;
    if (machine->rows[to].on_enter) {
        machine->rows[to].on_enter(machine);
    }
}

static inline const char *machine_state_name(const struct machine *machine)
{
    return machine->rows[machine->state].name;
}
