#pragma once

/* jwt - access tokens as text: one form, read strictly.
 *
 * header {"alg":"ES256","kid":...,"typ":"at+jwt"} and nothing else; claims sub, did, ver, iat, exp,
 * iss, aud. The signature is checked before a claim is looked at. Pure: keys and time are the
 * caller's. docs/adr/0004 says why this is our own.
 *
 * Who has a token can write a second text of it: with (r, s) also (r, n - s) is a signature, and
 * RFC 7518 refuses neither. Nothing may depend on the text: it says who one is, and what ends it
 * (times, revocations of user and device, versions) goes by that alone. */

#include "ports/secrets.h"

#define JWT_SIGNATURE_SIZE 64
#define JWT_LEEWAY_MS 60000

/* Whose tokens are good. */
struct jwt_policy {
    const char *issuer;
    const char *audience;
    uint64_t lifetime_ms; /* no token lives longer */
};

/* Knows the keys. */
struct jwt_checker {
    /* True if `raw` (r and s, 32 bytes each) is the signature of `text` by the ES256 key with
     * exactly this id. */
    bool (*fits)(struct jwt_checker *checker, struct cht_str kid, struct cht_str text,
        const uint8_t raw[JWT_SIGNATURE_SIZE]);
};

struct jwt_question {
    struct jwt_checker *checker;
    const struct jwt_policy *policy;
    uint64_t now_ms; /* since 1970 */
    struct cht_str token;
};

/* OK, UNAUTHORIZED or STALE (good, but over). */
MUST_USE enum err jwt_read(const struct jwt_question *question, struct identity *ret_identity);

struct jwt_write {
    const struct jwt_policy *policy;
    const struct identity *identity;
    struct cht_str kid;
};

/* Header and claims, ready to be signed ("aaa.bbb"); the number of characters, 0 if `size` is too
 * small. */
size_t jwt_write_unsigned(const struct jwt_write *write, char *ret_text, size_t size);
