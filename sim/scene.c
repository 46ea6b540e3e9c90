/* scene - see the header.
 *
 * Happy path: the earliest event runs, in the memory of its node, and after it the node's turn. How
 * it fails: a broken promise is kept as words and ends the run. */

#include "scene.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "heap.h"

static const char *const kind_names[] = {
#define X(name) #name,
    EVENT_KINDS(X)
#undef X
};

uint64_t digest_bytes(const void *bytes, uint64_t size)
{
    const uint8_t *at = bytes;
    uint64_t digest = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < size; i++) {
        digest = (digest ^ at[i]) * 0x100000001b3u;
    }
    return digest;
}

void scene_mix(struct scene *scene, uint64_t number)
{
    struct dice mixer = {scene->trace ^ number * 0xff51afd7ed558ccdu};
    scene->trace = dice_next(&mixer);
}

void scene_init(struct scene *scene)
{
    *scene = (struct scene){0};
}

static void free_event(struct event *event)
{
    if (event->drop) {
        event->drop(event);
    }
    mem_free(event);
}

void scene_deinit(struct scene *scene)
{
    for (uint32_t i = 0; i < scene->count; i++) {
        free_event(scene->heap[i]);
    }
    mem_free(scene->heap);
    *scene = (struct scene){0};
}

void *scene_event(
    size_t size, enum event_kind kind, void (*run)(struct scene *scene, struct event *event))
{
    uint32_t former = heap_use(HEAP_WORLD);
    struct event *event = mem_new(size);
    heap_use(former);
    event->kind = kind;
    event->run = run;
    return event;
}

/* ---- the queue: a binary heap */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void rise(struct scene *scene, uint32_t at)
{
    struct event *event = scene->heap[at];
    while (at > 0 && is_before(event, scene->heap[(at - 1) / 2])) {
        scene->heap[at] = scene->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    scene->heap[at] = event;
}

static void sink(struct scene *scene, uint32_t at)
{
    struct event *event = scene->heap[at];
    for (;;) {
        uint32_t child = at * 2 + 1;
        if (child >= scene->count) {
            break;
        }
        child += child + 1 < scene->count && is_before(scene->heap[child + 1], scene->heap[child]);
        if (!is_before(scene->heap[child], event)) {
            break;
        }
        scene->heap[at] = scene->heap[child];
        at = child;
    }
    scene->heap[at] = event;
}

static void put(struct scene *scene, struct event *event)
{
    if (scene->count == scene->capacity) {
        uint32_t former = heap_use(HEAP_WORLD);
        scene->capacity = scene->capacity ? scene->capacity * 2 : 1024;
        scene->heap = mem_resize(scene->heap, scene->capacity * sizeof(struct event *));
        heap_use(former);
    }
    scene->heap[scene->count++] = event;
    rise(scene, scene->count - 1);
}

static struct event *take(struct scene *scene)
{
    struct event *event = scene->heap[0];
    scene->heap[0] = scene->heap[--scene->count];
    if (scene->count > 0) {
        sink(scene, 0);
    }
    return event;
}

void scene_add_at(struct scene *scene, struct event *event, uint64_t at_us)
{
    event->at_us = at_us > scene->now_us ? at_us : scene->now_us;
    event->order = scene->order++;
    put(scene, event);
}

void scene_add(struct scene *scene, struct event *event, uint64_t after_us)
{
    scene_add_at(scene, event, scene->now_us + after_us);
}

/* ---- running */

static void trace(struct scene *scene, const struct event *event)
{
    scene_mix(scene, event->at_us);
    scene_mix(scene, event->node << 8 | (uint64_t)event->kind);
    scene_mix(scene, event->digest);
    if (scene->loud) {
        printf("%12.6f node %u %-8s %016llx\n", (double)event->at_us / 1e6, event->node,
            kind_names[event->kind], (unsigned long long)event->digest);
    }
}

static void run_event(struct scene *scene, struct event *event)
{
    struct scene_node *node = event->node ? scene->nodes[event->node] : NULL;
    if (node && (node->life == 0 || (event->life && event->life != node->life))) {
        free_event(event);
        return;
    }
    if (node && node->paused_until_us > scene->now_us) {
        event->at_us = node->paused_until_us;
        put(scene, event);
        return;
    }
    trace(scene, event);
    scene->ran++;
    uint32_t life = node ? node->life : 0;
    uint32_t former = heap_use(node ? node->heap : HEAP_WORLD);
    event->run(scene, event);
    if (node && event->whole_node && node->life == life) {
        node->turn(node);
    }
    heap_use(former);
    mem_free(event);
}

void scene_run(struct scene *scene, uint64_t until_us)
{
    while (!scene->failed && scene->count > 0 && scene->heap[0]->at_us <= until_us) {
        struct event *event = take(scene);
        scene->now_us = event->at_us;
        run_event(scene, event);
    }
    if (!scene->failed) {
        scene->now_us = until_us;
    }
}

void scene_fail(struct scene *scene, const char *check, const char *format, ...)
{
    if (scene->failed) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scene->why, sizeof(scene->why), format, arguments);
    va_end(arguments);
    scene->failed = check;
}
