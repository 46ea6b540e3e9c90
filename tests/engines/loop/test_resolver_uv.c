/* The resolver of a loop keeps its contract. */

#include "net_engine.h"

int main(void)
{
    return resolver_contract(net_engine("resolver_uv", false));
}
