#pragma once

/* options - the command line.
 *
 *     chattifier ROLE [--host H] [--port N] [--data DIR] [--workers N] [--management-port N]
 *                     [--config FILE] [--any.setting=value ...]
 *
 * Short flags are other names of settings. Everything ends up in one `struct settings`, each value
 * with its origin. What was given stays, so that it can be read once more: the file may say
 * something else by then. */

#include "base/settings.h"

#define OPTIONS_PROBLEM_BYTES 512

struct options {
    struct settings *settings;
    const char *role;    /* "standalone", "settings", "chat", ...; NULL: none was given */
    const char *operand; /* what follows the role of those that take one, e.g. a URL */
    uint32_t services;   /* of the role serve: a set of those of services.h */
    bool help;
    bool version;
    struct options_given {
        const struct settings_table *const *tables;
        size_t table_count;
        char **arguments; /* without the program's name; NULL at the end */
        char *const *environment;
        enum err (*prepare)(struct options *options, char *ret_problem); /* of roles; or NULL */
    } given;
};

/* Reads the settings file, the environment and the flags. What is given must stay. ERR_BAD_CONFIG
 * with one line for people in `ret_problem` (OPTIONS_PROBLEM_BYTES). */
MUST_USE enum err options_read(
    struct options *options, const struct options_given *given, char *ret_problem);

void options_deinit(struct options *options);
