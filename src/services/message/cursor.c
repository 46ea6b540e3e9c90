/* cursor - see cursor.h.
 *
 * Happy path: position and 16 bytes of MAC, in base64url. How it fails: what does not decode or
 * does not verify is refused. */

#include "cursor.h"

#include <string.h>

#include "base/base64url.h"

#define MAC_BYTES 16

struct signed_bytes {
    char bytes[1024];
    uint32_t size;
};

static void add(struct signed_bytes *to, const void *bytes, uint32_t size)
{
    CHECK(sizeof(to->bytes) - to->size >= size + sizeof(size));
    memcpy(to->bytes + to->size, &size, sizeof(size));
    to->size += (uint32_t)sizeof(size);
    if (size > 0) {
        memcpy(to->bytes + to->size, bytes, size);
        to->size += size;
    }
}

static void make_mac(const struct message_service *service, const struct cht_command *command,
    struct cht_str position, uint8_t ret_mac[32])
{
    struct signed_bytes all = {.size = 0};
    add(&all, &command->author, sizeof(command->author));
    add(&all, &command->type, sizeof(command->type));
    add(&all, &command->room, sizeof(command->room));
    add(&all, command->q.at, command->q.size);
    add(&all, command->prefix.at, command->prefix.size);
    add(&all, position.at, position.size);
    secrets_mac(service->deps.secrets, "cursor", (struct cht_str){all.bytes, all.size}, ret_mac);
}

struct cht_str cursor_write(const struct message_service *service,
    const struct cht_command *command, struct cht_str position, char *ret_text)
{
    uint8_t bytes[CURSOR_POSITION_MAX + MAC_BYTES];
    uint8_t mac[32];
    CHECK(position.size > 0 && position.size <= CURSOR_POSITION_MAX);
    make_mac(service, command, position, mac);
    memcpy(bytes, position.at, position.size);
    memcpy(bytes + position.size, mac, MAC_BYTES);
    size_t size = base64url_write(bytes, position.size + MAC_BYTES, ret_text);
    return (struct cht_str){ret_text, (uint32_t)size};
}

bool cursor_read(const struct message_service *service, const struct cht_command *command,
    char *ret_bytes, struct cht_str *ret_position)
{
    size_t size = 0;
    uint8_t mac[32];
    if (!base64url_read(
            command->cursor, (uint8_t *)ret_bytes, CURSOR_POSITION_MAX + MAC_BYTES, &size) ||
        size <= MAC_BYTES) {
        return false;
    }
    *ret_position = (struct cht_str){ret_bytes, (uint32_t)size - MAC_BYTES};
    make_mac(service, command, *ret_position, mac);
    return secrets_equal(service->deps.secrets, mac, ret_bytes + ret_position->size, MAC_BYTES);
}
