/* message - see message.h.
 *
 * Happy path: mail of the work box is told apart by its event's number; questions become flows.
 * Whoever waits for the store on another worker casts so. How it fails: what is not for this
 * service or can not be read is ignored, its sender asks again. */

#include "message/message.h"

#include "base/event_buf.h"
#include "base/mem.h"
#include "consume.h"
#include "fresh.h"
#include "hot_pages.h"
#include "lists.h"
#include "names.h"
#include "query.h"
#include "tails.h"

#define WORK_CREDIT 4096
#define MARK_MS 60000
#define WAITS_PART 4 /* of the places of questions */

static void on_mail(struct mail_handler *handler, struct buf *event)
{
    struct message_service *service = container_of(handler, struct message_service, mail);
    struct cht_str bytes = event_buf_bytes(event);
    uint32_t number = cht_event_number_of(bytes);
    if (number == CHT_EVENT_command) {
        query_on_mail(service, event);
    } else if (number == CHT_EVENT_roster_query) {
        roster_on_mail(service, bytes);
    } else if (number == CHT_EVENT_circles_query) {
        circles_on_mail(service, bytes);
    }
}

static void on_cast(struct cast_handler *handler, struct buf *event)
{
    struct message_service *service = container_of(handler, struct message_service, casts);
    struct cht_str bytes = event_buf_bytes(event);
    struct cht_scratch nothing = {NULL, 0, 0};
    struct cht_wanted wanted;
    if (cht_event_number_of(bytes) == CHT_EVENT_wanted &&
        cht_decode(&cht_row_wanted, bytes, &nothing, &wanted) &&
        wanted.shard < service->deps.shard_count && service->consumes[wanted.shard] != NULL) {
        consume_want(service->consumes[wanted.shard], wanted.index);
    }
}

/* Also where nothing is said any more records grow old, and have to leave the log. */
static void on_marks(struct timer *timer)
{
    struct message_service *service = container_of(timer, struct message_service, marks);
    for (uint32_t i = 0; i < service->deps.shard_count; i++) {
        if (service->consumes[i] != NULL) {
            consume_mark(service->consumes[i]);
        }
    }
    timer_start(service->deps.world->loop, timer, MARK_MS, on_marks);
}

static void create_memory(struct message_service *service)
{
    const struct message_settings *settings = &service->settings;
    uint64_t secret[2];
    random_fill(service->deps.world->random, secret, sizeof(secret));
    places_init(&service->places, (uint32_t)settings->queries_max,
        (uint32_t)settings->queries_per_user_max, secret);
    places_init(&service->waits, (uint32_t)settings->queries_max / WAITS_PART,
        (uint32_t)settings->waits_per_user_max, secret);
    service->hot =
        hot_pages_create((uint32_t)settings->hot_pages_max, settings->hot_pages_bytes_max, secret);
    service->names = names_create((uint32_t)settings->names_max, secret);
    service->lists = shared_create(
        service, &lists_kind, (uint32_t)settings->lists_max, settings->lists_bytes_max, secret);
    service->tails = shared_create(
        service, &tails_kind, (uint32_t)settings->tails_max, settings->tails_bytes_max, secret);
}

struct message_service *message_create(
    const struct message_deps *deps, const struct message_settings *settings)
{
    struct message_service *service = mem_new(sizeof(*service));
    CHECK(deps->shard_count > 0);
    service->deps = *deps;
    service->settings = *settings;
    service->consumes = mem_array(deps->shard_count, sizeof(struct consume *));
    service->body = mem_new(QUERY_BODY_BYTES);
    service->fresh = fresh_create(service);
    create_memory(service);
    service->mail.on_mail = on_mail;
    mail_open(deps->mail, MAIL_WORK, &service->mail, WORK_CREDIT);
    service->casts.on_cast = on_cast;
    cast_listen(deps->cast, &service->casts);
    timer_start(deps->world->loop, &service->marks, MARK_MS, on_marks);
    return service;
}

void message_set(struct message_service *service, const struct message_settings *settings)
{
    settings_copy_reloadable(&message_settings_table, &service->settings, settings);
}

void message_hurry(struct message_service *service)
{
    service->hurries = true;
    consume_write_all(service);
}

void message_destroy(struct message_service *service)
{
    if (service == NULL) {
        return;
    }
    for (uint32_t i = 0; i < service->deps.shard_count; i++) {
        consume_destroy(service->consumes[i]);
    }
    timer_stop(&service->gather);
    timer_stop(&service->writes);
    timer_stop(&service->marks);
    fresh_destroy(service->fresh);
    hot_pages_destroy(service->hot);
    names_destroy(service->names);
    shared_destroy(service->lists);
    shared_destroy(service->tails);
    places_deinit(&service->places);
    places_deinit(&service->waits);
    mem_free(service->consumes);
    mem_free(service->body);
    mem_free(service);
}

void message_own(struct message_service *service, uint32_t shard)
{
    CHECK(shard < service->deps.shard_count);
    CHECK(service->consumes[shard] == NULL);
    service->consumes[shard] = consume_create(service, shard);
}

bool message_is_idle(const struct message_service *service)
{
    for (uint32_t i = 0; i < service->deps.shard_count; i++) {
        if (service->consumes[i] != NULL && !consume_is_idle(service->consumes[i])) {
            return false;
        }
    }
    return service->places.taken == 0 && service->nodes_in_work == 0 &&
           fresh_is_idle(service->fresh);
}

bool message_is_ready(const struct message_service *service)
{
    return !atomic_load(&service->broken);
}

struct message_counters message_counters(const struct message_service *service)
{
    return service->counters;
}
