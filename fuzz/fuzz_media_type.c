/* fuzz_media_type - the Content-Type of JSON. What passes for it names the type, has no character
 * that separates or ends a header, and no second opinion about its charset. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "chattifier/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    bool json = cht_is_json_type((struct cht_str){copy, (uint32_t)size});
    if (json && (size < 16 || strncasecmp(copy, "application/json", 16) != 0)) {
        abort();
    }
    if (json && !memchr(copy, '"', size) && (strpbrk(copy, ",\r\n") || strlen(copy) != size)) {
        abort();
    }
    for (char *at = copy; json && (at = strcasestr(at, "; charset=")); at++) {
        bool quoted = memchr(copy, '"', (size_t)(at - copy)) != NULL;
        if (!quoted && strncasecmp(at + 10, "utf-8", 5) != 0 && at[10] != '"') {
            abort();
        }
    }
    free(copy);
    return 0;
}
