#pragma once

/* gateway_inner - what the files of the gateway share. */

#include "gateway/gateway.h"

struct gateway {
    struct gateway_deps deps;
    struct edge_http_handler handler;
    struct edge_readers *readers; /* one for each listed origin, then one for all others */
    uint32_t listed;
};

/* ---- gateway_routes.c */
enum gateway_access { GATEWAY_TOKEN, GATEWAY_OPEN };

/* What may be done at a path. */
struct gateway_route {
    uint32_t methods; /* bit 1 << HTTP_..., HEAD with GET; OPTIONS always. 0: no such path */
    uint32_t open;    /* the bits that need no token */
    enum upstream_target target;
    char allow[64]; /* the header's value */
};

/* True for paths that are the API's, known or not. */
bool gateway_is_api(struct cht_str path);
void gateway_route_find(struct cht_str path, struct gateway_route *ret_route);

/* ---- gateway_origin.c */

/* True if `origin` is http or https on exactly `host` (as the Host header says), or exactly one of
 * `listed` (commas between). */
bool gateway_origin_allowed(struct cht_str origin, struct cht_str host, const char *listed);
bool gateway_origin_listed(struct cht_str origin, const char *listed);

/* The origins of `listed`, which must stay, and an empty one behind them; how many in
 * `ret_listed`. The caller frees. */
struct edge_readers *gateway_readers_create(const char *listed, uint32_t *ret_listed);

/* Who may read the answer to a request for the API; NULL where it makes no difference. */
const struct edge_readers *gateway_readers_of(
    const struct gateway *gateway, const struct http_head *head);

/* ---- gateway_headers.c */

/* True for fields by which others might claim to be somebody: X-Gateway-*, X-User-*, X-Forwarded-*,
 * X-Real-Ip, Forwarded, in any case and with underscores or dots for dashes. */
bool gateway_header_claims(struct cht_str name);

/* Copies all other fields; how many. */
uint32_t gateway_headers_strip(
    const struct edge_request *request, struct http_field ret_fields[HTTP_FIELDS_MAX]);

/* How many proxies are believed of a connection from `peer`. */
uint64_t gateway_trusted(const struct gateway *gateway, const struct net_address *peer);

/* The address that limits count: with n trusted proxies the n-th from the end of X-Forwarded-For;
 * the peer if that is not there. */
struct net_address gateway_client_address(const struct edge_request *request, uint64_t trusted);

/* The one value of a field that may be there once. False: it is there more than once. Absent: at ==
 * NULL. */
bool gateway_header_once(
    const struct edge_request *request, const char *name, struct cht_str *ret_value);

/* The token of "Bearer <token>"; false if it is none. */
bool gateway_bearer(struct cht_str authorization, struct cht_str *ret_token);

/* ---- gateway_answers.c */
struct gateway_refusal {
    int status; /* 0: the error's own */
    enum err err;
    const char *allow; /* value of Allow, or NULL */
};
void gateway_refuse(struct gateway *gateway, const struct edge_request *request,
    const struct gateway_refusal *refusal);
void gateway_answer_options(
    struct gateway *gateway, const struct edge_request *request, const char *allow);
void gateway_answer_info(struct gateway *gateway, const struct edge_request *request);
void gateway_answer_file(struct gateway *gateway, const struct edge_request *request);

/* ---- gateway_upgrade.c: GET /api/socket */
void gateway_upgrade(struct gateway *gateway, const struct edge_request *request);

/* ---- gateway.c */

/* Is the token good, and not revoked? ALLOWED, EXPIRED or REVOKED (also if it is no token at all).
 */
enum upstream_refusal gateway_judge(
    struct gateway *gateway, struct cht_str token, struct identity *ret_identity);

/* The same of a token that was good when it was given: is it revoked, or too old to know? */
enum upstream_refusal gateway_standing(struct gateway *gateway, const struct identity *who);

/* Without what the client claims to be, with the address that counts. */
void gateway_forward(
    struct gateway *gateway, enum upstream_target target, const struct upstream_call *call);
