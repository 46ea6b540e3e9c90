/* The port history on Cassandra keeps its contract. */

#include "cassandra_engine.h"

int main(void)
{
    return history_contract(cassandra_engine());
}
