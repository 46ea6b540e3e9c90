/* Which files of a directory are served, and which are left alone. */

#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/static_files.h"

#define TOO_LARGE ((4 << 20) + 1)

static char root[64];
static struct logger logger;

static int set_up(void **state)
{
    (void)state;
    logger_init(&logger, "test", LOG_LEVEL_ERROR, false);
    snprintf(root, sizeof(root), "/tmp/chattifier-files-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    return system(command);
}

static const char *in_root(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void make_file(const char *name, int size)
{
    int file = open(in_root(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, size), 0);
    close(file);
}

static void make_directory(const char *name)
{
    assert_int_equal(mkdir(in_root(name), 0700), 0);
}

static bool is_served(const char *path)
{
    struct static_files *files = static_files_load(root, &logger);
    bool served = static_files_find(files, str(path)) != NULL;
    static_files_destroy(files);
    return served;
}

static void files_of_known_kinds_are_served_also_from_below(void **state)
{
    (void)state;
    make_directory("ui");
    make_file("ui/app.js", 3);
    make_file("empty.css", 0);
    make_file("notes.md", 3);
    make_file("ui/.hidden.js", 3);
    assert_true(is_served("/ui/app.js"));
    assert_true(is_served("/empty.css"));
    assert_false(is_served("/notes.md"));
    assert_false(is_served("/ui/.hidden.js"));
}

static void no_link_leads_out(void **state)
{
    (void)state;
    make_file("here.txt", 3);
    assert_int_equal(symlink("/etc/hostname", in_root("file.txt")), 0);
    assert_int_equal(symlink("here.txt", in_root("near.txt")), 0);
    assert_int_equal(symlink("/etc", in_root("etc")), 0);
    assert_true(is_served("/here.txt"));
    assert_false(is_served("/file.txt"));
    assert_false(is_served("/near.txt"));
    assert_false(is_served("/etc/hostname"));
}

static void what_is_too_large_too_deep_or_no_file_is_left_out(void **state)
{
    (void)state;
    make_file("most.txt", TOO_LARGE - 1);
    make_file("more.txt", TOO_LARGE);
    make_directory("1");
    make_directory("1/2");
    make_directory("1/2/3");
    make_directory("1/2/3/4");
    make_directory("1/2/3/4/5");
    make_file("1/2/3/4/in.txt", 1);
    make_file("1/2/3/4/5/out.txt", 1);
    make_directory("directory.txt");
    assert_int_equal(mkfifo(in_root("pipe.txt"), 0600), 0);
    assert_true(is_served("/most.txt"));
    assert_false(is_served("/more.txt"));
    assert_true(is_served("/1/2/3/4/in.txt"));
    assert_false(is_served("/1/2/3/4/5/out.txt"));
    assert_false(is_served("/directory.txt"));
    assert_false(is_served("/pipe.txt"));
}

static void of_too_many_files_the_first_are_served(void **state)
{
    (void)state;
    char name[32];
    uint32_t served = 0;
    for (int i = 0; i < 520; i++) {
        snprintf(name, sizeof(name), "%d.txt", i);
        make_file(name, 1);
    }
    struct static_files *files = static_files_load(root, &logger);
    for (int i = 0; i < 520; i++) {
        snprintf(name, sizeof(name), "/%d.txt", i);
        served += static_files_find(files, str(name)) != NULL;
    }
    static_files_destroy(files);
    assert_int_equal(served, 512);
}

static void a_directory_that_is_not_there_has_no_files(void **state)
{
    (void)state;
    static const char *const roots[] = {"", "/nowhere/at/all"};
    for (size_t i = 0; i < 2; i++) {
        struct static_files *files = static_files_load(roots[i], &logger);
        assert_null(static_files_find(files, str("/")));
        static_files_destroy(files);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(files_of_known_kinds_are_served_also_from_below),
        T(no_link_leads_out),
        T(what_is_too_large_too_deep_or_no_file_is_left_out),
        T(of_too_many_files_the_first_are_served),
        T(a_directory_that_is_not_there_has_no_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
