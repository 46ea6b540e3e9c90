/* jwt - the one form of an access token.
 *
 * Happy path: three parts, the header is exactly ours, the key with its kid fits the signature, the
 * claims are whole and of now. How it fails: UNAUTHORIZED for everything that we would not have
 * written, without a reason that would help to write it. */

#include "secrets/jwt.h"

#include <string.h>

#include "base/base64url.h"
#include "chattifier/events.h"

#define HEADER_BYTES_MAX 256
#define CLAIMS_BYTES_MAX 2048
#define MEMBERS_MAX 16

struct parts {
    struct cht_str header, claims, signature;
    struct cht_str text; /* header and claims with the dot between: what is signed */
};

static bool next_part(struct cht_str *rest, struct cht_str *ret_part)
{
    const char *dot = rest->size ? memchr(rest->at, '.', rest->size) : NULL;
    if (!dot) {
        return false;
    }
    uint32_t size = (uint32_t)(dot - rest->at);
    *ret_part = (struct cht_str){rest->at, size};
    *rest = (struct cht_str){dot + 1, rest->size - size - 1};
    return size > 0;
}

static bool split(struct cht_str token, struct parts *ret_parts)
{
    struct cht_str rest = token;
    if (token.size > TOKEN_BYTES_MAX || !next_part(&rest, &ret_parts->header) ||
        !next_part(&rest, &ret_parts->claims)) {
        return false;
    }
    ret_parts->signature = rest;
    ret_parts->text = (struct cht_str){token.at, (uint32_t)(rest.at - 1 - token.at)};
    return rest.size > 0 && !memchr(rest.at, '.', rest.size);
}

/* Decodes one part and reads it as an object. The members point into `bytes`. */
static bool read_object(struct cht_str part, uint8_t *bytes, size_t capacity,
    struct cht_member ret_members[MEMBERS_MAX], size_t *ret_count)
{
    size_t size = 0;
    if (!base64url_read(part, bytes, capacity, &size)) {
        return false;
    }
    struct cht_str object = {(const char *)bytes, (uint32_t)size};
    return cht_read_members(object, ret_members, MEMBERS_MAX, ret_count);
}

static const struct cht_member *find(
    const struct cht_member *members, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (cht_str_is(members[i].name, name)) {
            return &members[i];
        }
    }
    return NULL;
}

static bool is_text(const struct cht_member *member, const char *text)
{
    return member && member->type == CHT_JSON_TEXT && cht_str_is(member->value, text);
}

/* Exactly three members, so there is no place for jku, jwk, x5u, x5c or crit. */
static bool read_header(const struct cht_member *members, size_t count, struct cht_str *ret_kid)
{
    const struct cht_member *kid = find(members, count, "kid");
    if (count != 3 || !is_text(find(members, count, "alg"), "ES256") ||
        !is_text(find(members, count, "typ"), "at+jwt") || !kid || kid->type != CHT_JSON_TEXT) {
        return false;
    }
    *ret_kid = kid->value;
    return true;
}

static bool read_number(
    const struct cht_member *members, size_t count, const char *name, uint64_t *ret_number)
{
    const struct cht_member *member = find(members, count, name);
    if (!member || member->type != CHT_JSON_NUMBER || member->number > CHT_NUMBER_MAX) {
        return false;
    }
    *ret_number = member->number;
    return true;
}

static bool read_id(
    const struct cht_member *members, size_t count, const char *name, struct cht_id *ret_id)
{
    const struct cht_member *member = find(members, count, name);
    return member && member->type == CHT_JSON_TEXT && cht_id_from_text(member->value, ret_id) &&
           !cht_id_is_none(ret_id);
}

static bool read_claims(const struct jwt_policy *policy, const struct cht_member *members,
    size_t count, struct identity *ret_identity)
{
    uint64_t issued_s = 0;
    uint64_t expires_s = 0;
    if (!is_text(find(members, count, "iss"), policy->issuer) ||
        !is_text(find(members, count, "aud"), policy->audience) ||
        !read_id(members, count, "sub", &ret_identity->user) ||
        !read_id(members, count, "did", &ret_identity->device) ||
        !read_number(members, count, "ver", &ret_identity->token_version) ||
        !read_number(members, count, "iat", &issued_s) ||
        !read_number(members, count, "exp", &expires_s)) {
        return false;
    }
    if (issued_s > CHT_NUMBER_MAX / 1000 || expires_s > CHT_NUMBER_MAX / 1000) {
        return false;
    }
    ret_identity->issued_at = issued_s * 1000;
    ret_identity->expires_at = expires_s * 1000;
    return true;
}

/* `nbf` is none of ours, but means what it means. */
static bool has_begun(const struct cht_member *members, size_t count, uint64_t now_ms)
{
    uint64_t not_before_s = 0;
    return !find(members, count, "nbf") || (read_number(members, count, "nbf", &not_before_s) &&
                                               not_before_s <= (now_ms + JWT_LEEWAY_MS) / 1000);
}

static enum err judge_times(const struct jwt_question *question, const struct identity *identity)
{
    uint64_t lifetime_ms = question->policy->lifetime_ms;
    if (identity->issued_at > question->now_ms + JWT_LEEWAY_MS ||
        identity->expires_at <= identity->issued_at ||
        identity->expires_at - identity->issued_at > lifetime_ms) {
        return ERR_UNAUTHORIZED;
    }
    return identity->expires_at <= question->now_ms ? ERR_STALE : OK;
}

static bool signature_fits(struct jwt_checker *checker, const struct parts *parts)
{
    uint8_t bytes[HEADER_BYTES_MAX];
    uint8_t raw[JWT_SIGNATURE_SIZE];
    struct cht_member members[MEMBERS_MAX];
    struct cht_str kid;
    size_t count = 0;
    size_t size = 0;
    return read_object(parts->header, bytes, sizeof(bytes), members, &count) &&
           read_header(members, count, &kid) &&
           base64url_read(parts->signature, raw, sizeof(raw), &size) && size == sizeof(raw) &&
           checker->fits(checker, kid, parts->text, raw);
}

enum err jwt_read(const struct jwt_question *question, struct identity *ret_identity)
{
    uint8_t bytes[CLAIMS_BYTES_MAX];
    struct cht_member members[MEMBERS_MAX];
    struct parts parts;
    struct identity identity = {0};
    size_t count = 0;
    *ret_identity = identity;
    if (!split(question->token, &parts) || !signature_fits(question->checker, &parts) ||
        !read_object(parts.claims, bytes, sizeof(bytes), members, &count) ||
        !read_claims(question->policy, members, count, &identity) ||
        !has_begun(members, count, question->now_ms)) {
        return ERR_UNAUTHORIZED;
    }
    enum err err = judge_times(question, &identity);
    if (err != ERR_UNAUTHORIZED) {
        *ret_identity = identity;
    }
    return err;
}

static size_t write_header(struct cht_str kid, char *ret_text, size_t size)
{
    struct cht_json json = {.at = ret_text, .size = size};
    cht_json_begin(&json, '{');
    cht_json_key(&json, "alg");
    cht_json_text(&json, cht_str_of("ES256"));
    cht_json_key(&json, "kid");
    cht_json_text(&json, kid);
    cht_json_key(&json, "typ");
    cht_json_text(&json, cht_str_of("at+jwt"));
    cht_json_end(&json, '}');
    return json.used;
}

static size_t write_claims(
    const struct jwt_policy *policy, const struct identity *identity, char *ret_text, size_t size)
{
    struct cht_json json = {.at = ret_text, .size = size};
    cht_json_begin(&json, '{');
    cht_json_key(&json, "sub");
    cht_json_id(&json, &identity->user);
    cht_json_key(&json, "did");
    cht_json_id(&json, &identity->device);
    cht_json_key(&json, "ver");
    cht_json_u64(&json, identity->token_version);
    cht_json_key(&json, "iat");
    cht_json_u64(&json, identity->issued_at / 1000);
    cht_json_key(&json, "exp");
    cht_json_u64(&json, identity->expires_at / 1000);
    cht_json_key(&json, "iss");
    cht_json_text(&json, cht_str_of(policy->issuer));
    cht_json_key(&json, "aud");
    cht_json_text(&json, cht_str_of(policy->audience));
    cht_json_end(&json, '}');
    return json.used;
}

size_t jwt_write_unsigned(const struct jwt_write *write, char *ret_text, size_t size)
{
    char header[HEADER_BYTES_MAX];
    char claims[CLAIMS_BYTES_MAX];
    size_t header_size = write_header(write->kid, header, sizeof(header));
    size_t claims_size = write_claims(write->policy, write->identity, claims, sizeof(claims));
    if (header_size > sizeof(header) || claims_size > sizeof(claims) ||
        base64url_size(header_size) + 1 + base64url_size(claims_size) > size) {
        return 0;
    }
    size_t used = base64url_write(header, header_size, ret_text);
    ret_text[used++] = '.';
    return used + base64url_write(claims, claims_size, ret_text + used);
}
