/* gateway_headers - what of a request's head may be believed.
 *
 * Happy path: fields that claim an identity are left out, the address is the peer's or the one that
 * our own proxy wrote. How it fails: an address that is none is the peer's. */

#include <arpa/inet.h>
#include <string.h>

#include "base/comma_list.h"
#include "gateway/gateway_inner.h"

static char canonical(char at)
{
    if (at >= 'A' && at <= 'Z') {
        return (char)(at - 'A' + 'a');
    }
    return at == '_' || at == '.' ? '-' : at;
}

static bool begins(struct cht_str name, const char *with)
{
    for (uint32_t i = 0; with[i]; i++) {
        if (i >= name.size || canonical(name.at[i]) != with[i]) {
            return false;
        }
    }
    return true;
}

bool gateway_header_claims(struct cht_str name)
{
    return begins(name, "x-gateway-") || begins(name, "x-user-") || begins(name, "x-forwarded-") ||
           (begins(name, "x-real-ip") && name.size == 9) ||
           (begins(name, "forwarded") && name.size == 9);
}

uint32_t gateway_headers_strip(
    const struct edge_request *request, struct http_field ret_fields[HTTP_FIELDS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < request->field_count && count < HTTP_FIELDS_MAX; i++) {
        if (!gateway_header_claims(request->fields[i].name)) {
            ret_fields[count++] = request->fields[i];
        }
    }
    return count;
}

static bool is_named(struct cht_str name, const char *wanted)
{
    return name.size == strlen(wanted) && strncasecmp(name.at, wanted, name.size) == 0;
}

bool gateway_header_once(
    const struct edge_request *request, const char *name, struct cht_str *ret_value)
{
    uint32_t count = 0;
    *ret_value = (struct cht_str){NULL, 0};
    for (uint32_t i = 0; i < request->field_count; i++) {
        if (is_named(request->fields[i].name, name)) {
            struct cht_str value = request->fields[i].value;
            *ret_value = (struct cht_str){value.at ? value.at : "", value.size};
            count++;
        }
    }
    return count <= 1;
}

bool gateway_bearer(struct cht_str authorization, struct cht_str *ret_token)
{
    if (authorization.size < 8 || strncasecmp(authorization.at, "Bearer ", 7) != 0) {
        return false;
    }
    *ret_token = (struct cht_str){authorization.at + 7, authorization.size - 7};
    return !memchr(ret_token->at, ' ', ret_token->size);
}

static bool parse_address(struct cht_str text, struct net_address *ret_address)
{
    char copy[48] = {0};
    struct net_address address = {.ip = {[10] = 0xff, [11] = 0xff}};
    while (text.size > 0 && text.at[0] == ' ') {
        text = (struct cht_str){text.at + 1, text.size - 1};
    }
    while (text.size > 0 && text.at[text.size - 1] == ' ') {
        text.size--;
    }
    if (text.size == 0 || text.size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text.at, text.size);
    if (inet_pton(AF_INET, copy, address.ip + 12) != 1 &&
        inet_pton(AF_INET6, copy, address.ip) != 1) {
        return false;
    }
    *ret_address = address;
    return true;
}

/* Another gateway says the address of its client; nobody else is believed behind one. */
uint64_t gateway_trusted(const struct gateway *gateway, const struct net_address *peer)
{
    const char *list = gateway->deps.settings->gateways;
    if (!gateway->deps.behind) {
        return gateway->deps.settings->trusted_proxies;
    }
    while (*list) {
        struct net_address listed;
        if (parse_address(comma_list_take(&list), &listed) &&
            memcmp(listed.ip, peer->ip, sizeof(listed.ip)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Takes the last element off a list with commas. */
static struct cht_str take_last(struct cht_str *list)
{
    const char *comma = list->size ? memrchr(list->at, ',', list->size) : NULL;
    uint32_t from = comma ? (uint32_t)(comma - list->at) + 1 : 0;
    struct cht_str last = {list->at + from, list->size - from};
    list->size = comma ? from - 1 : 0;
    return last;
}

struct net_address gateway_client_address(const struct edge_request *request, uint64_t trusted)
{
    struct net_address address = request->peer;
    uint64_t hop = 0;
    for (uint32_t i = request->field_count; i > 0 && hop < trusted; i--) {
        const struct http_field *field = &request->fields[i - 1];
        struct cht_str list = field->value;
        while (is_named(field->name, "x-forwarded-for") && list.size > 0 && hop < trusted) {
            struct cht_str last = take_last(&list);
            if (++hop == trusted && !parse_address(last, &address)) {
                return request->peer;
            }
        }
    }
    return address;
}
