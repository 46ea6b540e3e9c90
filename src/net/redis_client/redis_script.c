/* redis_script - the name that a server gives a script: SHA-1 of its text, in hexadecimal. Happy
 * path: computed once, at the start. How it fails: it does not. */

#include "redis_client/redis_script.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/check.h"

void redis_script_init(struct redis_script *ret_script, const char *text)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ret_script->text = cht_str_of(text);
    CHECK(EVP_Digest(text, ret_script->text.size, digest, &size, EVP_sha1(), NULL) == 1);
    CHECK(size * 2 == REDIS_SHA_SIZE);
    for (unsigned i = 0; i < size; i++) {
        snprintf(ret_script->sha + (size_t)2 * i, 3, "%02x", digest[i]);
    }
}
