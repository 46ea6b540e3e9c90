/* key_ring - two token keys and a MAC key, of a directory that others may share.
 *
 * Happy path: the newest two key files are read; at the first start one is made. A new key is
 * written, then read as if another had written it; it signs when everybody has seen it. How it
 * fails: a file that can not be a key stops the start, with a line that names it; later the keys
 * stay as they are. A crash leaves a key that is whole or none, and the lock ends with the process;
 * files of keys that are over are removed by the next who makes keys. */

#include "secrets/key_ring.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"
#include "secrets/key_files.h"

#define SURPLUS_KEYS 6
#define FOUND_MAX (KEY_RING_KEYS + SURPLUS_KEYS)

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

static enum err make_token_key(struct key_ring *ring, uint64_t created)
{
    char name[KEY_FILES_NAME_BYTES];
    char pem[TOKEN_KEY_PEM_BYTES_MAX];
    struct token_key made;
    enum err err = token_key_make(created, &made);
    if (err != OK) {
        return err;
    }
    size_t size = token_key_to_pem(&made, pem, sizeof(pem));
    token_key_deinit(&made);
    key_files_token_name(created, name, sizeof(name));
    err = size ? key_files_write(ring->dir, name, pem, size) : ERR_IO;
    mem_wipe(pem, sizeof(pem));
    LOG_AT(ring->logger, err == OK ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "secrets.key_made",
        "kind=token signs_from=%llu result=%s", (unsigned long long)created, err_name(err));
    return err;
}

/* How many of these moments, newest first, are of keys that are good. The one before the newest is
 * until the last token of it has ended. */
static size_t count_good(
    const struct key_ring *ring, const uint64_t *created, size_t count, uint64_t now_ms)
{
    bool alone = count > 1 && now_ms >= created[0] + ring->lifetime_ms;
    return alone ? 1 : count < KEY_RING_KEYS ? count : KEY_RING_KEYS;
}

static bool has_moments(const struct key_ring *ring, const uint64_t *created, size_t count)
{
    for (size_t i = 0; i < KEY_RING_KEYS; i++) {
        const struct token_key *key = &ring->keys[i];
        if ((i < count) != (key->pair != NULL) || (key->pair && key->created != created[i])) {
            return false;
        }
    }
    return true;
}

static void swap_keys(struct key_ring *ring, struct token_key other[KEY_RING_KEYS])
{
    pthread_rwlock_wrlock(&ring->lock);
    for (size_t i = 0; i < KEY_RING_KEYS; i++) {
        struct token_key key = ring->keys[i];
        ring->keys[i] = other[i];
        other[i] = key;
    }
    atomic_fetch_add(&ring->generation, 1);
    pthread_rwlock_unlock(&ring->lock);
}

static enum err take_keys(struct key_ring *ring, const uint64_t *created, size_t count)
{
    struct token_key found[KEY_RING_KEYS] = {0};
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++) {
        err = read_token_key(ring, created[i], &found[i]);
    }
    if (err == OK) {
        swap_keys(ring, found);
        LOG_INFO(ring->logger, "secrets.keys", "keys=%zu newest_signs_from=%llu", count,
            (unsigned long long)created[0]);
    }
    for (size_t i = 0; i < KEY_RING_KEYS; i++) {
        token_key_deinit(&found[i]);
    }
    return err;
}

/* A listing, and nothing more if it is as before. */
static enum err look(struct key_ring *ring, uint64_t now_ms)
{
    uint64_t created[FOUND_MAX];
    size_t count = key_files_token_keys(ring->dir, created, FOUND_MAX);
    size_t good = count_good(ring, created, count, now_ms);
    atomic_store(&ring->looked_at, now_ms);
    ring->has_surplus = count > good;
    if (good == 0) {
        return ERR_NOT_FOUND;
    }
    return has_moments(ring, created, good) ? OK : take_keys(ring, created, good);
}

static void remove_surplus(struct key_ring *ring, uint64_t now_ms)
{
    uint64_t created[FOUND_MAX];
    char name[KEY_FILES_NAME_BYTES];
    size_t count = key_files_token_keys(ring->dir, created, FOUND_MAX);
    for (size_t i = count_good(ring, created, count, now_ms); i < count; i++) {
        key_files_token_name(created[i], name, sizeof(name));
        key_files_remove(ring->dir, name);
        LOG_INFO(ring->logger, "secrets.key_dropped", "signed_from=%llu",
            (unsigned long long)created[i]);
    }
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
    if (err == OK && size != MAC_KEY_SIZE) {
        err = ERR_BAD_CONFIG;
    }
    if (err == OK) {
        __builtin_memcpy(ring->mac_key, bytes, MAC_KEY_SIZE);
    }
    mem_wipe(bytes, sizeof(bytes));
    return err;
}

static enum err read_all(struct key_ring *ring, uint64_t now_ms)
{
    enum err err = look(ring, now_ms);
    return err == OK ? read_mac_key(ring) : err;
}

/* With the lock. */
static enum err make_missing(struct key_ring *ring, uint64_t now_ms)
{
    enum err err = look(ring, now_ms);
    if (err == ERR_NOT_FOUND) {
        err = make_token_key(ring, now_ms);
        err = err == OK ? look(ring, now_ms) : err;
    }
    if (err != OK) {
        return err;
    }
    remove_surplus(ring, now_ms);
    err = read_mac_key(ring);
    return err == ERR_NOT_FOUND ? make_mac_key(ring) : err;
}

static enum err lock_and_make(struct key_ring *ring, uint64_t now_ms)
{
    int lock;
    ring->name[0] = 0;
    enum err err = key_files_lock(ring->dir, &lock);
    if (err == OK) {
        err = make_missing(ring, now_ms);
        close(lock);
    }
    return err;
}

static enum err open_and_read(
    struct key_ring *ring, const char *directory, bool makes, uint64_t now_ms)
{
    enum err err = key_files_open(directory, makes, &ring->dir);
    if (err != OK) {
        return err;
    }
    ring->makes = makes && !key_files_sealed(ring->dir);
    err = read_all(ring, now_ms);
    bool wanting = err == ERR_NOT_FOUND || (err == OK && ring->has_surplus);
    return wanting && ring->makes ? lock_and_make(ring, now_ms) : err;
}

enum err key_ring_init(struct key_ring *ring, const char *directory, bool makes, uint64_t now_ms)
{
    pthread_mutex_init(&ring->looking, NULL);
    pthread_rwlock_init(&ring->lock, NULL);
    ring->dir = -1;
    (void)mlock(ring->mac_key, sizeof(ring->mac_key));
    enum err err = open_and_read(ring, directory, makes, now_ms);
    if (err != OK && err != ERR_NOT_FOUND && err != ERR_IN_USE) {
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
    pthread_mutex_destroy(&ring->looking);
}

static bool has_id(const struct token_key *key, struct cht_str kid)
{
    return key->pair && cht_str_equal(kid, (struct cht_str){key->kid, TOKEN_KEY_ID_SIZE});
}

static bool is_known(struct key_ring *ring, struct cht_str kid, struct cht_str text,
    const uint8_t raw[JWT_SIGNATURE_SIZE], bool *ret_fits)
{
    bool known = false;
    pthread_rwlock_rdlock(&ring->lock);
    for (size_t i = 0; i < KEY_RING_KEYS && !known; i++) {
        known = has_id(&ring->keys[i], kid);
        *ret_fits = known && token_key_fits(&ring->keys[i], text, raw);
    }
    pthread_rwlock_unlock(&ring->lock);
    return known;
}

/* True for one of all who ask within that time. Clocks of loops differ a little. */
static bool may_look(struct key_ring *ring, uint64_t now_ms)
{
    uint64_t last = atomic_load(&ring->looked_at);
    uint64_t between = now_ms > last ? now_ms - last : last - now_ms;
    return between >= KEY_RING_LOOK_MS &&
           atomic_compare_exchange_strong(&ring->looked_at, &last, now_ms);
}

bool key_ring_fits(struct key_ring *ring, uint64_t now_ms, struct cht_str kid, struct cht_str text,
    const uint8_t raw[JWT_SIGNATURE_SIZE])
{
    bool fits = false;
    if (is_known(ring, kid, text, raw, &fits)) {
        return fits;
    }
    if (kid.size != TOKEN_KEY_ID_SIZE || !may_look(ring, now_ms)) {
        return false;
    }
    pthread_mutex_lock(&ring->looking);
    enum err err = look(ring, now_ms);
    pthread_mutex_unlock(&ring->looking);
    LOG_DEBUG(ring->logger, "secrets.looked", "result=%s", err_name(err));
    (void)is_known(ring, kid, text, raw, &fits);
    return fits;
}

void key_ring_with_signer(struct key_ring *ring, uint64_t now_ms,
    void (*sign)(void *context, const struct token_key *key), void *context)
{
    pthread_rwlock_rdlock(&ring->lock);
    bool early = now_ms < ring->keys[0].created && ring->keys[1].pair;
    sign(context, &ring->keys[early ? 1 : 0]);
    pthread_rwlock_unlock(&ring->lock);
}

static bool is_old(const struct key_ring *ring, uint64_t now_ms, uint64_t key_ms)
{
    uint64_t created = ring->keys[0].created;
    return key_ms && now_ms >= created + key_ms && now_ms >= created + ring->lifetime_ms;
}

/* With the lock, so what is there now is what will be there when the new one is. */
static enum err change_alone(struct key_ring *ring, uint64_t now_ms, uint64_t key_ms)
{
    enum err err = look(ring, now_ms);
    if (err == OK && is_old(ring, now_ms, key_ms)) {
        err = make_token_key(ring, now_ms + KEY_RING_NOTICE_MS);
        err = err == OK ? look(ring, now_ms) : err;
    }
    if (err == OK) {
        remove_surplus(ring, now_ms);
    }
    return err;
}

/* Whoever has the lock does the same. */
static enum err change(struct key_ring *ring, uint64_t now_ms, uint64_t key_ms)
{
    int lock;
    enum err err = key_files_lock(ring->dir, &lock);
    if (err == OK) {
        err = change_alone(ring, now_ms, key_ms);
        close(lock);
    }
    return err == ERR_IN_USE ? OK : err;
}

void key_ring_tend(struct key_ring *ring, uint64_t now_ms, uint64_t key_ms)
{
    pthread_mutex_lock(&ring->looking);
    enum err err = look(ring, now_ms);
    if (err == OK && ring->makes && (ring->has_surplus || is_old(ring, now_ms, key_ms))) {
        err = change(ring, now_ms, key_ms);
    }
    pthread_mutex_unlock(&ring->looking);
    if (err != OK) {
        LOG_WARN(ring->logger, "secrets.keys_stay", "error=%s", err_name(err));
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
