#pragma once

/* token_key - one ES256 key pair: P-256, and nothing else ever.
 *
 * The id is made from the public half (the beginning of its RFC 7638 thumbprint), so it needs no
 * place of its own. */

#include <openssl/evp.h>

#include "base/err.h"
#include "chattifier/events.h"
#include "secrets/jwt.h"

#define TOKEN_KEY_ID_SIZE 16
#define TOKEN_KEY_PEM_BYTES_MAX 2048

struct token_key {
    EVP_PKEY *pair;
    EVP_MD_CTX *check; /* as every check begins; of it only copies are used */
    uint64_t created;  /* ms since 1970 */
    char kid[TOKEN_KEY_ID_SIZE + 1];
    char x[44], y[44]; /* base64url, NUL-terminated */
};

/* A new one. */
MUST_USE enum err token_key_make(uint64_t created, struct token_key *ret_key);

/* ERR_BAD_CONFIG if the text is no private P-256 key. */
MUST_USE enum err token_key_from_pem(
    struct cht_str pem, uint64_t created, struct token_key *ret_key);

/* The private half as PEM; how many bytes, 0 if it failed. The caller wipes. */
size_t token_key_to_pem(const struct token_key *key, char *ret_pem, size_t size);

void token_key_sign(
    const struct token_key *key, struct cht_str text, uint8_t ret_raw[JWT_SIGNATURE_SIZE]);
bool token_key_fits(
    const struct token_key *key, struct cht_str text, const uint8_t raw[JWT_SIGNATURE_SIZE]);

/* The public half as a member of a JSON Web Key Set. */
void token_key_write_public(const struct token_key *key, struct cht_json *json);

/* A key that was never made is fine. */
void token_key_deinit(struct token_key *key);
