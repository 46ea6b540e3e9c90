/* The port users on SQLite keeps its contract. */

#include "sqlite_engine.h"

int main(void)
{
    return users_contract(sqlite_engine());
}
