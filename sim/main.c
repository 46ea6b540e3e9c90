/* main - one seed in one process; sim/run starts it.
 *
 * Happy path: `trace HASH` with what was done, exit 0. How it fails: the broken promise and how to
 * see it again, exit 1; a failed check of the product ends the process as in production. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cluster.h"
#include "swarm.h"

static bool read_number(const char *text, uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    *ret_number = strtoull(text, &end, 0);
    return errno == 0 && end != text && *end == '\0';
}

struct flag {
    const char *name;
    uint64_t value;
    bool is_set;
};

static bool read_flags(int count, char **words, struct flag *flags, size_t flag_count)
{
    for (int i = 1; i < count; i += 2) {
        struct flag *flag = NULL;
        for (size_t f = 0; f < flag_count; f++) {
            flag = strcmp(words[i], flags[f].name) == 0 ? &flags[f] : flag;
        }
        if (!flag || i + 1 == count || !read_number(words[i + 1], &flag->value)) {
            return false;
        }
        flag->is_set = true;
    }
    return true;
}

static void report(const struct cluster *cluster)
{
    const struct scene *scene = &cluster->scene;
    printf("events %llu, virtual %.1f s, acts %llu (ok %llu, refused %llu), entries %llu, "
           "deliveries %llu, repeats %llu, crashes %llu, records %llu, unknown %llu, late %llu\n",
        (unsigned long long)scene->ran, (double)scene->now_us / 1e6,
        (unsigned long long)cluster->acts, (unsigned long long)cluster->acts_ok,
        (unsigned long long)cluster->acts_refused, (unsigned long long)cluster->truth.entries,
        (unsigned long long)cluster->deliveries, (unsigned long long)cluster->repeats,
        (unsigned long long)cluster->crashes, (unsigned long long)cluster->journal.landed,
        (unsigned long long)cluster->journal.unknown,
        (unsigned long long)cluster->journal.landed_late);
    printf("seed %llu trace %016llx\n", (unsigned long long)cluster->options.seed,
        (unsigned long long)scene->trace);
}

int main(int argument_count, char **arguments)
{
    struct flag flags[] = {{"--seed", 1, false}, {"--loud", 0, false}, {"--log", 0, false},
        {"--without", 0, false}, {"--without-acts", 0, false}, {"--chaos-ms", 0, false},
        {"--known", 0, false}};
    if (!read_flags(argument_count, arguments, flags, sizeof(flags) / sizeof(flags[0]))) {
        fprintf(stderr, "usage: simulate [--seed N] [--loud 1] [--log 1] [--without BITS] "
                        "[--without-acts BITS] [--chaos-ms N] [--known 1]\n");
        return 2;
    }
    struct options options = {.seed = flags[0].value,
        .loud = flags[1].value != 0,
        .log = flags[2].value != 0,
        .off = (uint32_t)flags[3].value,
        .ops_off = (uint32_t)flags[4].value,
        .chaos_us = flags[5].value * 1000,
        .known = flags[6].value != 0};
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    struct cluster *cluster = mem_new(sizeof(*cluster));
    bool good = cluster_run(cluster, &options);
    swarm_print(cluster);
    report(cluster);
    if (!good) {
        printf("seed %llu broke %s at %.6f s: %s\n", (unsigned long long)options.seed,
            cluster->scene.failed, (double)cluster->scene.now_us / 1e6, cluster->scene.why);
    }
    cluster_free(cluster);
    mem_free(cluster);
    return good ? 0 : 1;
}
