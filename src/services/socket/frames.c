/* frames - see the header. Happy path: the JSON is written behind ten free bytes, and the frame's
 * header goes right before it. How it fails: if the block is too small it grows and the JSON is
 * written again. */

#include "frames.h"

#include <string.h>

#include "base/check.h"
#include "base/err_words.h"
#include "base/mem.h"

#define HEADER_ROOM 10u

struct content {
    const struct cht_event_row *row;
    const void *event;
    struct cht_str body; /* further members, finished */
    bool bare;           /* without "type" */
};

static void write_object(struct cht_json *json, const struct content *content)
{
    if (!content->bare && content->body.size == 0) {
        cht_json_event(json, content->row, content->event);
        return;
    }
    cht_json_begin(json, '{');
    if (!content->bare) {
        cht_json_key(json, "type");
        cht_json_text(
            json, (struct cht_str){content->row->wire, (uint32_t)strlen(content->row->wire)});
    }
    cht_json_members(json, content->row, content->event);
    if (content->body.size > 0) {
        cht_json_raw(json, content->body);
    }
    cht_json_end(json, '}');
}

/* The object, at HEADER_ROOM in `out`. */
static struct cht_str object(struct socket_service *service, const struct content *content)
{
    for (;;) {
        struct cht_json json = {
            .at = service->out + HEADER_ROOM, .size = service->out_size - HEADER_ROOM};
        write_object(&json, content);
        if (json.used <= json.size) {
            return (struct cht_str){json.at, (uint32_t)json.used};
        }
        service->out_size = json.used + HEADER_ROOM;
        service->out = mem_resize(service->out, service->out_size);
    }
}

static struct cht_str framed(struct socket_service *service, const struct content *content)
{
    struct cht_str text = object(service, content);
    uint8_t header[10];
    size_t size = ws_text_header(header, text.size);
    CHECK(size <= HEADER_ROOM);
    char *start = service->out + HEADER_ROOM - size;
    memcpy(start, header, size);
    return (struct cht_str){start, text.size + (uint32_t)size};
}

struct cht_str frame_of_event(
    struct socket_service *service, const struct cht_event_row *row, const void *event)
{
    struct content content = {.row = row, .event = event};
    return framed(service, &content);
}

static struct cht_f_ok ok_of(const struct cht_reply *reply)
{
    return (struct cht_f_ok){
        .room = reply->room,
        .seq = reply->seq,
        .n = reply->n,
        .ts = reply->ts,
        .dup = reply->dup,
    };
}

struct cht_str frame_of_ok(
    struct socket_service *service, struct cht_str ref, const struct cht_reply *reply)
{
    struct cht_f_ok ok = ok_of(reply);
    ok.ref = ref;
    struct content content = {.row = &cht_row_f_ok, .event = &ok, .body = reply->body};
    return framed(service, &content);
}

struct cht_str frame_http_body(struct socket_service *service, const struct cht_reply *reply)
{
    struct cht_f_ok ok = ok_of(reply);
    struct content content = {
        .row = &cht_row_f_ok, .event = &ok, .body = reply->body, .bare = true};
    return object(service, &content);
}

static struct cht_str text_of(const char *text)
{
    return (struct cht_str){text, text ? (uint32_t)strlen(text) : 0};
}

struct cht_str frame_of_error(
    struct socket_service *service, struct cht_str ref, const struct frame_refusal *refusal)
{
    enum err err = err_for_client(refusal->err);
    char words[ERR_WORDS_SIZE];
    struct cht_f_error error = {
        .ref = ref,
        .code = text_of(err_name(err)),
        .message = text_of(err_words(err, refusal->field, words)),
        .retry = err_may_retry(err),
        .field = text_of(refusal->field),
        .retry_after_ms = err_wait_ms(err, refusal->wait_ms),
    };
    return frame_of_event(service, &cht_row_f_error, &error);
}
