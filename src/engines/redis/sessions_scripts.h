#pragma once

/* sessions_scripts - what the sessions have Redis do at once, in Lua.
 *
 * Keys come in KEYS, all else in ARGV; nothing that came from outside is ever part of a text. A
 * script looks at the connections of one user, or at a thousandth of a second's worth of keys. */

#include "redis_client/redis_client.h"

struct sessions_scripts {
    /* KEYS: nodes. ARGV: node, life, lease in ms. Answers whether it was there, 1 or 0. */
    struct redis_script beat;
    /* KEYS: nodes. ARGV: node, life: the node is gone, if it is still that life. */
    struct redis_script leave;
    /* KEYS: user, nodes. ARGV: field, value, id of the session to replace or "", most of the user,
     * most of the device, seen in ms. Answers {1 or 0: entered or not, field and value of who was
     * replaced}. */
    struct redis_script enter;
    /* KEYS: user. ARGV: field, value, "1": only if it is there, seen in ms. */
    struct redis_script put;
    /* KEYS: user. ARGV: field, generation, seen in ms. */
    struct redis_script remove;
    /* KEYS: nodes, users. ARGV: the asker's "<node>#<life>". Answers whether that is there, 1 or 0,
     * and for each user {seen, best state or 0, nodes ...}, at most 17 of them. */
    struct redis_script online;
    /* KEYS: limit. ARGV: burst, refill in us, tokens or "all" or "one". Answers how long to wait in
     * ms, 0: not at all. */
    struct redis_script limit;
};

void sessions_scripts_init(struct sessions_scripts *ret_scripts);
