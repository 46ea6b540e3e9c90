/* The model of the port log keeps the contract of the port. */

#include "at_once.h"

int main(void)
{
    return log_contract(at_once_engine("log of the simulation"));
}
