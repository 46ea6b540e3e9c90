/* password_hash - Argon2id by libargon2, bcrypt by libcrypt.
 *
 * Happy path: look at the form, bound the parameters, compute, compare in constant time. How it
 * fails: whatever is not understood is computed against a hash of nobody, so that it takes as long
 * as a wrong password. */

#include "secrets/password_hash.h"

#include <argon2.h>
#include <crypt.h>
#include <openssl/crypto.h>
#include <string.h>

#include "base/mem.h"

#define MEMORY_KIB 19456u
#define PASSES 2u
#define LANES 1u
#define DIGEST_SIZE 32u

#define MEMORY_KIB_MAX 262144u
#define PASSES_MAX 10u
#define LANES_MAX 4u

#define BCRYPT_SIZE 60u
#define BCRYPT_PASSWORD_MAX 72u
#define BCRYPT_COST_MAX 14

bool password_hash_make(struct cht_str password, const uint8_t salt[PASSWORD_SALT_SIZE],
    char ret_hash[PASSWORD_HASH_SIZE])
{
    return argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.at, password.size, salt,
               PASSWORD_SALT_SIZE, DIGEST_SIZE, ret_hash, PASSWORD_HASH_SIZE) == ARGON2_OK;
}

static void spend_time(struct cht_str password)
{
    static const uint8_t salt[PASSWORD_SALT_SIZE] = {1};
    uint8_t digest[DIGEST_SIZE];
    argon2id_hash_raw(PASSES, MEMORY_KIB, LANES, password.at, password.size, salt, sizeof(salt),
        digest, sizeof(digest));
    mem_wipe(digest, sizeof(digest));
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool argon2_fits(struct cht_str password, const char *hash, bool *ret_outdated)
{
    unsigned memory_kib = 0;
    unsigned passes = 0;
    unsigned lanes = 0;
    if (sscanf(hash, "$argon2id$v=19$m=%9u,t=%9u,p=%9u$", &memory_kib, &passes, &lanes) != 3 ||
        memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES_MAX) {
        spend_time(password);
        return false;
    }
    *ret_outdated = memory_kib < MEMORY_KIB || passes < PASSES;
    return argon2id_verify(hash, password.at, password.size) == ARGON2_OK;
}

static bool bcrypt_is_bounded(const char *hash)
{
    int cost = 0;
    return strlen(hash) == BCRYPT_SIZE && sscanf(hash + 4, "%2d$", &cost) == 1 && cost >= 4 &&
           cost <= BCRYPT_COST_MAX;
}

/* bcrypt would silently cut at 72 bytes and at a NUL: such a password can not be what was hashed.
 */
static bool bcrypt_fits(struct cht_str password, const char *hash, bool *ret_outdated)
{
    char text[BCRYPT_PASSWORD_MAX + 1] = {0};
    if (password.size > BCRYPT_PASSWORD_MAX || memchr(password.at, 0, password.size) ||
        !bcrypt_is_bounded(hash)) {
        spend_time(password);
        return false;
    }
    memcpy(text, password.at, password.size);
    struct crypt_data *data = mem_new(sizeof(*data));
    const char *made = crypt_rn(text, hash, data, (int)sizeof(*data));
    bool fits = made && strlen(made) == BCRYPT_SIZE && CRYPTO_memcmp(made, hash, BCRYPT_SIZE) == 0;
    mem_wipe(data, sizeof(*data));
    mem_free(data);
    mem_wipe(text, sizeof(text));
    *ret_outdated = true;
    return fits;
}

bool password_hash_fits(struct cht_str password, struct cht_str hash, bool *ret_outdated)
{
    char text[PASSWORD_HASH_SIZE] = {0};
    bool fits = false;
    if (hash.size < sizeof(text) && hash.size > 0) {
        memcpy(text, hash.at, hash.size);
    }
    if (!password.at) {
        password.at = "";
    }
    if (begins(text, "$argon2id$")) {
        fits = argon2_fits(password, text, ret_outdated);
    } else if (begins(text, "$2a$") || begins(text, "$2b$") || begins(text, "$2y$")) {
        fits = bcrypt_fits(password, text, ret_outdated);
    } else {
        spend_time(password);
    }
    *ret_outdated = fits && *ret_outdated;
    return fits;
}
