/* management_access - tells an operator's request from a page's.
 *
 * Happy path: a tool sends neither Origin nor Sec-Fetch-Site, a person who types the address sends
 * "none". How it fails: anything that a page might have sent is refused. */

#include "management_access.h"

#include <string.h>

/* Without the port. */
static struct cht_str name_of(struct cht_str host)
{
    const char *end = host.size && host.at[0] == '[' ? memchr(host.at, ']', host.size) : NULL;
    const char *colon = end ? NULL : host.size ? memchr(host.at, ':', host.size) : NULL;
    if (end) {
        host.size = (uint32_t)(end - host.at) + 1;
    } else if (colon) {
        host.size = (uint32_t)(colon - host.at);
    }
    return host;
}

/* A name that DNS could point anywhere has a letter that no address has. */
static bool is_address(struct cht_str name)
{
    static const char of_v4[] = "0123456789.", of_v6[] = "0123456789abcdefABCDEF:.[]";
    const char *allowed = name.size && name.at[0] == '[' ? of_v6 : of_v4;
    for (uint32_t i = 0; i < name.size; i++) {
        if (!name.at[i] || !strchr(allowed, name.at[i])) {
            return false;
        }
    }
    return name.size > 0;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

bool management_may_ask(const struct edge_request *request, const char *host)
{
    struct cht_str site = edge_request_field(request, "sec-fetch-site");
    struct cht_str name = name_of(edge_request_field(request, "host"));
    if (edge_request_field(request, "origin").at || (site.at && !cht_str_is(site, "none"))) {
        return false;
    }
    return !is_loopback(host) || is_address(name) || cht_str_is(name, "localhost");
}
