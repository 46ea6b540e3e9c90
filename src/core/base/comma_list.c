/* comma_list - up to the comma, without blanks. How it fails: it does not. */

#include "base/comma_list.h"

#include <string.h>

struct cht_str comma_list_take(const char **list)
{
    const char *at = *list;
    size_t size = strcspn(at, ",");
    *list += size + (at[size] ? 1 : 0);
    while (size > 0 && *at == ' ') {
        at++;
        size--;
    }
    while (size > 0 && at[size - 1] == ' ') {
        size--;
    }
    return (struct cht_str){at, (uint32_t)size};
}
