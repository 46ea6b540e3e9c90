/* gateway_origin - which pages may talk to us.
 *
 * Happy path: the page's host is our own, letter by letter, port included. How it fails: "null", a
 * suffix, a prefix, another port or another case are all somebody else. */

#include <string.h>

#include "gateway/gateway_inner.h"

bool gateway_origin_listed(struct cht_str origin, const char *listed)
{
    while (origin.size > 0 && listed && *listed) {
        size_t size = strcspn(listed, ",");
        const char *at = listed;
        listed += size + (listed[size] ? 1 : 0);
        while (size > 0 && *at == ' ') {
            at++;
            size--;
        }
        while (size > 0 && at[size - 1] == ' ') {
            size--;
        }
        if (size == origin.size && memcmp(at, origin.at, size) == 0) {
            return true;
        }
    }
    return false;
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
