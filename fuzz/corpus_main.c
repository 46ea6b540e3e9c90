/* corpus_main - runs a fuzz target over its corpus, where there is no fuzzer: in every test build,
 * so that target and product do not drift apart.
 *
 * Happy path: each file of the directory that is named, once, as one TAP line. How it fails: a
 * directory or a file that can not be read, and one that is empty of files; the target itself
 * traps. */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool run_file(const char *directory, const char *name)
{
    static uint8_t bytes[INPUT_BYTES_MAX];
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        return false;
    }
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    bool whole = feof(file) && !ferror(file);
    fclose(file);
    return whole && LLVMFuzzerTestOneInput(bytes, size) == 0;
}

static int run_all(DIR *directory, const char *path)
{
    int count = 0, failed = 0;
    for (const struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        if (entry->d_name[0] != '.') {
            bool good = run_file(path, entry->d_name);
            printf("%sok %d - the_target_takes_%s\n", good ? "" : "not ", ++count, entry->d_name);
            failed += !good;
        }
    }
    printf("1..%d\n", count);
    return failed == 0 && count > 0 ? 0 : 1;
}

int main(int argument_count, char **arguments)
{
    DIR *directory = argument_count == 2 ? opendir(arguments[1]) : NULL;
    if (!directory) {
        fprintf(stderr, "usage: corpus_TARGET DIRECTORY\n");
        return 2;
    }
    int code = run_all(directory, arguments[1]);
    closedir(directory);
    return code;
}
