/* serve - a process of services: of all, or of those of a role.
 *
 * Happy path: build the house, say `ready`, run until a signal, drain, exit 0. How it fails: the
 * line was logged, exit 1; a list of services that makes no sense is refused with the command line.
 */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "house.h"
#include "roles.h"
#include "services.h"

/* Keys and passwords are in this memory: it goes into no core file. One byte is too little for a
 * file, and is what Linux takes as "none" where dumps are piped to a program; none at all would not
 * be. And nothing that runs here may ever gain rights. */
static void give_up_rights(void)
{
    struct rlimit none = {1, 1};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* A hangup that no loop hears, because it is too early or too late for a refresh, would end the
 * process. This is for the end: what threads are left hear of no signal. */
static void be_deaf_to_hangups(void)
{
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &hangup, NULL);
}

/* One that can be opened: all addresses are none, and one of IPv6 stands in brackets. */
static void say_ready(const char *host, unsigned port)
{
    struct in6_addr address;
    if (strcmp(host, "0.0.0.0") == 0) {
        host = "127.0.0.1";
    }
    if (inet_pton(AF_INET6, host, &address) == 1) {
        bool all = memcmp(&address, &in6addr_any, sizeof(address)) == 0;
        printf("ready http://[%s]:%u\n", all ? "::1" : host, port);
    } else {
        printf("ready http://%s:%u\n", host, port);
    }
    fflush(stdout);
}

static int serve(const struct options *options, const char *name, uint32_t services)
{
    static struct house house;
    give_up_rights();
    signal(SIGHUP, SIG_IGN);
    house.name = name;
    house.services = services;
    enum err err = house_init(&house, options);
    if (err == OK) {
        const struct app_settings *app = &house.settings.app;
        if (services_have_door(services)) {
            say_ready(app->host, house.port);
        } else {
            say_ready(app->management_host, house.management_port);
        }
        house_run(&house);
    }
    be_deaf_to_hangups();
    house_deinit(&house);
    return err == OK ? 0 : 1;
}

int role_standalone(const struct options *options)
{
    return serve(options, options->role, SERVICES_ALL);
}

int role_serve(const struct options *options)
{
    return serve(options, options->operand, options->services);
}

enum err role_serve_prepare(struct options *options, char *ret_problem)
{
    uint16_t port;
    char text[8];
    enum err err = services_read(options->operand, &options->services, &port, ret_problem);
    if (err == OK) {
        snprintf(text, sizeof(text), "%u", port);
        err = settings_set(options->settings, SETTING_BY_DEFAULT, "server.port", text, ret_problem);
    }
    return err;
}
