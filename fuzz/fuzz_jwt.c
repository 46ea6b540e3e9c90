/* fuzz_jwt - any bytes as an access token, and any bytes as header and claims of a signed one.
 *
 * Happy path: refused, or an identity that is whole. How it fails: a sanitizer speaks, or a token
 * that is good is not. */

#include <stdlib.h>
#include <string.h>

#include "base/base64url.h"
#include "secrets/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool every_signature_fits(struct jwt_checker *checker, struct cht_str kid,
    struct cht_str text, const uint8_t raw[JWT_SIGNATURE_SIZE])
{
    (void)checker;
    (void)kid;
    (void)text;
    (void)raw;
    return true;
}

static void read_token(struct cht_str token)
{
    struct jwt_checker checker = {every_signature_fits};
    struct jwt_policy policy = {"us", "them", 900000};
    struct jwt_question question = {&checker, &policy, UINT64_C(1800000000000), token};
    struct identity identity;
    enum err err = jwt_read(&question, &identity);
    bool whole = !cht_id_is_none(&identity.user) && !cht_id_is_none(&identity.device) &&
                 identity.expires_at > identity.issued_at;
    if ((err == OK || err == ERR_STALE) != whole) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char header[] = "{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"at+jwt\"}";
    char token[8192];
    size_t used = base64url_write(header, sizeof(header) - 1, token);
    if (size > 2048) {
        return 0;
    }
    read_token((struct cht_str){(const char *)bytes, (uint32_t)size});
    token[used++] = '.';
    used += base64url_write(bytes, size, token + used);
    token[used++] = '.';
    memset(token + used, 'A', 86);
    read_token((struct cht_str){token, (uint32_t)used + 86});
    return 0;
}
