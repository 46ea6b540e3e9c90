/* static_files - a directory read once.
 *
 * Happy path: every file of a known kind is read and kept with its type and tag. How it fails: what
 * can not be read, is too large or one too many is left out and named in the log. */

#include "gateway/static_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"

#define FILES_MAX 512
#define FILE_BYTES_MAX (4u << 20)
#define DEPTH_MAX 4
#define PATH_SIZE 256

struct static_files {
    struct static_file files[FILES_MAX];
    uint32_t count;
    struct logger *logger;
};

static const struct {
    const char *ending, *type;
} kinds[] = {{".html", "text/html; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"}, {".mjs", "text/javascript; charset=utf-8"},
    {".json", "application/json; charset=utf-8"}, {".svg", "image/svg+xml; charset=utf-8"},
    {".png", "image/png"}, {".ico", "image/x-icon"}, {".txt", "text/plain; charset=utf-8"},
    {".woff2", "font/woff2"}, {".webmanifest", "application/manifest+json; charset=utf-8"}};

static const char *type_of(const char *name)
{
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(ending, kinds[i].ending) == 0) {
            return kinds[i].type;
        }
    }
    return NULL;
}

static struct buf *read_file(int dir, const char *name)
{
    struct stat status;
    struct buf *content = NULL;
    int file = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        return NULL;
    }
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= FILE_BYTES_MAX) {
        content = buf_create((size_t)status.st_size);
        while (content->size < content->capacity) {
            ssize_t got =
                read(file, content->bytes + content->size, content->capacity - content->size);
            if (got <= 0) {
                break;
            }
            content->size += (uint32_t)got;
        }
    }
    close(file);
    return content;
}

static void add_file(struct static_files *files, int dir, const char *name, const char *path)
{
    static const uint64_t no_secret[2] = {1, 2};
    const char *type = type_of(name);
    struct buf *content = type && files->count < FILES_MAX ? read_file(dir, name) : NULL;
    if (!content) {
        LOG_DEBUG(files->logger, "gateway.file_skipped", "path=%s", path);
        return;
    }
    struct static_file *file = &files->files[files->count++];
    file->path = mem_string(strcmp(path, "/index.html") == 0 ? "/" : path);
    file->content_type = type;
    file->content = content;
    snprintf(file->etag, sizeof(file->etag), "\"%016" PRIx64 "\"",
        map_hash(no_secret, content->bytes, content->size));
}

static void add_directory(struct static_files *files, int dir_take, const char *path, int depth)
{
    DIR *listing = fdopendir(dir_take);
    char inner[PATH_SIZE];
    if (!listing) {
        close(dir_take);
        return;
    }
    for (struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        int size = snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || size >= (int)sizeof(inner)) {
            continue;
        }
        int below =
            openat(dirfd(listing), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below < 0) {
            add_file(files, dirfd(listing), entry->d_name, inner);
        } else if (depth < DEPTH_MAX) {
            add_directory(files, below, inner, depth + 1);
        } else {
            close(below);
        }
    }
    closedir(listing);
}

struct static_files *static_files_load(const char *root, struct logger *logger)
{
    struct static_files *files = mem_new(sizeof(*files));
    files->logger = logger;
    if (!root[0]) {
        return files;
    }
    int dir = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        LOG_WARN(logger, "gateway.no_web_root", "directory=%s", root);
        return files;
    }
    add_directory(files, dir, "", 0);
    LOG_INFO(logger, "gateway.files", "count=%u", files->count);
    return files;
}

const struct static_file *static_files_find(const struct static_files *files, struct cht_str path)
{
    for (uint32_t i = 0; files && i < files->count; i++) {
        const struct static_file *file = &files->files[i];
        if (strlen(file->path) == path.size && memcmp(file->path, path.at, path.size) == 0) {
            return file;
        }
    }
    return NULL;
}

void static_files_destroy(struct static_files *files)
{
    for (uint32_t i = 0; files && i < files->count; i++) {
        mem_free(files->files[i].path);
        buf_unref(files->files[i].content);
    }
    mem_free(files);
}
