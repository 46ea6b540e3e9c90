/* http1_reply - writes requests and reads replies.
 *
 * Happy path: a request line, the client's fields without those of its connection, ours, the
 * length; then a status line, fields, and one length. How it fails: whatever two readers could
 * understand differently is not believed. */

#include "wire/http1_reply.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "wire/chars.h"
#include "wire/http1_inner.h"

/* ---- fields of one connection */

static const char *const of_hop[] = {"connection", "content-length", "expect", "http2-settings",
    "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "sec-websocket-extensions", "te", "trailer", "transfer-encoding", "upgrade"};

static bool is_nominated(struct cht_str name, const struct http_field *fields, uint32_t count)
{
    char lower[HTTP_NOMINATED_BYTES_MAX + 1] = "";
    if (name.size > HTTP_NOMINATED_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < name.size; i++) {
        lower[i] = (char)char_lower((uint8_t)name.at[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (http1_same_word(fields[i].name, "connection") &&
            http1_list_has(fields[i].value, lower)) {
            return true;
        }
    }
    return false;
}

bool http1_is_of_hop(
    const struct http_field *field, const struct http_field *fields, uint32_t count)
{
    for (size_t i = 0; i < sizeof(of_hop) / sizeof(of_hop[0]); i++) {
        if (http1_same_word(field->name, of_hop[i])) {
            return true;
        }
    }
    return is_nominated(field->name, fields, count);
}

/* ---- writing */

struct writer {
    char *at;
    size_t left;
    bool failed;
};

static void put(struct writer *writer, struct cht_str text)
{
    if (text.size > writer->left) {
        writer->failed = true;
        return;
    }
    if (text.size > 0) {
        memcpy(writer->at, text.at, text.size);
    }
    writer->at += text.size;
    writer->left -= text.size;
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, cht_str_of(text));
}

static void put_field(struct writer *writer, struct cht_str name, struct cht_str value)
{
    writer->failed |= !http1_is_token(name) || !http1_is_field_value(value);
    put(writer, name);
    put_text(writer, ": ");
    put(writer, value);
    put_text(writer, "\r\n");
}

static void put_line(struct writer *writer, const struct http_ask *ask)
{
    for (uint32_t i = 0; i < ask->target.size; i++) {
        writer->failed |= !char_is((uint8_t)ask->target.at[i], CHAR_TARGET);
    }
    put_text(writer, http1_method_name(ask->method));
    put_text(writer, " ");
    put(writer, ask->target);
    put_text(writer, " HTTP/1.1\r\n");
}

static void put_length(struct writer *writer, const struct http_ask *ask)
{
    char text[24];
    bool says = ask->body_size > 0 || ask->method == HTTP_POST || ask->method == HTTP_PUT ||
                ask->method == HTTP_PATCH;
    if (says) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)ask->body_size);
        put_field(writer, cht_str_of("Content-Length"), cht_str_of(text));
    }
}

size_t http1_write_ask(const struct http_ask *ask, char *ret_bytes, size_t capacity)
{
    struct writer writer = {ret_bytes, capacity, ask->target.size == 0};
    put_line(&writer, ask);
    if (!http1_field(ask->fields, ask->field_count, "host").at ||
        is_nominated(cht_str_of("host"), ask->fields, ask->field_count)) {
        put_field(&writer, cht_str_of("Host"), ask->host);
    }
    for (uint32_t i = 0; i < ask->field_count; i++) {
        if (!http1_is_of_hop(&ask->fields[i], ask->fields, ask->field_count)) {
            put_field(&writer, ask->fields[i].name, ask->fields[i].value);
        }
    }
    put_field(&writer, ask->own.name, ask->own.value);
    put_length(&writer, ask);
    if (ask->websocket) {
        put_text(&writer, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    }
    put_text(&writer, "\r\n");
    return writer.failed ? 0 : (size_t)(writer.at - ret_bytes);
}

/* ---- reading */

/* "HTTP/1.1 200 " and a reason of whatever kind, which nobody reads. */
static bool read_status(struct cht_str line, int *ret_status)
{
    static const char begin[] = "HTTP/1.1 ";
    const uint32_t at = sizeof(begin) - 1;
    if (line.size < at + 3 || memcmp(line.at, begin, at) != 0 ||
        (line.size > at + 3 && line.at[at + 3] != ' ')) {
        return false;
    }
    *ret_status = 0;
    for (uint32_t i = at; i < at + 3; i++) {
        if (!char_is((uint8_t)line.at[i], CHAR_DIGIT)) {
            return false;
        }
        *ret_status = *ret_status * 10 + (line.at[i] - '0');
    }
    for (uint32_t i = at + 3; i < line.size; i++) {
        if (!char_is((uint8_t)line.at[i], CHAR_VALUE)) {
            return false;
        }
    }
    return *ret_status == 101 || (*ret_status >= 200 && *ret_status <= 599);
}

static uint32_t count_of(const struct http_reply *reply, const char *name)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < reply->field_count; i++) {
        count += http1_same_word(reply->fields[i].name, name);
    }
    return count;
}

static bool connection_says(const struct http_reply *reply, const char *token)
{
    bool says = false;
    for (uint32_t i = 0; i < reply->field_count; i++) {
        says |= http1_same_word(reply->fields[i].name, "connection") &&
                http1_list_has(reply->fields[i].value, token);
    }
    return says;
}

static bool opens_websocket(const struct http_reply *reply)
{
    return count_of(reply, "upgrade") == 1 && connection_says(reply, "upgrade") &&
           http1_same_word(http1_field(reply->fields, reply->field_count, "upgrade"), "websocket");
}

/* One length, where there is a body. */
static bool judge_length(struct http_reply *reply, enum http_method method)
{
    uint32_t lengths = count_of(reply, "content-length");
    struct cht_str text = http1_field(reply->fields, reply->field_count, "content-length");
    if (lengths > 1 || count_of(reply, "transfer-encoding") > 0) {
        return false;
    }
    if (lengths == 1 && http1_read_length(text, &reply->body_size) != 0) {
        return false;
    }
    bool has_none = method == HTTP_HEAD || http1_has_no_body(reply->status);
    if (has_none) {
        bool lies = reply->body_size > 0 && method != HTTP_HEAD && reply->status != 304;
        reply->body_size = 0;
        return !lies;
    }
    return lengths == 1;
}

bool http1_read_reply(const uint8_t *bytes, size_t size, enum http_method method,
    struct http_field *fields, struct http_reply *ret_reply)
{
    const uint8_t *end = bytes + size;
    const uint8_t *feed = memchr(bytes, '\n', size);
    CHECK(feed);
    CHECK(feed > bytes);
    struct cht_str line = {(const char *)bytes, (uint32_t)(feed - 1 - bytes)};
    *ret_reply = (struct http_reply){.fields = fields};
    if (!read_status(line, &ret_reply->status) ||
        http1_read_fields(feed + 1, end, fields, &ret_reply->field_count) != 0) {
        return false;
    }
    ret_reply->keep_alive = !connection_says(ret_reply, "close");
    return judge_length(ret_reply, method) &&
           (ret_reply->status != 101 || opens_websocket(ret_reply));
}
