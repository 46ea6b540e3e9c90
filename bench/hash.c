/* hash - the bare password hash: Argon2id with the parameters that a password of the product has.
 *
 *     hash KIBIBYTES PASSES SECONDS
 *
 * Happy path: hashes for so long, one after the other, and prints `hashes=N cpu=SECONDS`. How it
 * fails: exit code 1. */

#include <argon2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int count, char **arguments)
{
    static const char password[] = "correct horse battery";
    static const uint8_t salt[16] = {1};
    uint8_t digest[32];
    if (count != 4) {
        return 1;
    }
    uint32_t kibibytes = (uint32_t)strtoul(arguments[1], NULL, 10);
    uint32_t passes = (uint32_t)strtoul(arguments[2], NULL, 10);
    double end = seconds_of(CLOCK_MONOTONIC) + strtod(arguments[3], NULL);
    unsigned hashes = 0;
    while (seconds_of(CLOCK_MONOTONIC) < end) {
        if (argon2id_hash_raw(passes, kibibytes, 1, password, sizeof(password) - 1, salt,
                sizeof(salt), digest, sizeof(digest)) != ARGON2_OK) {
            return 1;
        }
        hashes++;
    }
    printf("hashes=%u cpu=%.4f\n", hashes, seconds_of(CLOCK_PROCESS_CPUTIME_ID));
    return 0;
}
