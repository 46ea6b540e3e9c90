/* The port net of a loop keeps its contract with a call for each send. */

#include "net_engine.h"

int main(void)
{
    return net_contract(net_engine("net_plain", false));
}
