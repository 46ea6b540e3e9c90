/* token_key - ES256 on OpenSSL.
 *
 * Happy path: sign gives r and s as 32 bytes each, fits turns them into what OpenSSL checks. How it
 * fails: a key of another kind is refused when it is read, so no later code has to ask what it is.
 */

#include "secrets/token_key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <string.h>

#include "base/base64url.h"
#include "base/check.h"
#include "base/mem.h"

#define DER_BYTES_MAX 80

static bool coordinate(EVP_PKEY *pair, const char *name, char ret_text[44])
{
    uint8_t bytes[32];
    BIGNUM *number = NULL;
    bool got = EVP_PKEY_get_bn_param(pair, name, &number) == 1 &&
               BN_bn2binpad(number, bytes, sizeof(bytes)) == (int)sizeof(bytes);
    BN_free(number);
    if (got) {
        ret_text[base64url_write(bytes, sizeof(bytes), ret_text)] = '\0';
    }
    return got;
}

static bool is_p256(EVP_PKEY *pair)
{
    char group[32];
    size_t size = 0;
    return EVP_PKEY_is_a(pair, "EC") == 1 &&
           EVP_PKEY_get_group_name(pair, group, sizeof(group), &size) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

static bool is_whole(EVP_PKEY *pair)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair, NULL);
    bool whole = context && EVP_PKEY_pairwise_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return whole;
}

/* OpenSSL looks its algorithms up for each check that begins anew: 27,000 instructions, as many as
 * half a connect. A copy does not, and is only read, so workers may take theirs at the same time.
 */
static EVP_MD_CTX *make_check(EVP_PKEY *pair)
{
    EVP_MD_CTX *check = EVP_MD_CTX_new();
    CHECK(check);
    CHECK(EVP_DigestVerifyInit(check, NULL, EVP_sha256(), NULL, pair) == 1);
    return check;
}

static void name_key(struct token_key *key)
{
    char text[160];
    uint8_t digest[32];
    int size = snprintf(text, sizeof(text),
        "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", key->x, key->y);
    CHECK(size > 0 && size < (int)sizeof(text));
    CHECK(EVP_Digest(text, (size_t)size, digest, NULL, EVP_sha256(), NULL) == 1);
    key->kid[base64url_write(digest, TOKEN_KEY_ID_SIZE / 4 * 3, key->kid)] = '\0';
}

static enum err take_pair(EVP_PKEY *pair_take, uint64_t created, struct token_key *ret_key)
{
    *ret_key = (struct token_key){.pair = pair_take, .created = created};
    if (!pair_take || !is_p256(pair_take) || !is_whole(pair_take) ||
        !coordinate(pair_take, OSSL_PKEY_PARAM_EC_PUB_X, ret_key->x) ||
        !coordinate(pair_take, OSSL_PKEY_PARAM_EC_PUB_Y, ret_key->y)) {
        token_key_deinit(ret_key);
        return ERR_BAD_CONFIG;
    }
    name_key(ret_key);
    ret_key->check = make_check(pair_take);
    return OK;
}

enum err token_key_make(uint64_t created, struct token_key *ret_key)
{
    return take_pair(EVP_EC_gen("P-256"), created, ret_key);
}

/* Without this, a key with a passphrase would make the server ask on its terminal. */
static int no_passphrase(char *bytes, int size, int writes, void *context)
{
    (void)bytes;
    (void)size;
    (void)writes;
    (void)context;
    return -1;
}

enum err token_key_from_pem(struct cht_str pem, uint64_t created, struct token_key *ret_key)
{
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.size);
    CHECK(bio);
    EVP_PKEY *pair = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    return take_pair(pair, created, ret_key);
}

size_t token_key_to_pem(const struct token_key *key, char *ret_pem, size_t size)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    CHECK(bio);
    char *bytes = NULL;
    size_t used = 0;
    if (PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, NULL, NULL) == 1) {
        long count = BIO_get_mem_data(bio, &bytes);
        if (count > 0 && (size_t)count <= size) {
            used = (size_t)count;
            memcpy(ret_pem, bytes, used);
            mem_wipe(bytes, used);
        }
    }
    BIO_free(bio);
    return used;
}

static void to_raw(const uint8_t *der, size_t size, uint8_t ret_raw[JWT_SIGNATURE_SIZE])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    CHECK(pair);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(pair), ret_raw, 32) == 32);
    CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(pair), ret_raw + 32, 32) == 32);
    ECDSA_SIG_free(pair);
}

static size_t to_der(const uint8_t raw[JWT_SIGNATURE_SIZE], uint8_t ret_der[DER_BYTES_MAX])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, 32, NULL);
    BIGNUM *s = BN_bin2bn(raw + 32, 32, NULL);
    CHECK(pair && ECDSA_SIG_set0(pair, r, s) == 1);
    int size = i2d_ECDSA_SIG(pair, &ret_der); /* at most 72: two numbers of 33 bytes with heads */
    CHECK(size > 0 && size <= DER_BYTES_MAX);
    ECDSA_SIG_free(pair);
    return (size_t)size;
}

void token_key_sign(
    const struct token_key *key, struct cht_str text, uint8_t ret_raw[JWT_SIGNATURE_SIZE])
{
    uint8_t der[DER_BYTES_MAX];
    size_t size = sizeof(der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK(context);
    CHECK(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pair) == 1);
    CHECK(EVP_DigestSign(context, der, &size, (const uint8_t *)text.at, text.size) == 1);
    EVP_MD_CTX_free(context);
    to_raw(der, size, ret_raw);
}

bool token_key_fits(
    const struct token_key *key, struct cht_str text, const uint8_t raw[JWT_SIGNATURE_SIZE])
{
    uint8_t der[DER_BYTES_MAX];
    size_t size = to_der(raw, der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    CHECK(context);
    bool fits = EVP_MD_CTX_copy_ex(context, key->check) == 1 &&
                EVP_DigestVerify(context, der, size, (const uint8_t *)text.at, text.size) == 1;
    EVP_MD_CTX_free(context);
    return fits;
}

static void write_text(struct cht_json *json, const char *name, const char *text)
{
    cht_json_key(json, name);
    cht_json_text(json, cht_str_of(text));
}

void token_key_write_public(const struct token_key *key, struct cht_json *json)
{
    cht_json_begin(json, '{');
    write_text(json, "kty", "EC");
    write_text(json, "crv", "P-256");
    write_text(json, "x", key->x);
    write_text(json, "y", key->y);
    write_text(json, "kid", key->kid);
    write_text(json, "alg", "ES256");
    write_text(json, "use", "sig");
    cht_json_end(json, '}');
}

void token_key_deinit(struct token_key *key)
{
    EVP_MD_CTX_free(key->check);
    EVP_PKEY_free(key->pair);
    key->check = NULL;
    key->pair = NULL;
}
