/* The port net of a loop keeps its contract for connections that we open; with and without a ring
 * they are the same code. */

#include "net_engine.h"

int main(void)
{
    return net_connect_contract(net_engine("net_connect", false));
}
