/* gateway_origin - which pages may talk to us.
 *
 * Happy path: the page's host is our own, letter by letter, port included. How it fails: "null", a
 * suffix, a prefix, another port or another case are all somebody else. */

#include <string.h>

#include "base/comma_list.h"
#include "base/mem.h"
#include "gateway/gateway_inner.h"

bool gateway_origin_listed(struct cht_str origin, const char *listed)
{
    while (origin.size > 0 && listed && *listed) {
        if (cht_str_equal(comma_list_take(&listed), origin)) {
            return true;
        }
    }
    return false;
}

struct edge_readers *gateway_readers_create(const char *listed, uint32_t *ret_listed)
{
    struct edge_readers *readers = NULL;
    uint32_t count = 0;
    while (listed && *listed) {
        struct cht_str origin = comma_list_take(&listed);
        if (origin.size > 0) {
            readers = mem_resize(readers, (count + 2) * sizeof(*readers));
            readers[count++].origin = origin;
        }
    }
    if (count > 0) {
        readers[count] = (struct edge_readers){0};
    }
    *ret_listed = count;
    return readers;
}

const struct edge_readers *gateway_readers_of(
    const struct gateway *gateway, const struct http_head *head)
{
    if (gateway->listed == 0 || !gateway_is_api(head->path)) {
        return NULL;
    }
    struct edge_request request = {.fields = head->fields, .field_count = head->field_count};
    struct cht_str origin = edge_request_field(&request, "origin");
    uint32_t at = 0;
    while (at < gateway->listed && !cht_str_equal(gateway->readers[at].origin, origin)) {
        at++;
    }
    return &gateway->readers[at];
}

static bool is_on_host(struct cht_str origin, const char *scheme, struct cht_str host)
{
    uint32_t size = (uint32_t)strlen(scheme);
    struct cht_str rest = {origin.at + size, origin.size - size};
    return origin.size > size && memcmp(origin.at, scheme, size) == 0 && cht_str_equal(rest, host);
}

bool gateway_origin_allowed(struct cht_str origin, struct cht_str host, const char *listed)
{
    return is_on_host(origin, "http://", host) || is_on_host(origin, "https://", host) ||
           gateway_origin_listed(origin, listed);
}
