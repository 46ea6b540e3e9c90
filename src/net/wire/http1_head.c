/* http1_head - reads the head of a request.
 *
 * Happy path: find the empty line, then the request line, then the fields, then what they mean
 * together (host, length, connection). How it fails: each refusal is a status; the caller answers
 * it and closes, so that no byte after an error is ever read as a request. */

#include <string.h>

#include "base/check.h"
#include "wire/chars.h"
#include "wire/http1_inner.h"

#define METHOD_BYTES_MAX 32

struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

static struct cht_str text_of(const uint8_t *from, const uint8_t *to)
{
    return (struct cht_str){(const char *)from, (uint32_t)(to - from)};
}

bool http1_same_word(struct cht_str text, const char *lower)
{
    for (uint32_t i = 0; i < text.size; i++) {
        if (char_lower((uint8_t)text.at[i]) != (uint8_t)lower[i]) {
            return false;
        }
    }
    return lower[text.size] == 0;
}

bool http1_is_token(struct cht_str text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        if (!char_is((uint8_t)text.at[i], CHAR_TOKEN)) {
            return false;
        }
    }
    return text.size > 0;
}

bool http1_is_field_value(struct cht_str value)
{
    for (uint32_t i = 0; i < value.size; i++) {
        if (!char_is((uint8_t)value.at[i], CHAR_VALUE)) {
            return false;
        }
    }
    return value.size == 0 ||
           (value.at[0] != ' ' && value.at[0] != '\t' && value.at[value.size - 1] != ' ' &&
               value.at[value.size - 1] != '\t');
}

struct cht_str http1_field(const struct http_field *fields, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++) {
        if (http1_same_word(fields[i].name, name)) {
            return fields[i].value;
        }
    }
    return (struct cht_str){0};
}

static struct cht_str trim(struct cht_str text)
{
    while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t')) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

bool http1_list_has(struct cht_str value, const char *token)
{
    while (value.size > 0) {
        const char *comma = memchr(value.at, ',', value.size);
        uint32_t size = comma ? (uint32_t)(comma - value.at) : value.size;
        if (http1_same_word(trim((struct cht_str){value.at, size}), token)) {
            return true;
        }
        uint32_t step = comma ? size + 1 : size;
        value.at += step;
        value.size -= step;
    }
    return false;
}

/* ---- the end of the head */

/* Judges the line feed at `at`: 0 if it ends the head, HTTP1_MORE if it ends a line, else a status.
 */
static int judge_line_feed(const uint8_t *bytes, size_t at)
{
    CHECK(at > 0); /* a head that begins with a line feed is refused before */
    if (bytes[at - 1] != '\r') {
        return 400;
    }
    bool empty = at == 1 || bytes[at - 2] == '\n';
    if (!empty) {
        return HTTP1_MORE;
    }
    /* One empty line before the request line is what old clients send after a body. */
    return at == 1 ? HTTP1_MORE : 0;
}

int http1_find_end(const uint8_t *bytes, size_t size, size_t *scanned, size_t *ret_size)
{
    if (size > 0 && bytes[0] != '\r' && !char_is(bytes[0], CHAR_TOKEN)) {
        return 400;
    }
    size_t limit = size < HTTP_HEAD_BYTES_MAX ? size : HTTP_HEAD_BYTES_MAX;
    size_t at = *scanned;
    while (at < limit) {
        const uint8_t *found = memchr(bytes + at, '\n', limit - at);
        if (!found) {
            at = limit;
            break;
        }
        at = (size_t)(found - bytes) + 1;
        int result = judge_line_feed(bytes, at - 1);
        if (result != HTTP1_MORE) {
            *ret_size = at;
            return result;
        }
    }
    *scanned = at;
    return size >= HTTP_HEAD_BYTES_MAX ? 431 : HTTP1_MORE;
}

/* ---- the request line */

static const char *const methods[HTTP_OTHER] = {
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

static bool is_text(struct cht_str text, const char *other)
{
    return strlen(other) == text.size && memcmp(text.at, other, text.size) == 0;
}

const char *http1_method_name(enum http_method method)
{
    CHECK(method < HTTP_OTHER);
    return methods[method];
}

enum http_method http1_method_by_name(struct cht_str name)
{
    int method = 0;
    while (method < HTTP_OTHER && !is_text(name, methods[method])) {
        method++;
    }
    return (enum http_method)method;
}

bool http1_method_fits(const char *name, enum http_method method)
{
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;
    return wanted != HTTP_OTHER && strcmp(methods[wanted], name) == 0;
}

static int read_version(struct cht_str text, struct http_head *head)
{
    if (is_text(text, "HTTP/1.1")) {
        return 0;
    }
    if (is_text(text, "HTTP/1.0")) {
        head->http_1_0 = true;
        return 0;
    }
    bool other = text.size == 8 && memcmp(text.at, "HTTP/", 5) == 0 &&
                 char_is((uint8_t)text.at[5], CHAR_DIGIT) && text.at[6] == '.' &&
                 char_is((uint8_t)text.at[7], CHAR_DIGIT);
    return other ? 505 : 400;
}

static void split_target(struct http_head *head, struct cht_str target)
{
    head->target = target;
    head->path = target;
    const char *mark = memchr(target.at, '?', target.size);
    if (mark) {
        head->path.size = (uint32_t)(mark - target.at);
        head->query = (struct cht_str){mark + 1, target.size - head->path.size - 1};
    }
}

/* "http://host/path": the authority has to be the Host field's. Leaves the origin form. */
static int read_absolute(struct http_head *head, struct cht_str target, struct cht_str *ret_host)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < 2; i++) {
        uint32_t size = (uint32_t)strlen(schemes[i]);
        if (target.size <= size ||
            !http1_same_word((struct cht_str){target.at, size}, schemes[i])) {
            continue;
        }
        struct cht_str rest = {target.at + size, target.size - size};
        const char *slash = memchr(rest.at, '/', rest.size);
        const char *mark = memchr(rest.at, '?', rest.size);
        if (!slash || (mark && mark < slash)) {
            return 400;
        }
        *ret_host = (struct cht_str){rest.at, (uint32_t)(slash - rest.at)};
        split_target(head, (struct cht_str){slash, rest.size - ret_host->size});
        return 0;
    }
    return 400;
}

static int read_target(struct http_head *head, struct cht_str target, struct cht_str *ret_host)
{
    for (uint32_t i = 0; i < target.size; i++) {
        if (!char_is((uint8_t)target.at[i], CHAR_TARGET)) {
            return 400;
        }
    }
    if (is_text(head->method_text, "CONNECT") || is_text(head->method_text, "TRACE")) {
        return 405;
    }
    if (target.size > 0 && target.at[0] == '/') {
        split_target(head, target);
        return 0;
    }
    if (is_text(target, "*") && head->method == HTTP_OPTIONS) {
        split_target(head, target);
        return 0;
    }
    return read_absolute(head, target, ret_host);
}

static int read_request_line(struct cht_str line, struct http_head *head, struct cht_str *ret_host)
{
    if (line.size > HTTP_LINE_BYTES_MAX) {
        return 431;
    }
    const char *end = line.at + line.size;
    const char *first = line.size ? memchr(line.at, ' ', line.size) : NULL;
    const char *second = first ? memchr(first + 1, ' ', (size_t)(end - first - 1)) : NULL;
    if (!second || memchr(second + 1, ' ', (size_t)(end - second - 1))) {
        return 400;
    }
    head->method_text = (struct cht_str){line.at, (uint32_t)(first - line.at)};
    if (!http1_is_token(head->method_text) || head->method_text.size > METHOD_BYTES_MAX) {
        return 400;
    }
    head->method = http1_method_by_name(head->method_text);
    int status = read_version((struct cht_str){second + 1, (uint32_t)(end - second - 1)}, head);
    if (status) {
        return status;
    }
    return read_target(head, (struct cht_str){first + 1, (uint32_t)(second - first - 1)}, ret_host);
}

/* ---- fields */

/* The line that `reader` is at, without its end; find_end has seen that every line feed follows a
 * carriage return. */
static struct cht_str take_line(struct reader *reader)
{
    const uint8_t *from = reader->at;
    const uint8_t *feed = memchr(from, '\n', (size_t)(reader->end - from));
    reader->at = feed + 1;
    return text_of(from, feed - 1);
}

static int read_field(struct cht_str line, struct http_field *ret_field)
{
    const char *colon = memchr(line.at, ':', line.size);
    if (!colon) {
        return 400;
    }
    ret_field->name = (struct cht_str){line.at, (uint32_t)(colon - line.at)};
    ret_field->value = trim((struct cht_str){colon + 1, line.size - ret_field->name.size - 1});
    return http1_is_token(ret_field->name) && http1_is_field_value(ret_field->value) ? 0 : 400;
}

int http1_read_fields(
    const uint8_t *from, const uint8_t *end, struct http_field *fields, uint32_t *ret_count)
{
    struct reader reader = {from, end};
    uint32_t count = 0;
    for (;;) {
        struct cht_str line = take_line(&reader);
        if (line.size == 0) {
            break;
        }
        if (count == HTTP_FIELDS_MAX) {
            return 431;
        }
        int status = read_field(line, &fields[count]);
        if (status) {
            return status;
        }
        count++;
    }
    *ret_count = count;
    return 0;
}

/* ---- what the fields mean */

struct known {
    struct cht_str host, length, coding, expect;
    bool says_close, says_keep_alive;
};

static int note_once(struct cht_str *known, struct cht_str value)
{
    if (known->at) {
        return 400;
    }
    *known = value;
    return 0;
}

static int note_connection(struct known *known, struct http_head *head, struct cht_str value)
{
    known->says_close |= http1_list_has(value, "close");
    known->says_keep_alive |= http1_list_has(value, "keep-alive");
    head->upgrade |= http1_list_has(value, "upgrade");
    return 0;
}

/* Fields of which a second one would let two readers choose differently. */
static int note_single(const struct http_head *head, const struct http_field *field)
{
    static const char *const names[] = {"authorization", "content-type", "idempotency-after",
        "idempotency-key", "origin", "sec-websocket-key", "sec-websocket-version"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (http1_same_word(field->name, names[i])) {
            uint32_t before = (uint32_t)(field - head->fields);
            return http1_field(head->fields, before, names[i]).at ? 400 : 0;
        }
    }
    return 0;
}

static int note_field(struct known *known, struct http_head *head, const struct http_field *field)
{
    switch (char_lower((uint8_t)field->name.at[0])) {
    case 'h':
        return http1_same_word(field->name, "host") ? note_once(&known->host, field->value) : 0;
    case 't':
        return http1_same_word(field->name, "transfer-encoding")
                   ? note_once(&known->coding, field->value)
                   : 0;
    case 'e':
        return http1_same_word(field->name, "expect") ? note_once(&known->expect, field->value) : 0;
    case 'c':
        if (http1_same_word(field->name, "content-length")) {
            return note_once(&known->length, field->value);
        }
        if (http1_same_word(field->name, "connection")) {
            return note_connection(known, head, field->value);
        }
        return note_single(head, field);
    default:
        return note_single(head, field);
    }
}

static bool is_port(struct cht_str text)
{
    uint32_t port = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        if (!char_is((uint8_t)text.at[i], CHAR_DIGIT) || i == 5) {
            return false;
        }
        port = port * 10 + (uint32_t)(text.at[i] - '0');
    }
    return text.size > 0 && port <= 65535;
}

static bool is_bracketed(struct cht_str name)
{
    for (uint32_t i = 1; i + 1 < name.size; i++) {
        uint8_t c = (uint8_t)name.at[i];
        if (char_hex(c) < 0 && c != ':' && c != '.') {
            return false;
        }
    }
    return name.size > 3 && name.at[name.size - 1] == ']';
}

static bool is_host(struct cht_str host)
{
    const char *colon = host.size ? memrchr(host.at, ':', host.size) : NULL;
    bool bracketed = host.size > 0 && host.at[0] == '[';
    struct cht_str name = host;
    if (colon && !(bracketed && host.at[host.size - 1] == ']')) {
        name.size = (uint32_t)(colon - host.at);
        if (!is_port((struct cht_str){colon + 1, host.size - name.size - 1})) {
            return false;
        }
    }
    if (bracketed) {
        return is_bracketed(name);
    }
    for (uint32_t i = 0; i < name.size; i++) {
        if (!char_is((uint8_t)name.at[i], CHAR_HOST)) {
            return false;
        }
    }
    return name.size > 0;
}

static bool same_host(struct cht_str a, struct cht_str b)
{
    for (uint32_t i = 0; i < a.size && a.size == b.size; i++) {
        if (char_lower((uint8_t)a.at[i]) != char_lower((uint8_t)b.at[i])) {
            return false;
        }
    }
    return a.size == b.size;
}

static int judge_host(
    const struct known *known, const struct http_head *head, struct cht_str target_host)
{
    if (!known->host.at) {
        return head->http_1_0 && !target_host.at ? 0 : 400;
    }
    if (!is_host(known->host)) {
        return 400;
    }
    return !target_host.at || same_host(known->host, target_host) ? 0 : 400;
}

int http1_read_length(struct cht_str text, uint64_t *ret_length)
{
    uint64_t length = 0;
    for (uint32_t i = 0; i < text.size; i++) {
        if (!char_is((uint8_t)text.at[i], CHAR_DIGIT) || length > UINT64_MAX / 10 - 1) {
            return 400;
        }
        length = length * 10 + (uint64_t)(text.at[i] - '0');
    }
    *ret_length = length;
    return text.size > 0 ? 0 : 400;
}

static int judge_body(const struct known *known, struct http_head *head)
{
    if (known->coding.at) {
        if (known->length.at || head->http_1_0) {
            return 400;
        }
        head->chunked = http1_same_word(known->coding, "chunked");
        return head->chunked ? 0 : http1_is_token(known->coding) ? 501 : 400;
    }
    return known->length.at ? http1_read_length(known->length, &head->content_length) : 0;
}

static int judge(const struct known *known, struct http_head *head, struct cht_str target_host)
{
    int status = judge_host(known, head, target_host);
    if (status == 0) {
        status = judge_body(known, head);
    }
    if (status == 0 && known->expect.at && !head->http_1_0) {
        head->expect_continue = http1_same_word(known->expect, "100-continue");
        status = head->expect_continue ? 0 : 417;
    }
    head->keep_alive = !known->says_close && (!head->http_1_0 || known->says_keep_alive);
    return status;
}

int http1_read_head(
    const uint8_t *bytes, size_t size, struct http_field *fields, struct http_head *ret_head)
{
    struct reader reader = {bytes, bytes + size};
    struct cht_str target_host = {0};
    struct known known = {0};
    *ret_head = (struct http_head){.fields = fields};
    struct cht_str line = take_line(&reader);
    if (line.size == 0) {
        line = take_line(&reader);
    }
    int status = read_request_line(line, ret_head, &target_host);
    if (status == 0) {
        status = http1_read_fields(reader.at, reader.end, fields, &ret_head->field_count);
    }
    for (uint32_t i = 0; status == 0 && i < ret_head->field_count; i++) {
        status = note_field(&known, ret_head, &fields[i]);
    }
    return status ? status : judge(&known, ret_head, target_host);
}
