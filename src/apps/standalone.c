/* standalone - every service in one process.
 *
 * Happy path: build the house, say `ready`, run until a signal, drain, exit 0. How it fails: the
 * line was logged, exit 1. */

#include <stdio.h>

#include "house.h"
#include "roles.h"

int role_standalone(const struct options *options)
{
    static struct house house;
    enum err err = house_init(&house, options);
    if (err == OK) {
        printf("ready http://%s:%u\n", house.app.host, house.port);
        fflush(stdout);
        house_run(&house);
    }
    house_deinit(&house);
    return err == OK ? 0 : 1;
}
