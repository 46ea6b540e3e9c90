#pragma once

/* metrics - the figures of one worker, and of all of them as Prometheus text. */

#include <stddef.h>
#include <stdint.h>

struct worker;

struct metrics {
#define METRIC(name, type, doc) uint64_t name;
#include "metrics.def"
#undef METRIC
};

/* On the worker's own loop. */
void metrics_read(struct worker *worker, struct metrics *ret_metrics);

void metrics_add(struct metrics *sum, const struct metrics *more);

/* Writes at most `size` bytes; returns how many it wrote. */
size_t metrics_print(const struct metrics *metrics, char *ret_text, size_t size);
