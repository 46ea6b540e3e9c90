/* tokens - refresh tokens and the answer that carries a pair.
 *
 * A refresh token is chr_ and base64url of {user, device, generation, token version, MAC}. The MAC
 * with the server's key makes the token of a generation the same every time it is written, so an
 * answer that was lost can be given again; the hash in the store says which generation is the
 * newest. How it fails: a text that is not exactly ours is not looked up anywhere. */

#include <string.h>

#include "base/base64url.h"
#include "base/big_endian.h"
#include "base/check.h"
#include "base/mem.h"
#include "user/user_inner.h"

#define CONTENT_SIZE 48
#define TOKEN_SIZE (CONTENT_SIZE + 32)
#define PREFIX "chr_"
#define PREFIX_SIZE 4

static void seal(
    struct user_service *service, const uint8_t content[CONTENT_SIZE], uint8_t ret_mac[32])
{
    secrets_mac(service->deps.secrets, "refresh",
        (struct cht_str){(const char *)content, CONTENT_SIZE}, ret_mac);
}

void refresh_token_write(
    struct user_service *service, const struct refresh_token *token, char *ret_text)
{
    uint8_t bytes[TOKEN_SIZE];
    memcpy(bytes, token->user.bytes, 16);
    memcpy(bytes + 16, token->device.bytes, 16);
    big_endian_put(bytes + 32, token->generation);
    big_endian_put(bytes + 40, token->token_version);
    seal(service, bytes, bytes + CONTENT_SIZE);
    memcpy(ret_text, PREFIX, PREFIX_SIZE);
    size_t size = base64url_write(bytes, TOKEN_SIZE, ret_text + PREFIX_SIZE);
    CHECK(size == REFRESH_TOKEN_SIZE - PREFIX_SIZE);
    mem_wipe(bytes, sizeof(bytes));
}

bool refresh_token_read(
    struct user_service *service, struct cht_str text, struct refresh_token *ret_token)
{
    uint8_t bytes[TOKEN_SIZE];
    uint8_t mac[32];
    size_t size;
    if (text.size != REFRESH_TOKEN_SIZE || memcmp(text.at, PREFIX, PREFIX_SIZE) != 0) {
        return false;
    }
    struct cht_str sealed = {text.at + PREFIX_SIZE, text.size - PREFIX_SIZE};
    if (!base64url_read(sealed, bytes, TOKEN_SIZE, &size) || size != TOKEN_SIZE) {
        return false;
    }
    seal(service, bytes, mac);
    memcpy(ret_token->user.bytes, bytes, 16);
    memcpy(ret_token->device.bytes, bytes + 16, 16);
    ret_token->generation = big_endian_get(bytes + 32);
    ret_token->token_version = big_endian_get(bytes + 40);
    return secrets_equal(service->deps.secrets, mac, bytes + CONTENT_SIZE, sizeof(mac));
}

static void write_newest(struct user_service *service, const struct device *device,
    uint64_t token_version, char ret_text[REFRESH_TOKEN_SIZE])
{
    struct refresh_token token = {device->user, device->id, device->generation, token_version};
    refresh_token_write(service, &token, ret_text);
}

void refresh_token_advance(
    struct user_service *service, struct device *device, uint64_t token_version)
{
    char text[REFRESH_TOKEN_SIZE];
    memcpy(device->previous_hash, device->refresh_hash, sizeof(device->previous_hash));
    device->generation++;
    device->rotated_at = user_now_ms(service);
    device->last_seen = device->rotated_at;
    write_newest(service, device, token_version, text);
    secrets_digest(
        service->deps.secrets, (struct cht_str){text, sizeof(text)}, device->refresh_hash);
    mem_wipe(text, sizeof(text));
}

static void write_access_token(struct user_service *service, struct cht_json *json,
    const struct user *user, const struct device *device)
{
    char token[TOKEN_BYTES_MAX];
    uint64_t now_ms = user_now_ms(service);
    struct identity identity = {user->id, device->id, user->token_version, now_ms,
        now_ms / 1000 * 1000 + service->deps.settings->access_token_s * 1000};
    size_t size = secrets_sign_token(service->deps.secrets, &identity, token, sizeof(token));
    user_json_text(json, "access_token", (struct cht_str){token, (uint32_t)size});
}

void tokens_write(struct user_service *service, struct cht_json *json, const struct user *user,
    const struct device *device)
{
    char refresh[REFRESH_TOKEN_SIZE];
    write_access_token(service, json, user, device);
    write_newest(service, device, user->token_version, refresh);
    user_json_text(json, "refresh_token", (struct cht_str){refresh, sizeof(refresh)});
    cht_json_key(json, "expires_in");
    cht_json_u64(json, service->deps.settings->access_token_s);
    user_json_text(json, "token_type", (struct cht_str){"Bearer", 6});
    cht_json_key(json, "user");
    user_json_write(json, user);
    cht_json_key(json, "device");
    cht_json_begin(json, '{');
    cht_json_key(json, "id");
    cht_json_id(json, &device->id);
    user_json_text(json, "name", device->name);
    cht_json_end(json, '}');
    mem_wipe(refresh, sizeof(refresh));
}
