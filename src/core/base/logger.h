#pragma once

/* logger - one line per thing that somebody should know.
 *
 * logfmt, or JSON by setting: time, level, service, the event's name, then fields. The event's name
 * comes first so that lines grep alone. Levels by who must act: error = a person now, warn = soon,
 * info = lifecycle, debug = a developer. Never content of messages, tokens, passwords, query
 * strings. Characters that could command a terminal, end a line or hide are question marks and long
 * values are cut by the logger, so a caller may pass text that came from outside as a %s field.
 *
 *     LOG_INFO(logger, "session.closed", "code=%u reason=%s", code, reason);
 *
 * Not printed (level too low): one comparison. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct logger {
    _Atomic(int) level; /* may change while running */
    bool json;
    const char *service;
    uint64_t (*wall_ms)(struct logger *logger); /* who knows the time: a simulation has its own */
    void (*write)(struct logger *logger, const char *line,
        uint32_t size); /* whole lines with newline; thread-safe */
};

void logger_print(struct logger *logger, enum log_level level, const char *event,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Writes to standard error, wall clock of the process. `service` must stay. */
void logger_init(struct logger *logger, const char *service, enum log_level level, bool json);

#define LOG_AT(logger, at, event, ...)                                                             \
    do {                                                                                           \
        if ((int)(at) >= atomic_load_explicit(&(logger)->level, memory_order_relaxed)) {           \
            logger_print(logger, at, event, __VA_ARGS__);                                          \
        }                                                                                          \
    } while (0)

#define LOG_DEBUG(logger, event, ...) LOG_AT(logger, LOG_LEVEL_DEBUG, event, __VA_ARGS__)
#define LOG_INFO(logger, event, ...) LOG_AT(logger, LOG_LEVEL_INFO, event, __VA_ARGS__)
#define LOG_WARN(logger, event, ...) LOG_AT(logger, LOG_LEVEL_WARN, event, __VA_ARGS__)
#define LOG_ERROR(logger, event, ...) LOG_AT(logger, LOG_LEVEL_ERROR, event, __VA_ARGS__)
