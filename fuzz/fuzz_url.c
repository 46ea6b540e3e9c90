/* fuzz_url - paths and queries. A decoded path has no dot segments, no control characters, and is
 * decoded only once. */

#include <stdlib.h>
#include <string.h>

#include "wire/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    char *scratch = malloc(size + 1);
    memcpy(copy, bytes, size);
    struct cht_str text = {copy, (uint32_t)size};
    struct cht_str path;
    if (url_decode_path(text, scratch, &path)) {
        if (path.size > size || path.at[0] != '/' || memchr(path.at, 0, path.size) ||
            memmem(path.at, path.size, "/../", 4)) {
            abort();
        }
    }
    struct cht_str value;
    (void)url_query_get(text, "a", scratch, size, &value);
    (void)url_decode_query(text, scratch, &value);
    free(scratch);
    free(copy);
    return 0;
}
