#pragma once

/* roles - what the one binary can be. */

#include <stddef.h>

#include "options.h"

struct role {
    const char *name;
    const char *doc;
    int (*run)(const struct options *options); /* the exit code */
    bool operand;                              /* it takes a word after its name */
};

extern const struct role roles[];
extern const size_t role_count;

int role_standalone(const struct options *options);
int role_backup(const struct options *options);
int role_settings(const struct options *options);
int role_chat(const struct options *options);
