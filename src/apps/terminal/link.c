/* link - HTTP and WebSocket for one terminal.
 *
 * Happy path: connect, ask, read to the end of the answer; or upgrade, then frames. How it fails:
 * any error of the socket or of the form is ERR_CLOSED or ERR_CORRUPT, and the caller starts again
 * or ends. */

#include "link.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define ANSWER_BYTES_MAX (4u << 20)
#define OPCODE_TEXT 1
#define OPCODE_CLOSE 8
#define OPCODE_PING 9
#define OPCODE_PONG 10

enum err link_init(struct link *link, const char *url)
{
    *link = (struct link){.sock = -1};
    snprintf(link->port, sizeof(link->port), "80");
    int used = 0;
    if (sscanf(url, "http://%255[^:/]%n", link->host, &used) != 1 || used == 0) {
        return ERR_BAD_CONFIG;
    }
    if (url[used] == ':' && sscanf(url + used, ":%7[0-9]", link->port) != 1) {
        return ERR_BAD_CONFIG;
    }
    return OK;
}

void link_deinit(struct link *link)
{
    if (link->sock >= 0) {
        close(link->sock);
    }
    mem_free(link->bytes);
    *link = (struct link){.sock = -1};
}

static int dial(const struct link *link)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(link->host, link->port, &hints, &found) != 0) {
        return -1;
    }
    int sock = -1;
    for (struct addrinfo *at = found; at && sock < 0; at = at->ai_next) {
        sock = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (sock >= 0 && connect(sock, at->ai_addr, at->ai_addrlen) != 0) {
            close(sock);
            sock = -1;
        }
    }
    freeaddrinfo(found);
    return sock;
}

static bool write_all(int sock, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t wrote = send(sock, bytes, size, MSG_NOSIGNAL);
        if (wrote <= 0) {
            return false;
        }
        bytes += wrote;
        size -= (size_t)wrote;
    }
    return true;
}

/* Everything until the server closes, NUL-terminated; the caller frees it. NULL: too much, or
 * broken. */
static char *read_to_end(int sock)
{
    size_t size = 0, capacity = 65536;
    char *bytes = mem_resize(NULL, capacity);
    ssize_t got;
    while ((got = recv(sock, bytes + size, capacity - size - 1, 0)) > 0) {
        size += (size_t)got;
        if (capacity - size < 2) {
            capacity *= 2;
            bytes = mem_resize(bytes, capacity);
        }
        if (size > ANSWER_BYTES_MAX) {
            break;
        }
    }
    bytes[size] = 0;
    return bytes;
}

static char *request_text(
    const struct link *link, const char *path, const char *token, const char *body)
{
    size_t capacity = strlen(path) + (token ? strlen(token) : 0) + strlen(body) + 512;
    char *text = mem_new(capacity);
    snprintf(text, capacity,
        "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n%s%s%s\r\n%s",
        *body ? "POST" : "GET", path, link->host, strlen(body),
        token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "", body);
    return text;
}

enum err link_request(struct link *link, const char *path, const char *token, const json_t *body,
    int *ret_status, json_t **ret_answer)
{
    *ret_status = 0;
    *ret_answer = NULL;
    int sock = dial(link);
    if (sock < 0) {
        return ERR_CLOSED;
    }
    char *body_text = body ? json_dumps(body, JSON_COMPACT) : mem_string("");
    char *text = request_text(link, path, token, body_text);
    char *answer = write_all(sock, text, strlen(text)) ? read_to_end(sock) : NULL;
    close(sock);
    mem_free(body_text);
    mem_wipe(text, strlen(text));
    mem_free(text);
    char *end = answer ? strstr(answer, "\r\n\r\n") : NULL;
    if (end && sscanf(answer, "HTTP/1.1 %d", ret_status) == 1) {
        *ret_answer = json_loads(end + 4, 0, NULL);
    }
    mem_free(answer);
    return *ret_answer ? OK : ERR_CORRUPT;
}

enum err link_open(struct link *link, const char *token)
{
    char request[8192], head[4096];
    link->sock = dial(link);
    link->close_code = 0;
    int size = snprintf(request, sizeof(request),
        "GET /api/socket HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGVybWluYWwgY2xpZW50IQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: chattifier.v1\r\nAuthorization: Bearer %s\r\n\r\n",
        link->host, token);
    if (link->sock < 0 || size >= (int)sizeof(request) ||
        !write_all(link->sock, request, (size_t)size)) {
        return ERR_CLOSED;
    }
    size_t got = 0;
    while (got < sizeof(head) - 1 && !(got >= 4 && memcmp(head + got - 4, "\r\n\r\n", 4) == 0)) {
        if (recv(link->sock, head + got, 1, 0) != 1) {
            return ERR_CLOSED;
        }
        got++;
    }
    if (got > 12 && memcmp(head, "HTTP/1.1 101", 12) == 0) {
        return OK;
    }
    return got > 12 && memcmp(head, "HTTP/1.1 401", 12) == 0 ? ERR_FORBIDDEN : ERR_CLOSED;
}

/* A client has to mask; who is on plain TCP hides nothing by it, so the mask is zero. */
static enum err send_frame(struct link *link, uint8_t opcode, const char *payload, size_t size)
{
    char head[14] = {(char)(0x80 | opcode)};
    size_t head_size = 6;
    if (size < 126) {
        head[1] = (char)(0x80 | size);
    } else if (size < 65536) {
        head[1] = (char)(0x80 | 126);
        head[2] = (char)(size >> 8);
        head[3] = (char)size;
        head_size = 8;
    } else {
        return ERR_TOO_LARGE;
    }
    return write_all(link->sock, head, head_size) && write_all(link->sock, payload, size)
               ? OK
               : ERR_CLOSED;
}

enum err link_send(struct link *link, const json_t *frame)
{
    char *text = json_dumps(frame, JSON_COMPACT);
    enum err err = send_frame(link, OPCODE_TEXT, text, strlen(text));
    mem_free(text);
    return err;
}

static enum err read_more(struct link *link)
{
    if (link->capacity - link->size < 65536) {
        link->capacity = link->capacity * 2 + 131072;
        link->bytes = mem_resize(link->bytes, link->capacity);
    }
    ssize_t got = recv(link->sock, link->bytes + link->size, link->capacity - link->size, 0);
    if (got <= 0) {
        return ERR_CLOSED;
    }
    link->size += (size_t)got;
    return OK;
}

/* Head and payload size of the first frame; false: not all of it is there. */
static bool first_frame(const struct link *link, size_t *ret_head, size_t *ret_size)
{
    const uint8_t *at = (const uint8_t *)link->bytes;
    if (link->size < 2) {
        return false;
    }
    size_t head = (at[1] & 127) == 127 ? 10 : (at[1] & 127) == 126 ? 4 : 2;
    if (link->size < head) {
        return false;
    }
    uint64_t size = head == 2 ? at[1] & 127 : 0;
    for (size_t i = 2; i < head; i++) {
        size = size << 8 | at[i];
    }
    *ret_head = head;
    *ret_size = size;
    return size <= link->size - head;
}

static enum err take_frame(struct link *link, size_t head, size_t size, json_t **ret_frame)
{
    uint8_t opcode = (uint8_t)link->bytes[0] & 15;
    enum err err = opcode == OPCODE_CLOSE ? ERR_CLOSED : OK;
    if (opcode == OPCODE_CLOSE && size >= 2) {
        const uint8_t *code = (const uint8_t *)link->bytes + head;
        link->close_code = code[0] << 8 | code[1];
    }
    if (opcode == OPCODE_PING) {
        err = send_frame(link, OPCODE_PONG, link->bytes + head, size);
    } else if (opcode == OPCODE_TEXT) {
        *ret_frame = json_loadb(link->bytes + head, size, 0, NULL);
        err = *ret_frame ? OK : ERR_CORRUPT;
    }
    memmove(link->bytes, link->bytes + head + size, link->size - head - size);
    link->size -= head + size;
    return err;
}

enum err link_receive(struct link *link, bool wait, json_t **ret_frame)
{
    *ret_frame = NULL;
    enum err err = wait ? read_more(link) : OK;
    size_t head, size;
    while (err == OK && !*ret_frame && first_frame(link, &head, &size)) {
        err = take_frame(link, head, size, ret_frame);
    }
    return err;
}
