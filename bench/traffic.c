/* traffic - see the header.
 *
 * Happy path: a message is numbered and framed; the product's answers and events, and of other
 * servers the marks in whatever comes, tell what became of it. How it fails: what is refused is
 * counted, and the first refusal printed. */

#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX (1 << 22)
#define NUMBERS (1u << 16)
#define NUMBER_DIGITS 8u /* that a text begins with, after the mark */
#define BODY_MAX 20000

static char body[BODY_MAX];
static uint64_t due_by_number[NUMBERS]; /* when each of the newest messages should have left */

void traffic_gather(struct traffic *traffic, struct client *client, uint64_t due_ns)
{
    static char text[BODY_MAX + 50];
    char digits[NUMBER_DIGITS + 1];
    uint64_t number = ++traffic->sent;
    if (traffic->body_bytes > NUMBER_DIGITS) {
        (void)snprintf(digits, sizeof(digits), "%08u", (unsigned)(number % NUMBERS));
        memcpy(body + 1, digits, NUMBER_DIGITS);
    }
    due_by_number[number % NUMBERS] = due_ns;
    size_t size = traffic->clients->dialect->say(text, sizeof(text),
        &(struct dialect_message){client->room, number, body, traffic->body_bytes});
    client->started_ns[(client->oldest + client->in_flight) % CLIENTS_UNANSWERED_MAX] = due_ns;
    client->in_flight++;
    traffic->expected += client->readers;
    clients_frame(traffic->clients, text, size);
}

void traffic_say(struct traffic *traffic, struct client *client, uint64_t due_ns)
{
    traffic_gather(traffic, client, due_ns);
    clients_flush(client);
}

/* ---- What came */

static void note(struct traffic *traffic, uint64_t due_ns)
{
    if (traffic->sample_count < SAMPLES_MAX) {
        traffic->samples[traffic->sample_count++] =
            (struct traffic_sample){due_ns, clients_now_ns() - due_ns};
    }
}

static void answered(struct traffic *traffic, struct client *client)
{
    uint64_t started_ns = client->started_ns[client->oldest];
    if (client->in_flight > 0) {
        client->in_flight--;
        client->oldest = (client->oldest + 1) % CLIENTS_UNANSWERED_MAX;
    }
    if (traffic->times == TRAFFIC_TIMES_ANSWERS) {
        note(traffic, started_ns);
    }
    while (traffic->follows && client->sends && client->in_flight < traffic->in_flight_max) {
        traffic_say(traffic, client, clients_now_ns());
    }
}

static bool begins(const uint8_t *payload, size_t size, const char *text)
{
    size_t length = strlen(text);
    return size >= length && memcmp(payload, text, length) == 0;
}

/* Counts the marks; each is a delivery. */
static uint32_t note_deliveries(struct traffic *traffic, const uint8_t *payload, size_t size)
{
    uint32_t count = 0;
    for (const uint8_t *end = payload + size;
         (payload = memchr(payload, DIALECT_MARK, (size_t)(end - payload))); payload++) {
        count++;
        if (traffic->times == TRAFFIC_TIMES_DELIVERIES && (size_t)(end - payload) > NUMBER_DIGITS) {
            char digits[NUMBER_DIGITS + 1] = {0};
            memcpy(digits, payload + 1, NUMBER_DIGITS);
            note(traffic, due_by_number[strtoul(digits, NULL, 10) % NUMBERS]);
        }
    }
    traffic->deliveries += count;
    return count;
}

static void product_said(
    struct traffic *traffic, struct client *client, const uint8_t *payload, size_t size)
{
    bool message = begins(payload, size, "{\"type\":\"message\",");
    bool ok = begins(payload, size, "{\"type\":\"ok\"");
    bool error = begins(payload, size, "{\"type\":\"error\"");
    traffic->acks += ok;
    if (message) {
        note_deliveries(traffic, payload, size);
    }
    if (error && traffic->refused++ == 0) {
        fprintf(stderr, "load: refused: %.*s\n", (int)size, (const char *)payload);
    }
    bool answer = traffic->times == TRAFFIC_TIMES_NOTHING ? message : ok;
    if (client->sends && (error || answer)) {
        answered(traffic, client);
    }
}

static void other_said(
    struct traffic *traffic, struct client *client, const uint8_t *payload, size_t size)
{
    uint32_t count = note_deliveries(traffic, payload, size);
    traffic->acks += count;
    for (uint32_t i = 0; client->sends && i < count; i++) {
        answered(traffic, client);
    }
}

static void on_payload(void *owner, struct client *client, const uint8_t *payload, size_t size)
{
    struct traffic *traffic = owner;
    if (traffic->clients->dialect->product) {
        product_said(traffic, client, payload, size);
    } else {
        other_said(traffic, client, payload, size);
    }
}

void traffic_init(struct traffic *traffic, struct clients *clients)
{
    *traffic = (struct traffic){.clients = clients,
        .in_flight_max = 1,
        .samples = calloc(SAMPLES_MAX, sizeof(*traffic->samples))};
    memset(body, 'x', sizeof(body));
    body[0] = DIALECT_MARK;
    clients->on_payload = on_payload;
    clients->owner = traffic;
}

/* ---- Who speaks */

void traffic_choose_senders(struct traffic *traffic, uint32_t writers, uint32_t deaf)
{
    struct clients *clients = traffic->clients;
    struct client *first = NULL;
    for (uint32_t i = 0; i < clients->total; i++) {
        struct client *client = &clients->all[i];
        if (!first || strcmp(first->room, client->room) != 0) {
            first = client;
        }
        client->sends = writers ? i < writers : client == first;
        first->readers += i < clients->total - deaf;
    }
}

uint32_t traffic_unanswered(const struct traffic *traffic)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < traffic->clients->total; i++) {
        count += traffic->clients->all[i].in_flight;
    }
    return count;
}

/* ---- How long it took */

static int by_took(const void *a, const void *b)
{
    uint64_t left = ((const struct traffic_sample *)a)->took_ns;
    uint64_t right = ((const struct traffic_sample *)b)->took_ns;
    return left < right ? -1 : left > right;
}

void traffic_sort(struct traffic *traffic)
{
    qsort(traffic->samples, traffic->sample_count, sizeof(*traffic->samples), by_took);
}

double traffic_percentile_us(const struct traffic *traffic, double part)
{
    uint64_t last = traffic->sample_count - 1;
    return traffic->sample_count
               ? (double)traffic->samples[(uint64_t)((double)last * part)].took_ns / 1000
               : 0;
}
