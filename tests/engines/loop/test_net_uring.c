/* The port net of a loop keeps its contract where many sends leave by io_uring. */

#include <stdio.h>

#include "net_engine.h"

int main(void)
{
    if (!net_engine_has_uring()) {
        printf("1..1\nok 1 - net_uring # SKIP the system gives no io_uring\n");
        return 0;
    }
    return net_contract(net_engine("net_uring", true));
}
