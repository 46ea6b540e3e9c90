/* faults - loaded before the C library to make flushes fail and the wall clock jump.
 *
 * Happy path: without the files that FAULTS_DIR may hold, every call does what it does. `fail.once`
 * there makes one flush of a file whose path has the text of `file` in it fail with EIO, and is
 * removed by that; `fail.always` makes all of them fail; `clock` holds the seconds by which the
 * wall clock is off. The monotonic clock is left alone, as it is by people who set clocks. How it
 * fails: a control file that can not be read counts as absent. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static bool path_of(const char *name, char *ret_path)
{
    const char *dir = getenv("FAULTS_DIR");
    return dir && snprintf(ret_path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

static void read_control(const char *name, char *ret_text, size_t size)
{
    char path[PATH_MAX];
    int error = errno;
    int fd = path_of(name, path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t got = fd >= 0 ? read(fd, ret_text, size - 1) : 0;
    ret_text[got > 0 ? got : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
}

static bool concerns(int fd)
{
    char link[64], path[PATH_MAX + 1] = "", part[64];
    read_control("file", part, sizeof(part));
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    return readlink(link, path, PATH_MAX) > 0 && part[0] && strstr(path, part);
}

static bool fails(int fd)
{
    char once[PATH_MAX], always[PATH_MAX];
    return path_of("fail.once", once) && path_of("fail.always", always) && concerns(fd) &&
           (access(always, F_OK) == 0 || unlink(once) == 0);
}

static int flush(int fd, long call)
{
    if (fails(fd)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

int fsync(int fd)
{
    return flush(fd, SYS_fsync);
}

int fdatasync(int fd)
{
    return flush(fd, SYS_fdatasync);
}

static time_t off_by_s(void)
{
    char text[32];
    read_control("clock", text, sizeof(text));
    return (time_t)strtoll(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
    int result = (int)syscall(SYS_clock_gettime, clock, ret_now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        ret_now->tv_sec += off_by_s();
    }
    return result;
}

int gettimeofday(struct timeval *restrict ret_now, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret_now = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret_now)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret_now) {
        *ret_now = now.tv_sec;
    }
    return now.tv_sec;
}
