/* logger - one line, logfmt or JSON, written at once.
 *
 * Happy path: the caller's fields are formatted, framed with time and level, written as a whole.
 * How it fails: a line over its bound is cut; a write that fails is lost, since there is nobody to
 * tell. */

#include "base/logger.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chattifier/events.h"

#define LINE_BYTES_MAX 2048
#define END_BYTES 3 /* a JSON line closes its string and itself, however long it was */

static const char *const level_names[] = {"debug", "info", "warn", "error"};

struct line {
    char bytes[LINE_BYTES_MAX];
    uint32_t size;
};

static void add_byte(struct line *line, char byte)
{
    if (line->size < LINE_BYTES_MAX - END_BYTES) {
        line->bytes[line->size++] = byte;
    }
}

static void add(struct line *line, const char *text)
{
    while (*text) {
        add_byte(line, *text++);
    }
}

/* Control characters of both sets and ends of lines, and what shows nothing, such as the marks that
 * turn around what is written beside them. */
static bool is_unsafe(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x2028 || point == 0x2029 ||
           cht_look_of(point) == CHT_LOOK_NOTHING;
}

/* Unsafe characters would let one value pretend to be a line; quotes and backslashes would leave
 * the JSON string, and what is no UTF-8 would make it no JSON. A character that finds no room ends
 * the value, so no escape is cut in two. */
static void add_escaped(struct line *line, const char *text, bool json)
{
    const uint8_t *at = (const uint8_t *)text;
    const uint8_t *end = at + strlen(text);
    while (at < end) {
        uint32_t point = 0;
        unsigned size = cht_utf8_step(at, end, &point);
        bool escape = json && (*at == '"' || *at == '\\');
        if (line->size + size + escape > LINE_BYTES_MAX - END_BYTES) {
            return;
        }
        if (escape) {
            add_byte(line, '\\');
        }
        if (size == 0 || is_unsafe(point)) {
            add_byte(line, '?');
        } else {
            for (unsigned i = 0; i < size; i++) {
                add_byte(line, (char)at[i]);
            }
        }
        at += size > 0 ? size : 1;
    }
}

static void add_time(struct line *line, uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;
    char text[32];
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    add(line, text);
    snprintf(text, sizeof(text), ".%03uZ", (unsigned)(wall_ms % 1000));
    add(line, text);
}

static void add_head(
    struct line *line, struct logger *logger, enum log_level level, const char *event)
{
    const char *const *parts =
        logger->json ? (const char *const[]){"{\"ts\":\"", "\",\"level\":\"", "\",\"service\":\"",
                           "\",\"event\":\"", "\""}
                     : (const char *const[]){"ts=", " level=", " service=", " event=", ""};
    add(line, parts[0]);
    add_time(line, logger->wall_ms(logger));
    add(line, parts[1]);
    add(line, level_names[level]);
    add(line, parts[2]);
    add(line, logger->service);
    add(line, parts[3]);
    add(line, event);
    add(line, parts[4]);
}

void logger_print(
    struct logger *logger, enum log_level level, const char *event, const char *format, ...)
{
    char fields[LINE_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fields, sizeof(fields), format, arguments);
    va_end(arguments);

    struct line line = {.size = 0};
    add_head(&line, logger, level, event);
    if (fields[0]) {
        add(&line, logger->json ? ",\"fields\":\"" : " ");
        add_escaped(&line, fields, logger->json);
        if (logger->json) {
            line.bytes[line.size++] = '"';
        }
    }
    if (logger->json) {
        line.bytes[line.size++] = '}';
    }
    line.bytes[line.size++] = '\n';
    logger->write(logger, line.bytes, line.size);
}

static uint64_t wall_clock_ms(struct logger *logger)
{
    (void)logger;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void write_stderr(struct logger *logger, const char *line, uint32_t size)
{
    (void)logger;
    ssize_t written = write(STDERR_FILENO, line, size);
    (void)written;
}

void logger_init(struct logger *logger, const char *service, enum log_level level, bool json)
{
    atomic_init(&logger->level, (int)level);
    logger->json = json;
    logger->service = service;
    logger->wall_ms = wall_clock_ms;
    logger->write = write_stderr;
}
