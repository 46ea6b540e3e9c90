#pragma once

/* key_ring - the token keys that are good now, and the server's own MAC key. Thread-safe. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/logger.h"
#include "secrets/key_files.h"
#include "secrets/token_key.h"

#define KEY_RING_KEYS 2
#define MAC_KEY_SIZE 32

struct key_ring {
    pthread_rwlock_t lock;
    struct token_key keys[KEY_RING_KEYS]; /* newest first; without `pair`: none */
    _Atomic(uint64_t) generation;         /* grows when a key goes */
    uint64_t lifetime_ms;
    struct logger *logger;
    int dir;
    char name[KEY_FILES_NAME_BYTES]; /* the file that was read last, at the start */
    uint8_t mac_key[MAC_KEY_SIZE];
};

/* Reads the keys of a directory, makes what is missing. A line was logged if it fails. */
MUST_USE enum err key_ring_init(struct key_ring *ring, const char *directory, uint64_t now_ms);
void key_ring_deinit(struct key_ring *ring);

/* The key with exactly that id; false if there is none. */
bool key_ring_fits(struct key_ring *ring, struct cht_str kid, struct cht_str text,
    const uint8_t raw[JWT_SIGNATURE_SIZE]);

/* Calls `sign` with the newest key, under the lock. */
void key_ring_with_newest(
    struct key_ring *ring, void (*sign)(void *context, const struct token_key *key), void *context);

/* What the time asks for: the key before the newest goes when its last token has ended, and a
 * newest key that is `key_ms` old gets a successor (0: never). */
void key_ring_tend(struct key_ring *ring, uint64_t now_ms, uint64_t key_ms);

/* {"keys":[...]} */
void key_ring_write_public(struct key_ring *ring, struct cht_json *json);
