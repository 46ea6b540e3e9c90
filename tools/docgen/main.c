/* main - docgen <directory>: writes the whole reference there.
 *
 * Happy path: every document is written. How it fails: a file that cannot be written or a block
 * that is too small ends it with 1. */

#include <stdlib.h>
#include <sys/stat.h>

#include "docgen.h"

static char block[DOCS_BYTES_MAX];

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "docgen: %s\n", what);
    exit(1);
}

static FILE *open_file(const char *directory, const char *name)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fail(path);
    }
    return file;
}

static void close_file(FILE *file)
{
    if (ferror(file) != 0 || fclose(file) != 0) {
        fail("cannot write");
    }
}

static void print_break(FILE *file, unsigned depth)
{
    fputc('\n', file);
    for (unsigned i = 0; i < depth; i++) {
        fputs("  ", file);
    }
}

/* A text with its quotes; answers what follows it. */
static const char *print_text(FILE *file, const char *at)
{
    do {
        if (*at == '\\') {
            fputc(*at++, file);
        }
        fputc(*at++, file);
    } while (*at != '"');
    fputc(*at, file);
    return at + 1;
}

/* Finished JSON with a line per member, so that changes can be read. */
static void print_indented(FILE *file, const char *at, const char *end, unsigned depth)
{
    while (at < end) {
        bool opens = *at == '{' || *at == '[';
        if (*at == '"') {
            at = print_text(file, at);
            continue;
        }
        if (opens && (at[1] == '}' || at[1] == ']')) {
            fprintf(file, "%.2s", at);
            at += 2;
            continue;
        }
        if (*at == '}' || *at == ']') {
            print_break(file, --depth);
        }
        fputc(*at, file);
        depth += opens;
        if (opens || *at == ',') {
            print_break(file, depth);
        } else if (*at == ':') {
            fputc(' ', file);
        }
        at++;
    }
    fputc('\n', file);
}

static void save_json(const char *directory, const char *name, const struct cht_json *json)
{
    if (json->used > json->size) {
        fail("block too small");
    }
    FILE *file = open_file(directory, name);
    print_indented(file, json->at, json->at + json->used, 0);
    close_file(file);
}

static struct cht_json fresh(void)
{
    return (struct cht_json){.at = block, .size = sizeof(block)};
}

static void save_schema(
    const char *directory, const char *of, const char *name, struct cht_json *json)
{
    char path[128];
    snprintf(path, sizeof(path), "schema/%s.%s.json", of, name);
    if (json->used > json->size) {
        fail("block too small");
    }
    FILE *file = open_file(directory, path);
    fprintf(file, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  ");
    print_indented(file, json->at + 1, json->at + json->used, 1);
    close_file(file);
}

static void save_frame_schema(void *context, const struct cht_event_row *row)
{
    if (frame_type(row) != NULL) {
        struct cht_json json = fresh();
        schema_of_event(&json, row);
        save_schema(context, "frame", frame_type(row), &json);
    }
}

static void save_schemas(char *directory)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/schema", directory);
    mkdir(path, 0777);
    for (uint64_t type = 1; type < cht_command_type_count; type++) {
        struct cht_json json = fresh();
        schema_of_command(&json, type);
        save_schema(directory, "command", cht_command_row(type)->wire, &json);
    }
    each_row(true, save_frame_schema, directory);
}

static void save_printed(const char *directory, const char *name, void (*write)(FILE *file))
{
    FILE *file = open_file(directory, name);
    write(file);
    close_file(file);
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fail("usage: docgen <directory>");
    }
    char *directory = arguments[1];
    save_printed(directory, "events.md", write_markdown);
    save_printed(directory, "events.proto", write_proto);
    save_printed(directory, "chattifier.d.ts", write_types);
    struct cht_json json = fresh();
    write_asyncapi(&json);
    save_json(directory, "asyncapi.json", &json);
    json = fresh();
    write_openapi(&json);
    save_json(directory, "openapi.json", &json);
    save_schemas(directory);
    return 0;
}
