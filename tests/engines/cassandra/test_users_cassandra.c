/* The port users on Cassandra keeps its contract. */

#include "cassandra_engine.h"

int main(void)
{
    return users_contract(cassandra_engine());
}
