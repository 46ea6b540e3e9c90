/* The port history on SQLite keeps its contract. */

#include "sqlite_engine.h"

int main(void)
{
    return history_contract(sqlite_engine());
}
