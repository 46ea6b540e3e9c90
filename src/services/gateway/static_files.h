#pragma once

/* static_files - the web client's files, in memory since the start; shared by all workers.
 *
 * Only files of known kinds, no dot files, no links, at most four directories deep. A path is
 * looked up in a list, so no request ever becomes a path of the file system. */

#include "base/buf.h"
#include "base/logger.h"
#include "chattifier/types.h"

struct static_files;

struct static_file {
    char *path; /* "/app.js"; index.html is "/" */
    const char *content_type;
    struct buf *content;
    char etag[24];
};

/* A directory that can not be read has no files; a line says so. */
struct static_files *static_files_load(const char *root, struct logger *logger);

/* NULL if there is none. */
const struct static_file *static_files_find(const struct static_files *files, struct cht_str path);

void static_files_destroy(struct static_files *files);
