/* The port log on SQLite keeps its contract. */

#include "sqlite_engine.h"

int main(void)
{
    return log_contract(sqlite_engine());
}
