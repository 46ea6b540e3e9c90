/* machine: the moves of a table, and no other. */

#include "test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/task.h"
#include "flow/machine.h"

enum { SHUT, OPENING, OPEN, STATES };

struct door {
    struct machine machine;
    char trace[16];
    bool jams; /* while opening: it is shut again at once */
};

static struct door *door_of(struct machine *machine)
{
    return container_of(machine, struct door, machine);
}

static void note(struct machine *machine, char what)
{
    char *trace = door_of(machine)->trace;
    trace[strlen(trace)] = what;
}

static void enter_shut(struct machine *machine)
{
    note(machine, 's');
}

static void enter_opening(struct machine *machine)
{
    note(machine, 'o');
    if (door_of(machine)->jams) {
        machine_move(machine, SHUT);
    }
}

static const struct machine_row states[STATES] = {
    [SHUT] = {"shut", MACHINE_TO(OPENING), enter_shut},
    [OPENING] = {"opening", MACHINE_TO(OPEN) | MACHINE_TO(SHUT), enter_opening},
    [OPEN] = {"open", MACHINE_TO(SHUT)},
};

static void a_machine_goes_the_ways_of_its_table(void **state)
{
    struct door door = {0};
    (void)state;
    machine_init(&door.machine, states, STATES, SHUT);
    assert_string_equal(door.trace, "");
    machine_move(&door.machine, OPENING);
    machine_move(&door.machine, OPEN);
    assert_string_equal(machine_state_name(&door.machine), "open");
    machine_move(&door.machine, SHUT);
    assert_string_equal(door.trace, "os");
}

static void entering_a_state_may_be_a_move_itself(void **state)
{
    struct door door = {.jams = true};
    (void)state;
    machine_init(&door.machine, states, STATES, SHUT);
    machine_move(&door.machine, OPENING);
    assert_int_equal(door.machine.state, SHUT);
    assert_string_equal(door.trace, "os");
}

/* In a process of its own, since it ends it. */
static int end_of_move(uint8_t from, uint8_t to)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct door door = {0};
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        machine_init(&door.machine, states, STATES, from);
        machine_move(&door.machine, to);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void any_other_move_ends_the_process(void **state)
{
    (void)state;
    assert_true(WIFEXITED(end_of_move(SHUT, OPENING)));
    assert_int_equal(WTERMSIG(end_of_move(SHUT, OPEN)), SIGABRT);
    assert_int_equal(WTERMSIG(end_of_move(OPEN, OPEN)), SIGABRT);
    assert_int_equal(WTERMSIG(end_of_move(OPEN, STATES)), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_goes_the_ways_of_its_table),
        cmocka_unit_test(entering_a_state_may_be_a_move_itself),
        cmocka_unit_test(any_other_move_ends_the_process),
    };
    return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
