/* http1_write - heads of answers.
 *
 * Happy path: status line, our own fields, the caller's, an empty line. How it fails: a field that
 * could split the answer is left out and counted; a buffer that is too small answers 0. */

#include <stdio.h>
#include <string.h>

#include "wire/http1.h"

struct writer {
    char *at;
    size_t left;
    bool full;
};

static void put(struct writer *writer, const char *bytes, size_t size)
{
    if (size > writer->left) {
        writer->full = true;
        return;
    }
    memcpy(writer->at, bytes, size);
    writer->at += size;
    writer->left -= size;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void put_number(struct writer *writer, uint64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    put(writer, text, (size_t)size);
}

static void put_field(struct writer *writer, const char *name, const char *value)
{
    put_text(writer, name);
    put(writer, ": ", 2);
    put_text(writer, value);
    put(writer, "\r\n", 2);
}

/* "" for those that we do not send. */
static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } rows[] = {{100, "Continue"}, {101, "Switching Protocols"}, {200, "OK"}, {201, "Created"},
        {202, "Accepted"}, {204, "No Content"}, {206, "Partial Content"},
        {301, "Moved Permanently"}, {302, "Found"}, {304, "Not Modified"},
        {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"},
        {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
        {406, "Not Acceptable"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"},
        {412, "Precondition Failed"}, {413, "Content Too Large"}, {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"}, {417, "Expectation Failed"}, {422, "Unprocessable Content"},
        {426, "Upgrade Required"}, {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
        {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
        {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].status == status) {
            return rows[i].reason;
        }
    }
    return "";
}

/* Ours to write; a second one from a caller would contradict. */
static bool is_reserved(struct cht_str name)
{
    return http1_same_word(name, "content-length") || http1_same_word(name, "transfer-encoding") ||
           http1_same_word(name, "connection") || http1_same_word(name, "content-type") ||
           http1_same_word(name, "cache-control") ||
           http1_same_word(name, "x-content-type-options");
}

static bool put_callers_field(struct writer *writer, const struct http_field *field)
{
    if (!http1_is_token(field->name) || !http1_is_field_value(field->value) ||
        is_reserved(field->name)) {
        return false;
    }
    put(writer, field->name.at, field->name.size);
    put(writer, ": ", 2);
    put(writer, field->value.at ? field->value.at : "", field->value.size);
    put(writer, "\r\n", 2);
    return true;
}

/* Answers how many were left out. */
static uint32_t put_callers_fields(
    struct writer *writer, const struct http_field *fields, uint32_t count)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < count; i++) {
        bad += put_callers_field(writer, &fields[i]) ? 0 : 1;
    }
    return bad;
}

/* A caller's constant text, which could still come from a setting. */
static bool is_fine(const char *value)
{
    return value && http1_is_field_value(cht_str_of(value));
}

static void put_own_fields(struct writer *writer, const struct http_answer *answer)
{
    if (is_fine(answer->content_type)) {
        put_field(writer, "Content-Type", answer->content_type);
    }
    if (!http1_has_no_body(answer->status)) {
        put_text(writer, "Content-Length: ");
        put_number(writer, answer->body_size);
        put(writer, "\r\n", 2);
    }
    put_field(writer, "Cache-Control",
        is_fine(answer->cache_control) ? answer->cache_control : "no-store");
    put_field(writer, "X-Content-Type-Options", "nosniff");
    if (answer->close) {
        put_field(writer, "Connection", "close");
    } else if (answer->keep_alive_1_0) {
        put_field(writer, "Connection", "keep-alive");
    }
}

size_t http1_write_head(
    const struct http_answer *answer, char *ret_bytes, size_t capacity, uint32_t *ret_bad_fields)
{
    struct writer writer = {ret_bytes, capacity, false};
    int status = answer->status >= 100 && answer->status <= 599 ? answer->status : 500;
    put_text(&writer, "HTTP/1.1 ");
    put_number(&writer, (uint64_t)status);
    put(&writer, " ", 1);
    put_text(&writer, reason_of(status));
    put(&writer, "\r\n", 2);
    put_own_fields(&writer, answer);
    *ret_bad_fields += put_callers_fields(&writer, answer->own_fields, answer->own_field_count);
    *ret_bad_fields += put_callers_fields(&writer, answer->fields, answer->field_count);
    put(&writer, "\r\n", 2);
    return writer.full ? 0 : (size_t)(writer.at - ret_bytes);
}
