/* secret_file - see the header. Happy path: read at once, up to the end of the first line. How it
 * fails: it says why; nothing of the file is left in memory. */

#include "base/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

/* As much as there is, at most `capacity`; -1: it can not be read, and errno says why. */
static ssize_t read_file(const char *path, char *ret_bytes, size_t capacity)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = 0, got = file < 0 ? -1 : 1;
    while (got > 0 && (size_t)size < capacity) {
        got = read(file, ret_bytes + size, capacity - (size_t)size);
        size += got > 0 ? got : 0;
    }
    int code = errno;
    if (file >= 0) {
        close(file);
    }
    errno = code;
    return got < 0 ? -1 : size;
}

static size_t line_of(const char *bytes, size_t size)
{
    size_t line = 0;
    while (line < size && bytes[line] != '\n' && bytes[line] != '\r') {
        line++;
    }
    return line;
}

static const char *flaw_of(const char *bytes, size_t line, size_t capacity)
{
    if (line == 0) {
        return "its first line is empty";
    }
    if (line == capacity) {
        return "its first line is too long";
    }
    return memchr(bytes, 0, line) ? "it has a NUL" : NULL;
}

enum err secret_file_read(const char *path, char *ret_secret, size_t capacity, const char **ret_why)
{
    CHECK(capacity > 1);
    ssize_t size = read_file(path, ret_secret, capacity);
    size_t line = size < 0 ? 0 : line_of(ret_secret, (size_t)size);
    const char *flaw = size < 0 ? strerror(errno) : flaw_of(ret_secret, line, capacity);
    if (flaw) {
        line = 0;
        *ret_why = flaw;
    }
    mem_wipe(ret_secret + line, capacity - line);
    return flaw ? ERR_BAD_CONFIG : OK;
}
