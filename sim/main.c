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

/* A number, or 0 or 1. */
struct flag {
    const char *name;
    uint64_t *number;
    bool *on;
};

static bool read_flag(
    const char *name, const char *text, const struct flag *flags, size_t flag_count)
{
    uint64_t number;
    for (size_t i = 0; i < flag_count && read_number(text, &number); i++) {
        if (strcmp(name, flags[i].name) == 0) {
            if (flags[i].number) {
                *flags[i].number = number;
            } else {
                *flags[i].on = number != 0;
            }
            return true;
        }
    }
    return false;
}

static bool read_flags(int count, char **words, const struct flag *flags, size_t flag_count)
{
    bool good = count % 2 == 1;
    for (int i = 1; good && i < count; i += 2) {
        good = read_flag(words[i], words[i + 1], flags, flag_count);
    }
    return good;
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
    struct options options = {.seed = 1};
    const struct flag flags[] = {{"--seed", &options.seed, NULL}, {"--nodes", &options.nodes, NULL},
        {"--shards", &options.shards, NULL}, {"--clients", &options.clients, NULL},
        {"--rooms", &options.rooms, NULL}, {"--chaos-ms", &options.chaos_ms, NULL},
        {"--loud", NULL, &options.loud}, {"--log", NULL, &options.log},
        {"--record", NULL, &options.records}, {"--replay", NULL, &options.replays}};
    if (!read_flags(argument_count, arguments, flags, sizeof(flags) / sizeof(flags[0]))) {
        fprintf(stderr, "usage: simulate [--seed N] [--loud 1] [--log 1] [--record 1] "
                        "[--replay 1 < STEPS]\n"
                        "                [--nodes N] [--shards N] [--clients N] [--rooms N] "
                        "[--chaos-ms N]\n");
        return 2;
    }
    /* What is recorded has to be there if a failed check ends the process. */
    setvbuf(stdout, NULL, options.records ? _IOLBF : _IOFBF, 1 << 16);
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
