#pragma once

/* secrets - passwords and tokens: everything that needs a key or a slow hash.
 *
 * Passwords are hashed on the pool of slow work (world/work.h), bounded. Access tokens are ES256
 * JWTs; the algorithm belongs to the key, never to the token's header. Verified tokens are kept by
 * digest until they end, so a second verification costs a hash. */

#include "base/arena.h"
#include "flow/op.h"

struct secrets;

/* Who a request comes from, as its access token says. */
struct identity {
    struct cht_id user, device;
    uint64_t token_version;
    uint64_t issued_at;  /* ms since 1970 */
    uint64_t expires_at; /* a whole second */
};

#define TOKEN_BYTES_MAX 4096

struct secrets_hash_op {
    struct op op;
    struct cht_str password; /* the asker's until answered */
    char hash[256];          /* answer, NUL-terminated, with salt and parameters */
};

/* OK if the password fits the hash, FORBIDDEN if not. An empty hash costs the same time and is
 * FORBIDDEN. */
struct secrets_check_op {
    struct op op;
    struct cht_str password;
    struct cht_str hash;
    bool outdated; /* answer: right, but made with weaker parameters; hash it anew */
};

struct secrets_ops {
    void (*hash)(struct secrets *secrets, struct secrets_hash_op *op);
    void (*check)(struct secrets *secrets, struct secrets_check_op *op);
    size_t (*sign_token)(
        struct secrets *secrets, const struct identity *identity, char *ret_token, size_t size);
    enum err (*verify_token)(
        struct secrets *secrets, struct cht_str token, struct identity *ret_identity);
    void (*digest)(struct secrets *secrets, struct cht_str bytes, uint8_t ret_digest[32]);
    void (*mac)(
        struct secrets *secrets, const char *purpose, struct cht_str bytes, uint8_t ret_mac[32]);
    bool (*equal)(const void *a, const void *b, size_t size);
    struct cht_str (*key_set)(struct secrets *secrets);
};

struct secrets {
    const struct secrets_ops *ops;
};

static inline void secrets_hash(
    struct secrets *secrets, struct asker *asker, struct secrets_hash_op *op)
{
    op_ask(&op->op, asker);
    secrets->ops->hash(secrets, op);
}

static inline void secrets_check(
    struct secrets *secrets, struct asker *asker, struct secrets_check_op *op)
{
    op_ask(&op->op, asker);
    secrets->ops->check(secrets, op);
}

/* The number of characters written (no NUL). `size` is TOKEN_BYTES_MAX at least. */
static inline size_t secrets_sign_token(
    struct secrets *secrets, const struct identity *identity, char *ret_token, size_t size)
{
    return secrets->ops->sign_token(secrets, identity, ret_token, size);
}

/* OK, UNAUTHORIZED (wrong in any way), or STALE (right, but expired). Revocation is a separate
 * question (sessions.h). */
MUST_USE static inline enum err secrets_verify_token(
    struct secrets *secrets, struct cht_str token, struct identity *ret_identity)
{
    return secrets->ops->verify_token(secrets, token, ret_identity);
}

/* SHA-256. */
static inline void secrets_digest(
    struct secrets *secrets, struct cht_str bytes, uint8_t ret_digest[32])
{
    secrets->ops->digest(secrets, bytes, ret_digest);
}

/* HMAC-SHA-256 with the server's own key; `purpose` separates uses (refresh tokens, cursors). */
static inline void secrets_mac(
    struct secrets *secrets, const char *purpose, struct cht_str bytes, uint8_t ret_mac[32])
{
    secrets->ops->mac(secrets, purpose, bytes, ret_mac);
}

/* In constant time. */
static inline bool secrets_equal(
    const struct secrets *secrets, const void *a, const void *b, size_t size)
{
    return secrets->ops->equal(a, b, size);
}

/* The public keys as a JSON Web Key Set. Valid until the next turn. */
static inline struct cht_str secrets_key_set(struct secrets *secrets)
{
    return secrets->ops->key_set(secrets);
}
