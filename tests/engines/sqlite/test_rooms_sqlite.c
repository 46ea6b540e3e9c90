/* The port rooms on SQLite keeps its contract. */

#include "sqlite_engine.h"

int main(void)
{
    return rooms_contract(sqlite_engine());
}
