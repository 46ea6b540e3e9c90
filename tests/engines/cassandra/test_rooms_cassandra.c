/* The port rooms on Cassandra keeps its contract. */

#include "cassandra_engine.h"

int main(void)
{
    return rooms_contract(cassandra_engine());
}
