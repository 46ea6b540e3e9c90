/* secrets_openssl - the secrets port.
 *
 * Happy path: tokens, digests and MACs are computed at once; passwords go to the pool of slow work
 * and come back on the loop. How it fails: a full pool is ERR_FULL, and nothing was done. */

#include "secrets/secrets_openssl.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/base64url.h"
#include "base/check.h"
#include "base/logger.h"
#include "base/mem.h"
#include "base/task.h"
#include "secrets/key_ring.h"
#include "secrets/password_hash.h"
#include "secrets/token_cache.h"
#include "world/loop.h"
#include "world/random.h"
#include "world/work.h"

#define KEY_SET_BYTES_MAX 2048

static_assert(
    PASSWORD_HASH_SIZE == sizeof(((struct secrets_hash_op *)0)->hash), "one size of hashes");

struct secrets_port {
    struct secrets secrets;
    struct secrets_port *next;
    struct secrets_openssl *shared;
    const struct world *world;
    struct jwt_checker checker;
    struct token_cache cache;
    char key_set[KEY_SET_BYTES_MAX];
};

struct secrets_openssl {
    struct key_ring ring;
    EVP_MD *sha256; /* looked up once; EVP_sha256() is looked up at each use */
    struct jwt_policy policy;
    pthread_mutex_t lock; /* of `ports` */
    struct secrets_port *ports;
};

/* A password on its way through the pool. */
struct job {
    struct work_op work;
    struct asker asker;
    struct op *answers;
    struct cht_str password, hash;
    uint8_t salt[PASSWORD_SALT_SIZE];
    char made[PASSWORD_HASH_SIZE];
    bool done, outdated;
};

static struct secrets_port *port_of(struct secrets *secrets)
{
    return container_of(secrets, struct secrets_port, secrets);
}

static void hash_password(struct work_op *work)
{
    struct job *job = container_of(work, struct job, work);
    job->done = password_hash_make(job->password, job->salt, job->made);
}

static void check_password(struct work_op *work)
{
    struct job *job = container_of(work, struct job, work);
    job->done = password_hash_fits(job->password, job->hash, &job->outdated);
}

static void end_job(struct job *job)
{
    mem_wipe(job, sizeof(*job));
    mem_free(job);
}

static void on_hashed(struct asker *asker, struct op *op)
{
    struct job *job = container_of(asker, struct job, asker);
    struct secrets_hash_op *asked = container_of(job->answers, struct secrets_hash_op, op);
    enum err err = op->err != OK ? op->err : job->done ? OK : ERR_FULL;
    memcpy(asked->hash, job->made, sizeof(asked->hash));
    end_job(job);
    op_answer(&asked->op, err);
}

static void on_checked(struct asker *asker, struct op *op)
{
    struct job *job = container_of(asker, struct job, asker);
    struct secrets_check_op *asked = container_of(job->answers, struct secrets_check_op, op);
    enum err err = op->err != OK ? op->err : job->done ? OK : ERR_FORBIDDEN;
    asked->outdated = job->outdated;
    end_job(job);
    op_answer(&asked->op, err);
}

static struct job *new_job(
    struct op *answers, void (*on_answer)(struct asker *asker, struct op *op))
{
    struct job *job = mem_new(sizeof(*job));
    job->answers = answers;
    job->asker.on_answer = on_answer;
    return job;
}

static void hash_here(struct secrets *secrets, struct secrets_hash_op *op)
{
    const struct world *world = port_of(secrets)->world;
    struct job *job = new_job(&op->op, on_hashed);
    job->password = op->password;
    random_fill(world->random, job->salt, sizeof(job->salt));
    work_submit(world->work, &job->asker, &job->work, hash_password);
}

static void check_here(struct secrets *secrets, struct secrets_check_op *op)
{
    struct job *job = new_job(&op->op, on_checked);
    job->password = op->password;
    job->hash = op->hash;
    work_submit(port_of(secrets)->world->work, &job->asker, &job->work, check_password);
}

struct signing {
    const struct jwt_policy *policy;
    const struct identity *identity;
    char *token;
    size_t size, used;
};

static void sign_with(void *context, const struct token_key *key)
{
    struct signing *signing = context;
    uint8_t raw[JWT_SIGNATURE_SIZE];
    struct jwt_write write = {signing->policy, signing->identity, {key->kid, TOKEN_KEY_ID_SIZE}};
    size_t used = jwt_write_unsigned(&write, signing->token, signing->size);
    CHECK(used > 0);
    CHECK(used + 1 + base64url_size(sizeof(raw)) <= signing->size);
    token_key_sign(key, (struct cht_str){signing->token, (uint32_t)used}, raw);
    signing->token[used++] = '.';
    signing->used = used + base64url_write(raw, sizeof(raw), signing->token + used);
}

static size_t sign_token_here(
    struct secrets *secrets, const struct identity *identity, char *ret_token, size_t size)
{
    struct secrets_port *port = port_of(secrets);
    struct secrets_openssl *shared = port->shared;
    struct signing signing = {&shared->policy, identity, ret_token, size, 0};
    key_ring_with_signer(&shared->ring, loop_wall_ms(port->world->loop), sign_with, &signing);
    return signing.used;
}

static bool fits_here(struct jwt_checker *checker, struct cht_str kid, struct cht_str text,
    const uint8_t raw[JWT_SIGNATURE_SIZE])
{
    struct secrets_port *port = container_of(checker, struct secrets_port, checker);
    return key_ring_fits(&port->shared->ring, loop_wall_ms(port->world->loop), kid, text, raw);
}

static void digest_here(struct secrets *secrets, struct cht_str bytes, uint8_t ret_digest[32])
{
    const EVP_MD *sha256 = port_of(secrets)->shared->sha256;
    CHECK(EVP_Digest(bytes.at, bytes.size, ret_digest, NULL, sha256, NULL) == 1);
}

static enum err verify_token_here(
    struct secrets *secrets, struct cht_str token, struct identity *ret_identity)
{
    struct secrets_port *port = port_of(secrets);
    struct secrets_openssl *shared = port->shared;
    uint64_t now_ms = loop_wall_ms(port->world->loop);
    uint8_t digest[32];
    *ret_identity = (struct identity){0};
    if (token.size > TOKEN_BYTES_MAX) {
        return ERR_UNAUTHORIZED;
    }
    uint64_t generation = atomic_load(&shared->ring.generation);
    digest_here(secrets, token, digest);
    if (token_cache_find(&port->cache, digest, generation, ret_identity)) {
        return ret_identity->expires_at <= now_ms ? ERR_STALE : OK;
    }
    struct jwt_question question = {&port->checker, &shared->policy, now_ms, token};
    enum err err = jwt_read(&question, ret_identity);
    if (err == OK) {
        token_cache_put(&port->cache, digest, generation, ret_identity);
    }
    return err;
}

/* The purpose and its NUL come first: no purpose is the beginning of another's input. */
static void mac_here(
    struct secrets *secrets, const char *purpose, struct cht_str bytes, uint8_t ret_mac[32])
{
    const uint8_t *key = port_of(secrets)->shared->ring.mac_key;
    uint8_t own_key[32];
    unsigned size = 32;
    CHECK(HMAC(EVP_sha256(), key, MAC_KEY_SIZE, (const uint8_t *)purpose, strlen(purpose) + 1,
        own_key, &size));
    CHECK(HMAC(EVP_sha256(), own_key, sizeof(own_key), (const uint8_t *)bytes.at, bytes.size,
        ret_mac, &size));
    mem_wipe(own_key, sizeof(own_key));
}

static bool equal_here(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

static struct cht_str key_set_here(struct secrets *secrets)
{
    struct secrets_port *port = port_of(secrets);
    struct cht_json json = {.at = port->key_set, .size = sizeof(port->key_set)};
    key_ring_write_public(&port->shared->ring, &json);
    CHECK(json.used <= json.size);
    return (struct cht_str){port->key_set, (uint32_t)json.used};
}

static const struct secrets_ops ops = {hash_here, check_here, sign_token_here, verify_token_here,
    digest_here, mac_here, equal_here, key_set_here};

enum err secrets_openssl_create(
    const struct secrets_openssl_options *options, struct secrets_openssl **ret_shared)
{
    struct secrets_openssl *shared = mem_new(sizeof(*shared));
    pthread_mutex_init(&shared->lock, NULL);
    shared->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    CHECK(shared->sha256);
    shared->policy =
        (struct jwt_policy){options->issuer, options->audience, options->token_lifetime_ms};
    shared->ring.logger = options->logger;
    shared->ring.lifetime_ms = options->token_lifetime_ms + JWT_LEEWAY_MS;
    enum err err =
        key_ring_init(&shared->ring, options->directory, !options->guest, options->now_ms);
    if (err != OK) {
        secrets_openssl_destroy(shared);
        return err;
    }
    *ret_shared = shared;
    return OK;
}

struct secrets *secrets_openssl_open(struct secrets_openssl *shared, const struct world *world)
{
    struct secrets_port *port = mem_new(sizeof(*port));
    port->secrets.ops = &ops;
    port->shared = shared;
    port->world = world;
    port->checker.fits = fits_here;
    token_cache_init(&port->cache);
    pthread_mutex_lock(&shared->lock);
    port->next = shared->ports;
    shared->ports = port;
    pthread_mutex_unlock(&shared->lock);
    return &port->secrets;
}

void secrets_openssl_tend(struct secrets_openssl *shared, uint64_t now_ms, uint64_t key_ms)
{
    key_ring_tend(&shared->ring, now_ms, key_ms);
}

void secrets_openssl_destroy(struct secrets_openssl *shared)
{
    if (!shared) {
        return;
    }
    while (shared->ports) {
        struct secrets_port *port = shared->ports;
        shared->ports = port->next;
        token_cache_deinit(&port->cache);
        mem_free(port);
    }
    key_ring_deinit(&shared->ring);
    EVP_MD_free(shared->sha256);
    pthread_mutex_destroy(&shared->lock);
    mem_wipe(shared, sizeof(*shared));
    mem_free(shared);
}
