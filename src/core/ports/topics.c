/* topics - a table of words, checked.
 *
 * Happy path: rows are sound, then each use finds its row, then each event finds somebody who says
 * it. How it fails: the first word that does not fit ends the check with a line that names it. */

#include "ports/topics.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "chattifier/types.h"

static const struct topic_row rows[] = {
#define TOPIC(name, port, events, from, to, guarantee, doc) {#name, #port, events, from, to},
#include "chattifier/topics.def"
#undef TOPIC
};

static const char known_events[] =
#define EVENT(number, name, doc) #name " "
#define FIELD(event, tag, kind, name, required, min, max, doc)
#define WORDF(event, tag, words, name, required, doc)
#define LISTF(event, tag, item, name, max, doc)
#define END(name)
#include "chattifier/events.def"
#undef EVENT
#undef FIELD
#undef WORDF
#undef LISTF
#undef END
    ;

static const char known_ports[] = "shards log mail cast";
static const char known_services[] = "chat gateway message socket user";

const struct topic_row *topics_rows(size_t *ret_count)
{
    *ret_count = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

/* Takes the first word off a list; false at its end. */
static bool next_word(const char **list, struct cht_str *ret_word)
{
    *list += strspn(*list, " ");
    *ret_word = (struct cht_str){*list, (uint32_t)strcspn(*list, " ")};
    *list += ret_word->size;
    return ret_word->size > 0;
}

static uint32_t count_word(const char *list, struct cht_str wanted)
{
    struct cht_str word;
    uint32_t count = 0;
    while (next_word(&list, &word)) {
        count += cht_str_equal(word, wanted);
    }
    return count;
}

static bool has_word(const char *list, const char *word)
{
    return count_word(list, cht_str_of(word)) > 0;
}

static enum err blame(char *line, const char *topic, struct cht_str word, const char *reason)
{
    snprintf(line, TOPICS_LINE_SIZE, "topic=%s word=%.*s reason=\"%s\"", topic, (int)word.size,
        word.at ? word.at : "", reason);
    return ERR_BAD_CONFIG;
}

/* Every word of the list is known and there once; at least one is. */
static enum err check_list(
    const struct topic_row *row, const char *list, const char *known, char *line)
{
    const char *rest = list;
    struct cht_str word = {0};
    if (!next_word(&rest, &word)) {
        return blame(line, row->name, word, "a list is empty");
    }
    rest = list;
    while (next_word(&rest, &word)) {
        if (count_word(known, word) == 0) {
            return blame(line, row->name, word, "nobody knows it");
        }
        if (count_word(list, word) > 1) {
            return blame(line, row->name, word, "it is there twice");
        }
    }
    return OK;
}

static const struct topic_row *find_row(const struct topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->row_count; i++) {
        if (strcmp(topics->rows[i].name, name) == 0) {
            return &topics->rows[i];
        }
    }
    return NULL;
}

static enum err check_row(const struct topics *topics, const struct topic_row *row, char *line)
{
    struct cht_str name = cht_str_of(row->name);
    struct cht_str port = cht_str_of(row->port);
    if (find_row(topics, row->name) != row) {
        return blame(line, row->name, name, "it is there twice");
    }
    if (count_word(known_ports, port) != 1) {
        return blame(line, row->name, port, "there is no such port");
    }
    enum err err = check_list(row, row->events, known_events, line);
    if (err == OK) {
        err = check_list(row, row->from, known_services, line);
    }
    return err == OK ? check_list(row, row->to, known_services, line) : err;
}

static enum err check_use(const struct topics *topics, const struct topic_service *service,
    const struct topic_use *use, char *line)
{
    const struct topic_row *row = find_row(topics, use->topic);
    struct cht_str name = cht_str_of(service->name), event;
    bool says = use->side == TOPIC_SAYS;
    const char *events = use->events;
    if (!row) {
        return blame(line, use->topic, name, "a service uses it, but it is not in topics.def");
    }
    if (!has_word(says ? row->from : row->to, service->name)) {
        return blame(line, use->topic, name,
            says ? "the service says something there" : "the service listens there");
    }
    while (next_word(&events, &event)) {
        if (count_word(row->events, event) == 0) {
            return blame(
                line, use->topic, event, "a service uses it, but the row does not have it");
        }
    }
    return OK;
}

static const struct topic_service *find_service(const struct topics *topics, struct cht_str name)
{
    for (size_t i = 0; i < topics->service_count; i++) {
        const char *at = topics->services[i]->name;
        if (cht_str_is(name, at)) {
            return topics->services[i];
        }
    }
    return NULL;
}

static bool says(
    const struct topic_service *service, const struct topic_row *row, struct cht_str event)
{
    for (size_t i = 0; i < service->use_count; i++) {
        const struct topic_use *use = &service->uses[i];
        if (use->side == TOPIC_SAYS && strcmp(use->topic, row->name) == 0 &&
            count_word(use->events, event) > 0) {
            return true;
        }
    }
    return false;
}

static enum err check_said(const struct topics *topics, const struct topic_row *row, char *line)
{
    const char *events = row->events;
    struct cht_str event, name;
    while (next_word(&events, &event)) {
        const char *from = row->from;
        bool said = false;
        while (!said && next_word(&from, &name)) {
            const struct topic_service *service = find_service(topics, name);
            said = !service || says(service, row, event);
        }
        if (!said) {
            return blame(line, row->name, event, "nobody says it");
        }
    }
    return OK;
}

enum err topics_check(const struct topics *topics, char ret_line[TOPICS_LINE_SIZE])
{
    enum err err = OK;
    for (size_t i = 0; i < topics->row_count && err == OK; i++) {
        err = check_row(topics, &topics->rows[i], ret_line);
    }
    for (size_t i = 0; i < topics->service_count; i++) {
        const struct topic_service *service = topics->services[i];
        for (size_t j = 0; j < service->use_count && err == OK; j++) {
            err = check_use(topics, service, &service->uses[j], ret_line);
        }
    }
    for (size_t i = 0; i < topics->row_count && err == OK; i++) {
        err = check_said(topics, &topics->rows[i], ret_line);
    }
    return err;
}
