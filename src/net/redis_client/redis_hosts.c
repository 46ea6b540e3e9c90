/* redis_hosts - see the header. Happy path: hosts of a list, one after the other. How it fails:
 * what is not exactly that is refused as a whole. */

#include "redis_client/redis_hosts.h"

#include "base/comma_list.h"

enum err redis_host_read(struct cht_str name, struct cht_str port, struct redis_host *ret_host)
{
    return host_port_take(name, port, ret_host->name, &ret_host->port) ? OK : ERR_BAD_CONFIG;
}

enum err redis_hosts_read(const char *text, uint16_t port, struct redis_hosts *ret_hosts)
{
    ret_hosts->count = 0;
    do {
        struct cht_str one = comma_list_take(&text);
        if (ret_hosts->count == REDIS_HOSTS_MAX) {
            return ERR_BAD_CONFIG;
        }
        struct redis_host *host = &ret_hosts->at[ret_hosts->count++];
        host->port = port;
        if (!host_port_read(one, host->name, &host->port)) {
            return ERR_BAD_CONFIG;
        }
    } while (*text);
    return OK;
}
