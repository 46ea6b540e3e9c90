/* fuzz_refresh_token - any text as a refresh token, and any content as one.
 *
 * Happy path: what is taken is exactly what would be written for its content; a content comes back.
 * How it fails: a trap, which the fuzzer reports with its input. */

#include <string.h>

#include "demand.h"
#include "toy_secrets.h"
#include "user/user_inner.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct user_service service = {.deps = {.secrets = &toy_secrets}};

static void check_text(struct cht_str text)
{
    struct refresh_token token;
    char again[REFRESH_TOKEN_SIZE];
    if (refresh_token_read(&service, text, &token)) {
        refresh_token_write(&service, &token, again);
        DEMAND(cht_str_equal((struct cht_str){again, sizeof(again)}, text));
    }
}

static void check_content(const struct refresh_token *token)
{
    struct refresh_token again;
    char text[REFRESH_TOKEN_SIZE];
    refresh_token_write(&service, token, text);
    DEMAND(refresh_token_read(&service, (struct cht_str){text, sizeof(text)}, &again));
    DEMAND(cht_id_equal(&again.user, &token->user) && cht_id_equal(&again.device, &token->device));
    DEMAND(again.generation == token->generation && again.token_version == token->token_version);
    text[REFRESH_TOKEN_SIZE - 1 - token->generation % (REFRESH_TOKEN_SIZE - 1)] ^= 1;
    DEMAND(!refresh_token_read(&service, (struct cht_str){text, sizeof(text)}, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct refresh_token token = {0};
    char *copy = malloc(size + 1);
    DEMAND(copy != NULL);
    memcpy(copy, bytes, size);
    check_text((struct cht_str){copy, (uint32_t)size});
    memcpy(&token, copy, size < sizeof(token) ? size : sizeof(token));
    check_content(&token);
    free(copy);
    return 0;
}
