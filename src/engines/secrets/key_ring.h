#pragma once

/* key_ring - the token keys that are good now, and the server's own MAC key. Thread-safe.
 *
 * Several rings, of one process or of many, may be on one directory. The name of a token key says
 * from when on it signs; a key that follows another is written KEY_RING_NOTICE_MS before, so every
 * ring has found it by then. A ring looks at the directory each time it is tended, and for a token
 * whose key it does not know, but not more than once in KEY_RING_LOOK_MS. Rings that make keys have
 * the lock of the directory while they do, and look again first. */

#include <pthread.h>
#include <stdatomic.h>

#include "base/logger.h"
#include "secrets/key_files.h"
#include "secrets/token_key.h"

#define KEY_RING_KEYS 2
#define KEY_RING_NOTICE_MS 360000 /* longer than others keep a key set, which is five minutes */
#define KEY_RING_LOOK_MS 1000
#define MAC_KEY_SIZE 32

struct key_ring {
    pthread_mutex_t looking;              /* of the directory, and who changes `keys` */
    pthread_rwlock_t lock;                /* of `keys` */
    struct token_key keys[KEY_RING_KEYS]; /* newest first; without `pair`: none */
    _Atomic(uint64_t) generation;         /* grows when the keys change */
    _Atomic(uint64_t) looked_at;          /* ms since 1970 */
    uint64_t lifetime_ms;
    struct logger *logger;
    int dir;
    bool makes;                      /* keys; others wait for those who do */
    bool has_surplus;                /* there are files of keys that are over */
    char name[KEY_FILES_NAME_BYTES]; /* the file that was read last */
    uint8_t mac_key[MAC_KEY_SIZE];
};

/* Reads the keys of a directory; if it `makes` keys, what is missing is made. Without a line:
 * ERR_NOT_FOUND if some are missing, ERR_IN_USE if another makes them just now. All else has been
 * logged. */
MUST_USE enum err key_ring_init(
    struct key_ring *ring, const char *directory, bool makes, uint64_t now_ms);
void key_ring_deinit(struct key_ring *ring);

/* The key with exactly that id; false if there is none. */
bool key_ring_fits(struct key_ring *ring, uint64_t now_ms, struct cht_str kid, struct cht_str text,
    const uint8_t raw[JWT_SIGNATURE_SIZE]);

/* Calls `sign` with the newest key whose moment has come, under the lock. */
void key_ring_with_signer(struct key_ring *ring, uint64_t now_ms,
    void (*sign)(void *context, const struct token_key *key), void *context);

/* What others made is read, and what the time asks for is done: the key before the newest goes when
 * its last token has ended, and a newest key that is `key_ms` old gets a successor (0: never). */
void key_ring_tend(struct key_ring *ring, uint64_t now_ms, uint64_t key_ms);

/* {"keys":[...]} */
void key_ring_write_public(struct key_ring *ring, struct cht_json *json);
