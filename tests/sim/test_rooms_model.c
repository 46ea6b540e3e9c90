/* The model of the port rooms keeps the contract of the port. */

#include "at_once.h"

int main(void)
{
    return rooms_contract(at_once_engine("rooms of the simulation"));
}
