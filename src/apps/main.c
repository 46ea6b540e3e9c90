/* main - one binary, one role a process.
 *
 * Happy path: read the command line, then do what the role is. How it fails: one clear line on
 * standard error and exit code 1 (2 for a command line that makes no sense). */

#include <inttypes.h>
#include <stdio.h>

#include "all_settings.h"
#include "base/settings.h"
#include "options.h"
#include "roles.h"
#include "services.h"

extern char **environ;

static void print_setting(void *context, const struct settings_table *table,
    const struct setting_row *row, const char *value, const char *origin)
{
    (void)context;
    (void)table;
    (void)origin;
    printf("  --%s=%s\n      %s", row->key, value, row->doc);
    if (row->kind == SETTING_KIND_U64) {
        printf(" [%s%s%" PRIu64 " to %" PRIu64 "]", row->unit ? row->unit : "",
            row->unit ? ", " : "", row->min, row->max);
    } else if (row->kind == SETTING_KIND_WORD) {
        printf(" [%s]", row->words);
    }
    printf("%s\n", row->reloadable ? " (live)" : "");
}

static int print_help(const struct settings *settings)
{
    printf("usage: chattifier ROLE [--host H] [--port N] [--data DIR] [--workers N]\n"
           "                       [--management-port N] [--config FILE] [--any.setting=value "
           "...]\n\nroles:\n");
    for (size_t i = 0; i < role_count; i++) {
        printf("  %-12s %s\n", roles[i].name, roles[i].doc);
    }
    printf("\nservices, and where `serve` listens for the one that is named first:\n");
    const char *name;
    uint16_t port;
    for (uint32_t i = 0; services_at(i, &name, &port); i++) {
        printf("  %-12s %u\n", name, port);
    }
    printf("\nA setting comes from its default, the file (key = value), the environment\n"
           "(CHATTIFIER_LIMITS_IN_FLIGHT), or a flag; each wins over the one before. SIGHUP reads\n"
           "all of it anew; what is marked live changes at once, the rest at the next start.\n\n"
           "settings:\n");
    settings_each(settings, print_setting, NULL);
    return 0;
}

/* "WORD: there is no such role; roles are ..." */
static void explain_role(const char *word, char *ret_problem)
{
    size_t size = (size_t)snprintf(ret_problem, OPTIONS_PROBLEM_BYTES, "%.60s%s; roles are",
        word ? word : "which role?", word ? ": there is no such role" : " see --help");
    for (size_t i = 0; i < role_count && size < OPTIONS_PROBLEM_BYTES; i++) {
        size += (size_t)snprintf(
            ret_problem + size, OPTIONS_PROBLEM_BYTES - size, "%s %s", i ? "," : "", roles[i].name);
    }
}

static int refuse(const char *problem)
{
    fprintf(stderr, "chattifier: %s\n", problem);
    return 2;
}

int main(int count, char **arguments)
{
    (void)count;
    char problem[OPTIONS_PROBLEM_BYTES] = "";
    struct options options;
    struct options_given given = {
        settings_tables, settings_table_count, arguments + 1, environ, roles_prepare};
    enum err err = options_read(&options, &given, problem);
    const struct role *role = role_find(options.role);
    int code;
    if (err != OK) {
        code = refuse(problem);
    } else if (options.version) {
        printf("chattifier " CHATTIFIER_VERSION "\n");
        code = 0;
    } else if (options.help && role && role->operand && !role->prepare) {
        printf("%s: %s\n", role->name, role->doc);
        code = 0;
    } else if (options.help) {
        code = print_help(options.settings);
    } else if (role && options.operand && !role->operand) {
        snprintf(problem, sizeof(problem), "%.200s: unexpected word; see --help", options.operand);
        code = refuse(problem);
    } else if (!role) {
        explain_role(options.role, problem);
        code = refuse(problem);
    } else {
        code = role->run(&options);
    }
    options_deinit(&options);
    return code;
}
