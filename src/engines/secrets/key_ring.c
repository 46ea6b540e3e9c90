/* key_ring - two token keys and a MAC key, read at start, rotated while running.
 *
 * Happy path: the newest two key files are read; at the first start one is made. Rotation writes
 * the new file before it is used, so a crash never leaves tokens that nobody can check; what it
 * leaves of an older key is removed at the next start. How it
 * fails: a file that can not be a key stops the start, with a line that names it. */

#include "secrets/key_ring.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "secrets/key_files.h"

#define SURPLUS_KEYS 6

static enum err read_token_key(struct key_ring *ring, uint64_t created, struct token_key *ret_key)
{
    char pem[TOKEN_KEY_PEM_BYTES_MAX];
    size_t size = 0;
    key_files_token_name(created, ring->name, sizeof(ring->name));
    enum err err = key_files_read(ring->dir, ring->name, pem, sizeof(pem), &size);
    if (err == OK) {
        err = token_key_from_pem((struct cht_str){pem, (uint32_t)size}, created, ret_key);
    }
    mem_wipe(pem, sizeof(pem));
    return err;
}

static enum err make_token_key(struct key_ring *ring, uint64_t now_ms, struct token_key *ret_key)
{
    char name[64];
    char pem[TOKEN_KEY_PEM_BYTES_MAX];
    enum err err = token_key_make(now_ms, ret_key);
    if (err != OK) {
        return err;
    }
    size_t size = token_key_to_pem(ret_key, pem, sizeof(pem));
    key_files_token_name(now_ms, name, sizeof(name));
    err = size ? key_files_write(ring->dir, name, pem, size) : ERR_IO;
    mem_wipe(pem, sizeof(pem));
    if (err != OK) {
        token_key_deinit(ret_key);
    }
    return err;
}

static void remove_token_key(struct key_ring *ring, uint64_t created)
{
    char name[64];
    key_files_token_name(created, name, sizeof(name));
    key_files_remove(ring->dir, name);
}

static enum err read_token_keys(struct key_ring *ring, uint64_t now_ms)
{
    uint64_t created[KEY_RING_KEYS + SURPLUS_KEYS];
    size_t count = key_files_token_keys(ring->dir, created, KEY_RING_KEYS + SURPLUS_KEYS);
    if (count == 0) {
        LOG_INFO(ring->logger, "secrets.key_made", "kind=token");
        return make_token_key(ring, now_ms, &ring->keys[0]);
    }
    for (size_t i = KEY_RING_KEYS; i < count; i++) {
        remove_token_key(ring, created[i]);
    }
    for (size_t i = 0; i < count && i < KEY_RING_KEYS; i++) {
        enum err err = read_token_key(ring, created[i], &ring->keys[i]);
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

static enum err make_mac_key(struct key_ring *ring)
{
    CHECK(RAND_priv_bytes(ring->mac_key, MAC_KEY_SIZE) == 1);
    LOG_INFO(ring->logger, "secrets.key_made", "kind=mac");
    return key_files_write(ring->dir, KEY_FILES_MAC, ring->mac_key, MAC_KEY_SIZE);
}

/* An empty or short key would make every MAC a known one. */
static enum err read_mac_key(struct key_ring *ring)
{
    uint8_t bytes[MAC_KEY_SIZE + 2];
    size_t size = 0;
    snprintf(ring->name, sizeof(ring->name), "%s", KEY_FILES_MAC);
    enum err err = key_files_read(ring->dir, KEY_FILES_MAC, bytes, sizeof(bytes), &size);
    if (err == ERR_NOT_FOUND) {
        return make_mac_key(ring);
    }
    if (err == OK && size != MAC_KEY_SIZE) {
        err = ERR_BAD_CONFIG;
    }
    if (err == OK) {
        __builtin_memcpy(ring->mac_key, bytes, MAC_KEY_SIZE);
    }
    mem_wipe(bytes, sizeof(bytes));
    return err;
}

enum err key_ring_init(struct key_ring *ring, const char *directory, uint64_t now_ms)
{
    pthread_rwlock_init(&ring->lock, NULL);
    ring->dir = -1;
    (void)mlock(ring->mac_key, sizeof(ring->mac_key));
    enum err err = key_files_open(directory, &ring->dir);
    if (err == OK) {
        err = read_token_keys(ring, now_ms);
    }
    if (err == OK) {
        err = read_mac_key(ring);
    }
    if (err != OK) {
        LOG_ERROR(ring->logger, "secrets.bad_keys", "error=%s path=\"%s%s%s\" reason=\"%s\"",
            err_name(err), directory, ring->name[0] ? "/" : "", ring->name,
            key_files_why(directory, ring->name, err));
    }
    return err;
}

void key_ring_deinit(struct key_ring *ring)
{
    for (size_t i = 0; i < KEY_RING_KEYS; i++) {
        token_key_deinit(&ring->keys[i]);
    }
    mem_wipe(ring->mac_key, sizeof(ring->mac_key));
    munlock(ring->mac_key, sizeof(ring->mac_key));
    if (ring->dir >= 0) {
        close(ring->dir);
    }
    pthread_rwlock_destroy(&ring->lock);
}

static bool has_id(const struct token_key *key, struct cht_str kid)
{
    return key->pair && cht_str_equal(kid, (struct cht_str){key->kid, TOKEN_KEY_ID_SIZE});
}

bool key_ring_fits(struct key_ring *ring, struct cht_str kid, struct cht_str text,
    const uint8_t raw[JWT_SIGNATURE_SIZE])
{
    bool fits = false;
    pthread_rwlock_rdlock(&ring->lock);
    for (size_t i = 0; i < KEY_RING_KEYS; i++) {
        if (has_id(&ring->keys[i], kid)) {
            fits = token_key_fits(&ring->keys[i], text, raw);
            break;
        }
    }
    pthread_rwlock_unlock(&ring->lock);
    return fits;
}

void key_ring_with_newest(
    struct key_ring *ring, void (*sign)(void *context, const struct token_key *key), void *context)
{
    pthread_rwlock_rdlock(&ring->lock);
    sign(context, &ring->keys[0]);
    pthread_rwlock_unlock(&ring->lock);
}

static void forget(struct key_ring *ring, struct token_key *key)
{
    if (key->pair) {
        remove_token_key(ring, key->created);
        token_key_deinit(key);
    }
}

static enum err rotate_locked(struct key_ring *ring, uint64_t now_ms)
{
    struct token_key made;
    if (now_ms < ring->keys[0].created + ring->lifetime_ms) {
        return ERR_AGAIN;
    }
    enum err err = make_token_key(ring, now_ms, &made);
    if (err == OK) {
        forget(ring, &ring->keys[1]);
        ring->keys[1] = ring->keys[0];
        ring->keys[0] = made;
        atomic_fetch_add(&ring->generation, 1);
    }
    return err;
}

static enum err rotate(struct key_ring *ring, uint64_t now_ms)
{
    pthread_rwlock_wrlock(&ring->lock);
    enum err err = rotate_locked(ring, now_ms);
    pthread_rwlock_unlock(&ring->lock);
    LOG_AT(ring->logger, err == OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "secrets.key_rotated",
        "result=%s", err_name(err));
    return err;
}

void key_ring_tend(struct key_ring *ring, uint64_t now_ms, uint64_t key_ms)
{
    pthread_rwlock_wrlock(&ring->lock);
    uint64_t created = ring->keys[0].created;
    bool over = ring->keys[1].pair && now_ms >= created + ring->lifetime_ms;
    if (over) {
        forget(ring, &ring->keys[1]);
        atomic_fetch_add(&ring->generation, 1);
    }
    pthread_rwlock_unlock(&ring->lock);
    if (over) {
        LOG_INFO(
            ring->logger, "secrets.key_dropped", "signing_since=%llu", (unsigned long long)created);
    }
    if (key_ms && now_ms >= created + key_ms && rotate(ring, now_ms) != OK) {
        LOG_DEBUG(
            ring->logger, "secrets.key_stays", "signing_since=%llu", (unsigned long long)created);
    }
}

void key_ring_write_public(struct key_ring *ring, struct cht_json *json)
{
    cht_json_begin(json, '{');
    cht_json_key(json, "keys");
    cht_json_begin(json, '[');
    pthread_rwlock_rdlock(&ring->lock);
    for (size_t i = 0; i < KEY_RING_KEYS; i++) {
        if (ring->keys[i].pair) {
            token_key_write_public(&ring->keys[i], json);
        }
    }
    pthread_rwlock_unlock(&ring->lock);
    cht_json_end(json, ']');
    cht_json_end(json, '}');
}
