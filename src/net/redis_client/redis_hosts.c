/* redis_hosts - see the header. Happy path: a name of letters that hosts have, and digits. How it
 * fails: what is not exactly that is refused as a whole. */

#include "redis_client/redis_hosts.h"

#include <string.h>

#include "base/comma_list.h"

/* Of names, and of both kinds of addresses; a zone of an IPv6 address too. */
static bool is_of_host(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr(".-_:%", c));
}

static bool read_name(struct cht_str text, struct redis_host *ret_host)
{
    if (text.size == 0 || text.size > RESOLVER_HOST_BYTES_MAX || cht_str_is(text, ".")) {
        return false;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        if (!is_of_host(text.at[i])) {
            return false;
        }
    }
    memcpy(ret_host->name, text.at, text.size);
    ret_host->name[text.size] = 0;
    return true;
}

static bool read_port(struct cht_str text, struct redis_host *ret_host)
{
    uint32_t port = 0;
    for (uint32_t i = 0; i < text.size && i < 6; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    ret_host->port = (uint16_t)port;
    return text.size > 0 && text.size < 6 && port > 0 && port <= UINT16_MAX;
}

enum err redis_host_read(struct cht_str name, struct cht_str port, struct redis_host *ret_host)
{
    return read_name(name, ret_host) && read_port(port, ret_host) ? OK : ERR_BAD_CONFIG;
}

/* Where the name ends: behind a bracket, or at the one colon. */
static bool split(struct cht_str text, struct cht_str *ret_name, struct cht_str *ret_port)
{
    const char *end = text.at + text.size;
    const char *after;
    *ret_name = text;
    *ret_port = (struct cht_str){0};
    if (text.at[0] == '[') {
        const char *bracket = memchr(text.at, ']', text.size);
        if (!bracket) {
            return false;
        }
        *ret_name = (struct cht_str){text.at + 1, (uint32_t)(bracket - text.at - 1)};
        after = bracket + 1;
    } else {
        const char *colon = memchr(text.at, ':', text.size);
        after = colon ? colon : end;
        ret_name->size = (uint32_t)(after - text.at);
    }
    if (after == end) {
        return true;
    }
    *ret_port = (struct cht_str){after + 1, (uint32_t)(end - after - 1)};
    return *after == ':' && ret_port->size > 0;
}

static bool read_one(struct cht_str text, uint16_t port, struct redis_host *ret_host)
{
    struct cht_str name, digits;
    if (text.size == 0 || !split(text, &name, &digits) || !read_name(name, ret_host)) {
        return false;
    }
    ret_host->port = port;
    return digits.size == 0 || read_port(digits, ret_host);
}

enum err redis_hosts_read(const char *text, uint16_t port, struct redis_hosts *ret_hosts)
{
    ret_hosts->count = 0;
    do {
        struct cht_str one = comma_list_take(&text);
        if (ret_hosts->count == REDIS_HOSTS_MAX ||
            !read_one(one, port, &ret_hosts->at[ret_hosts->count])) {
            return ERR_BAD_CONFIG;
        }
        ret_hosts->count++;
    } while (*text);
    return OK;
}
