#pragma once

/* secrets_openssl - keys, tokens and passwords on OpenSSL, libargon2 and libcrypt.
 *
 * One shared object for all workers, one port per worker. Keys are made at the first start, in a
 * directory that only its owner may see, and that other processes may have as well. At most two
 * token keys are good at a time: the newest whose moment has come signs, the one before it is
 * believed until the last token of it has ended. */

#include "ports/secrets.h"
#include "world/world.h"

struct secrets_openssl;

struct secrets_openssl_options {
    const char *directory; /* of the key files; made if it is not there */
    const char *issuer;    /* `iss` and `aud` of access tokens; must stay */
    const char *audience;
    uint64_t token_lifetime_ms; /* what no token outlives */
    uint64_t now_ms;            /* since 1970 */
    struct logger *logger;
    bool guest; /* another process makes the keys; nothing is ever written */
};

/* ERR_BAD_CONFIG if a key or its file's mode is wrong, ERR_IO; a line was logged. Without a line,
 * and to be tried again: ERR_NOT_FOUND if there are no keys and this is a guest or may not write,
 * ERR_IN_USE if another process makes them just now. */
MUST_USE enum err secrets_openssl_create(
    const struct secrets_openssl_options *options, struct secrets_openssl **ret_shared);

/* The port of one worker, on its loop. Lives as long as the shared object. */
struct secrets *secrets_openssl_open(struct secrets_openssl *shared, const struct world *world);

/* To be called now and then, from any thread: keys of other processes are found; when the newest is
 * `key_ms` old (0: never) a new one is made, which signs a little later, but not within one token
 * lifetime of the last change; the key before it is forgotten everywhere when the last token of
 * that has ended. */
void secrets_openssl_tend(struct secrets_openssl *shared, uint64_t now_ms, uint64_t key_ms);

/* After every worker's loop has stopped. */
void secrets_openssl_destroy(struct secrets_openssl *shared);
