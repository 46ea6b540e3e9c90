/* Keys on disk, rotation, and password hashes. */

#include "test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/logger.h"
#include "secrets/password_hash.h"
#include "secrets/secrets_openssl.h"
#include "test_loop.h"

#define LIFETIME_MS UINT64_C(900000)
#define NOTICE_MS UINT64_C(360000)
#define DAY_MS UINT64_C(86400000)
#define WORKERS 4
#define TOKENS_EACH 20

struct fixture {
    struct test_loop loop;
    struct world world;
    struct logger logger;
    char dir[64], keys[80];
};

static int set_up(void **state)
{
    static struct fixture f;
    memset(&f, 0, sizeof(f));
    test_loop_init(&f.loop);
    logger_init(&f.logger, "test", LOG_LEVEL_ERROR + 1, false);
    f.world = f.loop.world;
    f.world.logger = &f.logger;
    snprintf(f.dir, sizeof(f.dir), "/tmp/chattifier-keys-XXXXXX");
    *state = &f;
    if (!mkdtemp(f.dir)) {
        return -1;
    }
    snprintf(f.keys, sizeof(f.keys), "%s/keys", f.dir);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
    test_loop_deinit(&f->loop);
    return system(command);
}

static enum err open_keys(struct fixture *f, struct secrets_openssl **ret_shared)
{
    struct secrets_openssl_options options = {
        f->keys, "us", "them", LIFETIME_MS, loop_wall_ms(&f->loop.loop), &f->logger};
    return secrets_openssl_create(&options, ret_shared);
}

static size_t sign(struct fixture *f, struct secrets *secrets, char *ret_token)
{
    uint64_t now_ms = loop_wall_ms(&f->loop.loop);
    struct identity identity = {.user = {{1}},
        .device = {{2}},
        .token_version = 1,
        .issued_at = now_ms,
        .expires_at = now_ms / 1000 * 1000 + LIFETIME_MS};
    return secrets_sign_token(secrets, &identity, ret_token, TOKEN_BYTES_MAX);
}

static enum err verify(struct secrets *secrets, const char *token, size_t size)
{
    struct identity identity;
    return secrets_verify_token(secrets, (struct cht_str){token, (uint32_t)size}, &identity);
}

struct published {
    char text[2048];
};

static struct published published_by(struct secrets *secrets)
{
    struct published published = {""};
    struct cht_str set = secrets_key_set(secrets);
    assert_true(set.size < sizeof(published.text));
    memcpy(published.text, set.at, set.size);
    return published;
}

static bool publishes_two(struct secrets *secrets)
{
    return strstr(published_by(secrets).text, "},{") != NULL;
}

/* Looks after keys that grow old in `key_ms`. */
static void tend(struct fixture *f, struct secrets_openssl *shared, uint64_t key_ms)
{
    secrets_openssl_tend(shared, loop_wall_ms(&f->loop.loop), key_ms);
}

static bool has_same_head(const char *one, const char *other)
{
    size_t size = strcspn(one, ".");
    return strncmp(one, other, size) == 0 && other[size] == '.';
}

/* True if a token of now is by the same key. */
static bool signs_as_before(struct fixture *f, struct secrets *secrets, const char *before)
{
    char token[TOKEN_BYTES_MAX];
    sign(f, secrets, token);
    return has_same_head(token, before);
}

static void tokens_and_macs_survive_a_restart(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    char token[TOKEN_BYTES_MAX];
    uint8_t before[32], after[32], other[32];
    struct cht_str text = {"text", 4};
    assert_int_equal(open_keys(f, &shared), OK);
    struct secrets *secrets = secrets_openssl_open(shared, &f->world);
    size_t size = sign(f, secrets, token);
    secrets_mac(secrets, "refresh", text, before);
    secrets_openssl_destroy(shared);
    assert_int_equal(open_keys(f, &shared), OK);
    secrets = secrets_openssl_open(shared, &f->world);
    assert_int_equal(verify(secrets, token, size), OK);
    secrets_mac(secrets, "refresh", text, after);
    secrets_mac(secrets, "cursor", text, other);
    assert_memory_equal(before, after, 32);
    assert_memory_not_equal(before, other, 32);
    secrets_openssl_destroy(shared);
}

static void two_keys_are_good_and_the_third_ends_the_first(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    char first[TOKEN_BYTES_MAX], second[TOKEN_BYTES_MAX];
    assert_int_equal(open_keys(f, &shared), OK);
    struct secrets *secrets = secrets_openssl_open(shared, &f->world);
    struct published before = published_by(secrets);
    tend(f, shared, 1);
    assert_string_equal(published_by(secrets).text, before.text);
    test_loop_advance(&f->loop, 2 * LIFETIME_MS);
    size_t first_size = sign(f, secrets, first);
    tend(f, shared, 1);
    assert_int_equal(verify(secrets, first, first_size), OK);
    size_t second_size = sign(f, secrets, second);
    assert_int_equal(verify(secrets, second, second_size), OK);
    assert_true(publishes_two(secrets));
    assert_null(strstr(published_by(secrets).text, "\"d\""));
    test_loop_advance(&f->loop, 2 * LIFETIME_MS);
    assert_int_equal(verify(secrets, second, second_size), ERR_STALE);
    tend(f, shared, 1);
    assert_int_equal(verify(secrets, first, first_size), ERR_UNAUTHORIZED);
    secrets_openssl_destroy(shared);
}

static void a_key_grows_old_and_goes_with_its_last_token(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    char old[TOKEN_BYTES_MAX], new[TOKEN_BYTES_MAX];
    const uint64_t key_ms = 30 * UINT64_C(86400000);
    assert_int_equal(open_keys(f, &shared), OK);
    struct secrets *secrets = secrets_openssl_open(shared, &f->world);
    struct published before = published_by(secrets);
    f->loop.wall_ms += key_ms - 1;
    tend(f, shared, key_ms);
    secrets_openssl_tend(shared, loop_wall_ms(&f->loop.loop) + 10 * key_ms, 0);
    assert_string_equal(published_by(secrets).text, before.text);
    size_t old_size = sign(f, secrets, old);
    f->loop.wall_ms += 1;
    tend(f, shared, key_ms);
    assert_true(publishes_two(secrets));
    assert_true(signs_as_before(f, secrets, old));
    f->loop.wall_ms += LIFETIME_MS - 1001;
    tend(f, shared, key_ms);
    assert_true(publishes_two(secrets));
    assert_int_equal(verify(secrets, old, old_size), OK);
    size_t new_size = sign(f, secrets, new);
    assert_false(signs_as_before(f, secrets, old));
    f->loop.wall_ms += NOTICE_MS + 62000;
    tend(f, shared, key_ms);
    assert_false(publishes_two(secrets));
    assert_int_equal(verify(secrets, old, old_size), ERR_UNAUTHORIZED);
    assert_int_equal(verify(secrets, new, new_size), OK);
    secrets_openssl_destroy(shared);
}

static uint32_t count_key_files(const struct fixture *f)
{
    uint32_t count = 0;
    DIR *listing = opendir(f->keys);
    assert_non_null(listing);
    for (const struct dirent *entry = readdir(listing); entry; entry = readdir(listing)) {
        count += strncmp(entry->d_name, "token-", 6) == 0;
    }
    closedir(listing);
    return count;
}

/* Two processes with one directory. */
struct pair {
    struct secrets_openssl *first, *second;
    struct secrets *one, *other;
};

static void open_pair(struct fixture *f, bool guest, struct pair *ret_pair)
{
    struct secrets_openssl_options options = {
        f->keys, "us", "them", LIFETIME_MS, loop_wall_ms(&f->loop.loop), &f->logger, guest};
    assert_int_equal(open_keys(f, &ret_pair->first), OK);
    assert_int_equal(secrets_openssl_create(&options, &ret_pair->second), OK);
    ret_pair->one = secrets_openssl_open(ret_pair->first, &f->world);
    ret_pair->other = secrets_openssl_open(ret_pair->second, &f->world);
}

static void close_pair(struct pair *pair)
{
    secrets_openssl_destroy(pair->first);
    secrets_openssl_destroy(pair->second);
}

static void two_on_one_directory_believe_and_mac_the_same(void **state)
{
    struct fixture *f = *state;
    struct pair pair;
    char token[TOKEN_BYTES_MAX];
    uint8_t here[32], there[32];
    open_pair(f, true, &pair);
    size_t size = sign(f, pair.other, token);
    assert_int_equal(verify(pair.one, token, size), OK);
    secrets_mac(pair.one, "refresh", str("text"), here);
    secrets_mac(pair.other, "refresh", str("text"), there);
    assert_memory_equal(here, there, 32);
    close_pair(&pair);
}

static void a_guest_makes_nothing_and_has_keys_when_another_made_them(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *guest = NULL, *shared = NULL;
    struct stat status;
    struct secrets_openssl_options options = {
        f->keys, "us", "them", LIFETIME_MS, loop_wall_ms(&f->loop.loop), &f->logger, true};
    assert_int_equal(secrets_openssl_create(&options, &guest), ERR_NOT_FOUND);
    assert_int_equal(stat(f->keys, &status), -1);
    assert_int_equal(mkdir(f->keys, 0700), 0);
    assert_int_equal(secrets_openssl_create(&options, &guest), ERR_NOT_FOUND);
    assert_int_equal(rmdir(f->keys), 0);
    assert_int_equal(open_keys(f, &shared), OK);
    assert_int_equal(chmod(f->keys, 0500), 0);
    assert_int_equal(secrets_openssl_create(&options, &guest), OK);
    struct secrets *secrets = secrets_openssl_open(guest, &f->world);
    f->loop.wall_ms += 31 * DAY_MS;
    tend(f, guest, 30 * DAY_MS);
    assert_false(publishes_two(secrets));
    assert_int_equal(count_key_files(f), 1);
    secrets_openssl_destroy(guest);
    secrets_openssl_destroy(shared);
    assert_int_equal(chmod(f->keys, 0700), 0);
}

static void a_key_of_another_process_is_known_before_it_signs(void **state)
{
    struct fixture *f = *state;
    struct pair pair;
    char before[TOKEN_BYTES_MAX], after[TOKEN_BYTES_MAX];
    open_pair(f, true, &pair);
    f->loop.wall_ms += 30 * DAY_MS;
    size_t before_size = sign(f, pair.other, before);
    tend(f, pair.first, 30 * DAY_MS);
    assert_false(publishes_two(pair.other));
    tend(f, pair.second, 30 * DAY_MS);
    assert_string_equal(published_by(pair.other).text, published_by(pair.one).text);
    assert_true(signs_as_before(f, pair.one, before));
    assert_true(signs_as_before(f, pair.other, before));
    f->loop.wall_ms += NOTICE_MS;
    size_t after_size = sign(f, pair.one, after);
    assert_false(has_same_head(after, before));
    assert_true(signs_as_before(f, pair.other, after));
    assert_int_equal(verify(pair.other, after, after_size), OK);
    assert_int_equal(verify(pair.one, before, before_size), OK);
    close_pair(&pair);
}

/* One that slept through the notice. */
static void a_token_of_an_unknown_key_makes_it_look_again(void **state)
{
    struct fixture *f = *state;
    struct pair pair;
    char token[TOKEN_BYTES_MAX];
    open_pair(f, true, &pair);
    f->loop.wall_ms += 30 * DAY_MS;
    tend(f, pair.first, 30 * DAY_MS);
    f->loop.wall_ms += NOTICE_MS;
    size_t size = sign(f, pair.one, token);
    assert_false(publishes_two(pair.other));
    assert_int_equal(verify(pair.other, token, size), OK);
    assert_true(publishes_two(pair.other));
    close_pair(&pair);
}

/* Another installation signed them, so their keys are never found. */
static void invented_keys_cost_one_look_a_second(void **state)
{
    struct fixture *f = *state;
    struct pair pair;
    char token[TOKEN_BYTES_MAX], invented[TOKEN_BYTES_MAX], keys[sizeof(f->keys)];
    struct secrets_openssl *strange = NULL;
    open_pair(f, true, &pair);
    memcpy(keys, f->keys, sizeof(keys));
    snprintf(f->keys, sizeof(f->keys), "%s/strange", f->dir);
    f->loop.wall_ms += 30 * DAY_MS + NOTICE_MS;
    assert_int_equal(open_keys(f, &strange), OK);
    size_t invented_size = sign(f, secrets_openssl_open(strange, &f->world), invented);
    secrets_openssl_destroy(strange);
    memcpy(f->keys, keys, sizeof(keys));
    assert_int_equal(verify(pair.other, invented, invented_size), ERR_UNAUTHORIZED);
    secrets_openssl_tend(pair.first, loop_wall_ms(&f->loop.loop) - NOTICE_MS, 30 * DAY_MS);
    size_t size = sign(f, pair.one, token);
    for (int i = 0; i < 100; i++) {
        f->loop.wall_ms += i == 0 ? 999 : 0;
        assert_int_equal(verify(pair.other, invented, invented_size), ERR_UNAUTHORIZED);
        assert_int_equal(verify(pair.other, token, size), ERR_UNAUTHORIZED);
        assert_false(publishes_two(pair.other));
    }
    f->loop.wall_ms += 1;
    assert_int_equal(verify(pair.other, invented, invented_size), ERR_UNAUTHORIZED);
    assert_true(publishes_two(pair.other));
    assert_int_equal(verify(pair.other, token, size), OK);
    close_pair(&pair);
}

struct starting {
    pthread_t thread;
    struct fixture *f;
    struct secrets_openssl *shared;
    uint64_t now_ms;
    enum err err;
};

static void *start_one(void *context)
{
    struct starting *one = context;
    struct secrets_openssl_options options = {
        one->f->keys, "us", "them", LIFETIME_MS, one->now_ms, &one->f->logger};
    do {
        one->err = secrets_openssl_create(&options, &one->shared);
    } while (one->err == ERR_IN_USE);
    return NULL;
}

static void *tend_one(void *context)
{
    struct starting *one = context;
    secrets_openssl_tend(one->shared, one->now_ms, 30 * DAY_MS);
    return NULL;
}

static void all_at_once(struct starting *all, void *(*does)(void *context))
{
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&all[i].thread, NULL, does, &all[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].err, OK);
    }
}

/* A lock is of who opened the file, so threads exclude each other as processes do. Each has another
 * time, so that two keys would be two files. */
static void all_that_start_and_change_at_once_make_one_key(void **state)
{
    struct fixture *f = *state;
    struct starting all[WORKERS] = {0};
    for (int i = 0; i < WORKERS; i++) {
        all[i].f = f;
        all[i].now_ms = loop_wall_ms(&f->loop.loop) + (uint64_t)i;
    }
    all_at_once(all, start_one);
    assert_int_equal(count_key_files(f), 1);
    for (int i = 0; i < WORKERS; i++) {
        all[i].now_ms += 31 * DAY_MS;
    }
    all_at_once(all, tend_one);
    assert_int_equal(count_key_files(f), 2);
    all_at_once(all, tend_one);
    assert_int_equal(count_key_files(f), 2);
    for (int i = 0; i < WORKERS; i++) {
        assert_true(publishes_two(secrets_openssl_open(all[i].shared, &f->world)));
        secrets_openssl_destroy(all[i].shared);
    }
}

static void what_a_crash_left_of_a_write_is_written_anew(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    char file[128];
    assert_int_equal(mkdir(f->keys, 0700), 0);
    snprintf(file, sizeof(file), "%s/.mac.key.%d", f->keys, (int)getpid());
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fclose(out);
    assert_int_equal(open_keys(f, &shared), OK);
    secrets_openssl_destroy(shared);
}

struct checking_worker {
    pthread_t thread;
    struct secrets *secrets;
    char tokens[TOKENS_EACH][TOKEN_BYTES_MAX];
    size_t sizes[TOKENS_EACH];
    int wrong; /* answers */
};

/* Each token is checked as it is, and with another signature. */
static void *check_tokens(void *context)
{
    struct checking_worker *worker = context;
    for (int i = 0; i < TOKENS_EACH; i++) {
        char *token = worker->tokens[i];
        char *last_but_one = &token[worker->sizes[i] - 2];
        worker->wrong += verify(worker->secrets, token, worker->sizes[i]) != OK;
        *last_but_one = *last_but_one == 'A' ? 'B' : 'A';
        worker->wrong += verify(worker->secrets, token, worker->sizes[i]) != ERR_UNAUTHORIZED;
    }
    return NULL;
}

static void workers_check_tokens_of_one_key_at_the_same_time(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    static struct checking_worker workers[WORKERS];
    assert_int_equal(open_keys(f, &shared), OK);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].secrets = secrets_openssl_open(shared, &f->world);
        for (int j = 0; j < TOKENS_EACH; j++) {
            workers[i].sizes[j] = sign(f, workers[i].secrets, workers[i].tokens[j]);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, check_tokens, &workers[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
    }
    secrets_openssl_destroy(shared);
}

static void keys_that_a_crash_left_behind_are_removed_at_the_start(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    char command[512];
    assert_int_equal(open_keys(f, &shared), OK);
    struct published before = published_by(secrets_openssl_open(shared, &f->world));
    secrets_openssl_destroy(shared);
    snprintf(command, sizeof(command),
        "cd '%s' && cp token-*.pem token-1.pem && cp token-1.pem token-2.pem", f->keys);
    assert_int_equal(system(command), 0);
    assert_int_equal(open_keys(f, &shared), OK);
    assert_non_null(strstr(before.text, "\"kid\""));
    struct published after = published_by(secrets_openssl_open(shared, &f->world));
    assert_memory_equal(after.text, before.text, strlen(before.text) - 2); /* without ]} */
    assert_int_equal(count_key_files(f), 2);
    secrets_openssl_destroy(shared);
}

static void keys_that_others_may_read_stop_the_start(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    char file[128];
    assert_int_equal(open_keys(f, &shared), OK);
    secrets_openssl_destroy(shared);
    snprintf(file, sizeof(file), "%s/mac.key", f->keys);
    assert_int_equal(chmod(file, 0640), 0);
    assert_int_equal(open_keys(f, &shared), ERR_BAD_CONFIG);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(chmod(f->keys, 0755), 0);
    assert_int_equal(open_keys(f, &shared), ERR_BAD_CONFIG);
    assert_int_equal(chmod(f->keys, 0700), 0);
    assert_int_equal(open_keys(f, &shared), OK);
    secrets_openssl_destroy(shared);
}

static void an_empty_or_short_mac_key_stops_the_start(void **state)
{
    struct fixture *f = *state;
    struct secrets_openssl *shared = NULL;
    char file[128];
    assert_int_equal(mkdir(f->keys, 0700), 0);
    snprintf(file, sizeof(file), "%s/mac.key", f->keys);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs("short", out);
    fclose(out);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(open_keys(f, &shared), ERR_BAD_CONFIG);
}

static void argon2_hashes_fit_their_password_alone(void **state)
{
    static const uint8_t salt[PASSWORD_SALT_SIZE] = {7};
    char hash[PASSWORD_HASH_SIZE];
    bool outdated = true;
    (void)state;
    assert_true(password_hash_make(str("violet staircase"), salt, hash));
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_true(password_hash_fits(str("violet staircase"), str(hash), &outdated));
    assert_false(outdated);
    assert_false(password_hash_fits(str("violet staircas"), str(hash), &outdated));
    assert_false(
        password_hash_fits((struct cht_str){"violet staircase\0", 17}, str(hash), &outdated));
}

/* The hash is of 72 times x; bcrypt itself would take anything that begins so. */
static void old_bcrypt_hashes_fit_and_are_outdated(void **state)
{
    static const char hash[] = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    char longest[74];
    bool outdated = false;
    (void)state;
    memset(longest, 'x', 73);
    longest[73] = '\0';
    assert_false(password_hash_fits(str(longest), str(hash), &outdated));
    longest[72] = '\0';
    assert_true(password_hash_fits(str(longest), str(hash), &outdated));
    assert_true(outdated);
    longest[71] = '\0';
    assert_false(password_hash_fits(str(longest), str(hash), &outdated));
}

static void hashes_that_ask_for_too_much_are_not_computed(void **state)
{
    static const char *const bad[] = {"", "x",
        "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAA$AAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=99999,p=1$AAAAAAAAAAA$AAAAAAAAAAA",
        "$argon2id$v=19$m=19456,t=2,p=200$AAAAAAAAAAA$AAAAAAAAAAA",
        "$2b$31$abcdefghijklmnopqrstuuxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "$2b$04$", "$1$abc$def"};
    bool outdated = false;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(password_hash_fits(str("violet staircase"), str(bad[i]), &outdated));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tokens_and_macs_survive_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            two_keys_are_good_and_the_third_ends_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_key_grows_old_and_goes_with_its_last_token, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            keys_that_a_crash_left_behind_are_removed_at_the_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            keys_that_others_may_read_stop_the_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_empty_or_short_mac_key_stops_the_start, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            workers_check_tokens_of_one_key_at_the_same_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            two_on_one_directory_believe_and_mac_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_guest_makes_nothing_and_has_keys_when_another_made_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_key_of_another_process_is_known_before_it_signs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_token_of_an_unknown_key_makes_it_look_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(invented_keys_cost_one_look_a_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            all_that_start_and_change_at_once_make_one_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_a_crash_left_of_a_write_is_written_anew, set_up, tear_down),
        cmocka_unit_test(argon2_hashes_fit_their_password_alone),
        cmocka_unit_test(old_bcrypt_hashes_fit_and_are_outdated),
        cmocka_unit_test(hashes_that_ask_for_too_much_are_not_computed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
