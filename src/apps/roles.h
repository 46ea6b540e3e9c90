#pragma once

/* roles - what the one binary can be. */

#include <stddef.h>

#include "options.h"

struct role {
    const char *name;
    const char *doc;
    int (*run)(const struct options *options); /* the exit code */
    bool operand;                              /* it takes a word after its name */
    /* Reads that word and sets defaults of its own. May be NULL. ERR_BAD_CONFIG with a line for
     * people in `ret_problem` (OPTIONS_PROBLEM_BYTES). */
    enum err (*prepare)(struct options *options, char *ret_problem);
};

extern const struct role roles[];
extern const size_t role_count;

/* NULL: there is no such role. `name` may be NULL too. */
const struct role *role_find(const char *name);

/* What the role that was named makes of the options. For options_given. */
enum err roles_prepare(struct options *options, char *ret_problem);

int role_standalone(const struct options *options);
int role_serve(const struct options *options);
enum err role_serve_prepare(struct options *options, char *ret_problem);
int role_backup(const struct options *options);
int role_migrate(const struct options *options);
int role_settings(const struct options *options);
int role_chat(const struct options *options);
