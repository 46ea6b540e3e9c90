/* fuzz_gateway - what a head says of who asks: its fields as lines of the input, a name and a value
 * with a colon between. The first byte says how many proxies are trusted.
 *
 * Happy path: what claims an identity is left out in every spelling; an origin is let in only if it
 * is exactly ours or listed; an address is one that a trusted proxy wrote, or the peer's. How it
 * fails: a trap, which the fuzzer reports with its input. */

#include <stdio.h>
#include <string.h>

#include "demand.h"
#include "gateway/gateway_inner.h"

#define FIELDS_MAX 16
#define LISTED "https://a.example, https://b.example"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static uint32_t read_fields(char *text, struct http_field *ret_fields)
{
    uint32_t count = 0;
    for (char *line; count < FIELDS_MAX && (line = strsep(&text, "\n"));) {
        char *value = line;
        const char *name = strsep(&value, ":");
        ret_fields[count++] =
            (struct http_field){cht_str_of(name), value ? cht_str_of(value) : cht_str_of("")};
    }
    return count;
}

/* The same name as somebody would write it who hopes that it is not known. */
static void check_spelling(struct cht_str name)
{
    char other[64];
    if (name.size > sizeof(other)) {
        return;
    }
    for (uint32_t i = 0; i < name.size; i++) {
        char at = name.at[i];
        bool letter = at >= 'a' && at <= 'z';
        other[i] = letter ? (char)(at - 'a' + 'A') : at == '-' ? '_' : at == '_' ? '.' : at;
    }
    DEMAND(
        gateway_header_claims((struct cht_str){other, name.size}) == gateway_header_claims(name));
}

static void check_strip(const struct edge_request *request)
{
    struct http_field left[HTTP_FIELDS_MAX];
    uint32_t count = gateway_headers_strip(request, left);
    DEMAND(count <= request->field_count);
    for (uint32_t i = 0; i < count; i++) {
        DEMAND(!gateway_header_claims(left[i].name));
    }
    for (uint32_t i = 0; i < request->field_count; i++) {
        check_spelling(request->fields[i].name);
    }
}

static bool is_own(struct cht_str origin, const char *scheme, struct cht_str host)
{
    char own[512];
    int size = snprintf(own, sizeof(own), "%s%.*s", scheme, (int)host.size, host.at);
    return host.size > 0 && cht_str_equal(origin, (struct cht_str){own, (uint32_t)size});
}

static void check_origin(struct cht_str origin, struct cht_str host)
{
    bool listed = cht_str_equal(origin, cht_str_of("https://a.example")) ||
                  cht_str_equal(origin, cht_str_of("https://b.example"));
    bool own = is_own(origin, "http://", host) || is_own(origin, "https://", host);
    DEMAND(host.size > 256 || gateway_origin_allowed(origin, host, LISTED) == (listed || own));
}

static void check_values(const struct edge_request *request)
{
    struct cht_str host, origin, authorization, token;
    (void)gateway_header_once(request, "host", &host);
    (void)gateway_header_once(request, "origin", &origin);
    (void)gateway_header_once(request, "authorization", &authorization);
    check_origin(origin.at ? origin : cht_str_of(""), host.at ? host : cht_str_of(""));
    if (authorization.at && gateway_bearer(authorization, &token)) {
        DEMAND(token.size > 0 && token.at + token.size == authorization.at + authorization.size);
        DEMAND(!memchr(token.at, ' ', token.size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct http_field fields[FIELDS_MAX];
    struct edge_request request = {.fields = fields, .peer = {.ip = {1, 2, 3}, .port = 4}};
    if (size == 0) {
        return 0;
    }
    char *text = malloc(size);
    DEMAND(text != NULL);
    memcpy(text, bytes + 1, size - 1);
    text[size - 1] = '\0';
    request.field_count = read_fields(text, fields);
    check_strip(&request);
    check_values(&request);
    struct net_address address = gateway_client_address(&request, bytes[0] % 4);
    DEMAND(bytes[0] % 4 > 0 || memcmp(&address, &request.peer, sizeof(address)) == 0);
    free(text);
    return 0;
}
