#pragma once

/* scene - virtual time and what happens in it.
 *
 * One queue of events, ordered by (time, order of being made). An event is of the world, or of one
 * life of one node: then its memory is the node's while it runs, it waits while the node is paused,
 * and it is dropped if that life is over. Each event that runs goes into the trace: a hash over
 * (time, node, kind, digest), the same for the same seed, in any process.
 *
 * Time is in microseconds from the start. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dice.h"

#define SCENE_WORLD 0u /* nodes are numbered from 1, as their mail addresses are */
#define SCENE_NODES_MAX 16u

/* One row a kind of event, for the trace. */
#define EVENT_KINDS(X)                                                                             \
    X(turn)                                                                                        \
    X(job)                                                                                         \
    X(answer)                                                                                      \
    X(soon)                                                                                        \
    X(command)                                                                                     \
    X(gain)                                                                                        \
    X(lose)                                                                                        \
    X(mail) X(cast) X(text) X(opened) X(closed) X(frames) X(client) X(fault) X(append) X(phase)

enum event_kind {
#define X(name) EVENT_##name,
    EVENT_KINDS(X)
#undef X
        EVENT_KIND_COUNT
};

struct scene;

struct event {
    uint64_t at_us, order;
    uint32_t node;
    uint32_t life; /* 0: any that the node then has */
    enum event_kind kind;
    bool whole_node; /* runs as a turn of the node: what it put off runs too */
    void (*run)(struct scene *scene, struct event *event);
    void (*drop)(struct event *event); /* may be NULL; the memory itself is freed for it */
    uint64_t digest;
};

/* What the scene has to know of nodes. */
struct scene_node {
    uint32_t life; /* 0: down */
    uint32_t heap;
    uint64_t paused_until_us;
    void (*turn)(struct scene_node *node); /* after an event of its own */
};

struct scene {
    uint64_t now_us, order, ran;
    uint64_t trace;
    struct event **heap;
    uint32_t count, capacity;
    struct scene_node *nodes[SCENE_NODES_MAX];
    bool loud; /* prints the trace */
    const char *failed;
    char why[512];
};

void scene_init(struct scene *scene);

/* Every event that is left is dropped. */
void scene_deinit(struct scene *scene);

/* An event of `size` bytes, zeroed but for its head; the world's memory. */
void *scene_event(
    size_t size, enum event_kind kind, void (*run)(struct scene *scene, struct event *event));

/* It happens `after_us` from now. */
void scene_add(struct scene *scene, struct event *event_take, uint64_t after_us);
void scene_add_at(struct scene *scene, struct event *event_take, uint64_t at_us);

/* Runs what happens until then, or until something failed. */
void scene_run(struct scene *scene, uint64_t until_us);

/* A broken promise: kept with its words; the first one counts. */
void scene_fail(struct scene *scene, const char *check, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Mixes a number into the trace. */
void scene_mix(struct scene *scene, uint64_t number);

uint64_t digest_bytes(const void *bytes, uint64_t size);
