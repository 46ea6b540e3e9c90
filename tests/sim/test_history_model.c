/* The model of the port history keeps the contract of the port. */

#include "at_once.h"

int main(void)
{
    return history_contract(at_once_engine("history of the simulation"));
}
