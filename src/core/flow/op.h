#pragma once

/* op - the one kind of wait.
 *
 * An op is a struct inside the asker that holds a question and, later, its answer. A port's
 * function takes it, and its engine answers it exactly once, on the asker's loop, never from inside
 * the call that asked, and in bounded time. Until then the memory belongs to the engine; after
 * the answer, what the op points at stays valid until the op is asked again or the asker gives it
 * up.
 *
 * The answer is OK, a refusal, or ERR_UNKNOWN: the request left, nobody knows its outcome. Engines
 * never resolve UNKNOWN by hope.
 *
 * Rules of lifetime
 *  1. A zeroed op is ready; one that is asked must not move or be freed.
 *  2. Ask: the port's wrapper calls op_ask. Asking an asked op is a broken program.
 *  3. Answer: the engine calls op_answer (from the loop), op_answer_later (from inside the call),
 * or op_answer_from (any thread).
 *  4. on_answer may ask the same op again, start others, or free the struct around it; op_answer
 * touches nothing afterwards.
 *  5. An asker that ends early waits for its ops all the same (flow does that), so no engine ever
 * holds dead memory. */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/task.h"

struct loop;
struct op;

/* Whoever asks. A flow has one; other askers embed one and find themselves by container_of. */
struct asker {
    void (*on_answer)(struct asker *asker, struct op *op);
};

struct op {
    struct task task; /* the engine's, while asked */
    struct asker *asker;
    enum err err; /* the answer; only to be read when answered */
    bool asked;
};

/* For who looks at `asked` between turns of the loop: it hears nothing. */
struct asker *asker_nobody(void);

/* For port wrappers: the op is asked by `asker` from here on. */
void op_ask(struct op *op, struct asker *asker);

/* For engines, on the asker's loop, outside the call that asked. */
void op_answer(struct op *op, enum err err);

/* For engines, on the asker's loop, also inside the call: the answer comes later in this turn. */
void op_answer_later(struct op *op, struct loop *loop, enum err err);

/* For engines, from any thread: the answer comes on `loop`, in the order in which these calls were
 * made by one thread. */
void op_answer_from(struct op *op, struct loop *loop, enum err err);

/* The same for engines that answer many at once: the caller posts the op's task, with
 * loop_post_all. */
void op_answer_prepare(struct op *op, enum err err);
