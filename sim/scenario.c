/* scenario - see the header.
 *
 * Happy path: lines in, steps out, each once. How it fails: a line that can not be read is said,
 * and nothing runs. */

#include "scenario.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define LINE_MAX_BYTES 512
#define BLANKS " \t\r\n"

static const char *const kinds[] = {
#define FAULT(name, most, holds_up, doc) #name,
#include "faults.def"
#undef FAULT
#define ACT(name, command, weight, uses, doc) #name,
#include "acts.def"
#undef ACT
#define LOOK(name, chance, doc) #name,
#include "looks.def"
#undef LOOK
};

static_assert(sizeof(kinds) / sizeof(kinds[0]) == STEP_KINDS, "a name for each kind");

static const struct {
    const char *name;
    size_t offset;
} fields[] = {{"nth", offsetof(struct step, nth)}, {"client", offsetof(struct step, client)},
    {"act", offsetof(struct step, act)}, {"room", offsetof(struct step, room)},
    {"user", offsetof(struct step, user)}, {"on", offsetof(struct step, on)},
    {"of", offsetof(struct step, of)}, {"until", offsetof(struct step, until)},
    {"more", offsetof(struct step, more)}, {"http", offsetof(struct step, http)}};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

static const uint64_t *field_of(const struct step *step, size_t field)
{
    return (const uint64_t *)((const char *)step + fields[field].offset);
}

/* ---- reading */

static bool read_number(const char *word, uint64_t *ret_number)
{
    char *end = NULL;
    *ret_number = word ? strtoull(word, &end, 10) : 0;
    return word && end != word && *end == '\0';
}

static bool read_field(struct step *step, const char *name, const char *value)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return read_number(value, (uint64_t *)((char *)step + fields[i].offset));
        }
    }
    return false;
}

static bool read_kind(struct step *step, const char *word)
{
    step->kind = 0;
    while (word && step->kind < STEP_KINDS && strcmp(kinds[step->kind], word) != 0) {
        step->kind++;
    }
    return word && step->kind < STEP_KINDS;
}

static bool read_step(char *line, struct step *ret_step)
{
    *ret_step = (struct step){0};
    char *rest = NULL;
    if (!read_number(strtok_r(line, BLANKS, &rest), &ret_step->at_us) ||
        !read_kind(ret_step, strtok_r(NULL, BLANKS, &rest))) {
        return false;
    }
    const char *name;
    while ((name = strtok_r(NULL, BLANKS, &rest))) {
        if (!read_field(ret_step, name, strtok_r(NULL, BLANKS, &rest))) {
            return false;
        }
    }
    return ret_step->client < SCENARIO_CLIENTS_MAX;
}

static void add_step(struct scenario *scenario, const struct step *step)
{
    if (scenario->count == scenario->capacity) {
        scenario->capacity = scenario->capacity ? scenario->capacity * 2 : 256;
        scenario->steps =
            mem_resize(scenario->steps, scenario->capacity * sizeof(*scenario->steps));
    }
    scenario->steps[scenario->count++] = *step;
}

bool scenario_read(struct scenario *scenario, FILE *from)
{
    char line[LINE_MAX_BYTES], copy[LINE_MAX_BYTES];
    scenario->replays = true;
    while (fgets(line, sizeof(line), from)) {
        struct step step;
        memcpy(copy, line, sizeof(copy));
        if (line[0] == '#' || line[strspn(line, BLANKS)] == '\0') {
            continue;
        }
        if (!read_step(copy, &step)) {
            fprintf(stderr, "can not be read: %s", line);
            return false;
        }
        add_step(scenario, &step);
    }
    return true;
}

void scenario_deinit(struct scenario *scenario)
{
    mem_free(scenario->steps);
}

/* ---- saying */

void scenario_note(const struct scenario *scenario, const struct step *step)
{
    if (!scenario->records) {
        return;
    }
    bool by_client = step->kind >= FAULT_COUNT;
    printf("%" PRIu64 " %s", step->at_us, kinds[step->kind]);
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        uint64_t value = *field_of(step, i);
        bool is_client = fields[i].offset == offsetof(struct step, client);
        bool is_first = fields[i].offset == offsetof(struct step, nth) && value == 1;
        if ((value && !is_first) || (by_client && is_client)) {
            printf(" %s %" PRIu64, fields[i].name, value);
        }
    }
    printf("\n");
}

/* ---- taking */

const struct step *scenario_strike(struct scenario *scenario, const struct step *occasion)
{
    uint32_t *next = &scenario->next_of_fault[occasion->kind];
    while (*next < scenario->count && scenario->steps[*next].kind != occasion->kind) {
        (*next)++;
    }
    if (*next == scenario->count) {
        return NULL;
    }
    const struct step *step = &scenario->steps[*next];
    bool now = step->at_us < occasion->at_us ||
               (step->at_us == occasion->at_us && occasion->nth >= step->nth);
    *next += now;
    return now ? step : NULL;
}

const struct step *scenario_next(struct scenario *scenario, uint32_t client, uint64_t now_us)
{
    uint32_t *next = &scenario->next_of_client[client];
    while (*next < scenario->count && scenario->steps[*next].at_us <= now_us) {
        const struct step *step = &scenario->steps[(*next)++];
        if (step->kind >= FAULT_COUNT && step->client == client) {
            return step;
        }
    }
    return NULL;
}

uint32_t scenario_count(const struct scenario *scenario, enum fault fault)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < scenario->count; i++) {
        count += scenario->steps[i].kind == (uint32_t)fault;
    }
    return count;
}
