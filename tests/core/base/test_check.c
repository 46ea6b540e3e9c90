/* What is found broken: a defect of one command is counted and goes on, any other ends the process.
 */

#include "test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

static void a_defect_of_one_command_is_counted_and_goes_on(void **state)
{
    (void)state;
    assert_false(BUG(1 > 2));
    assert_int_equal(bug_count(), 0);
    assert_true(BUG(2 > 1));
    assert_int_equal(bug_count(), 1);
}

static void say_more(int fd)
{
    ssize_t written = write(fd, "more\n", 5);
    (void)written;
}

static void a_check_that_does_not_hold_says_where_and_ends_the_process(void **state)
{
    (void)state;
    int ends[2];
    char said[256] = "";
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        check_on_failure(say_more);
        signal(SIGABRT, SIG_DFL);
        CHECK(1 > 2);
        _exit(0);
    }
    close(ends[1]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
    assert_non_null(strstr(said, "check failed: 1 > 2 ("));
    assert_non_null(strstr(said, "test_check.c"));
    assert_non_null(strstr(said, "more\n"));
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_defect_of_one_command_is_counted_and_goes_on),
        cmocka_unit_test(a_check_that_does_not_hold_says_where_and_ends_the_process),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
