#pragma once

/* redis_script - a program in Lua that runs on the server, whole and alone: what has to be read and
 * changed at once. It is asked for by its digest; a server that does not know it is sent the text
 * once more (redis_client.h). */

#include "redis_client/redis_codec.h"

struct redis_script {
    struct cht_str text; /* stays */
    char sha[REDIS_SHA_SIZE + 1];
};

void redis_script_init(struct redis_script *ret_script, const char *text);
