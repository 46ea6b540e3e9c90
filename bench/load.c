/* load - a WebSocket load client.
 *
 *     load DIALECT fanout PORT SECONDS IN_FLIGHT BODY < connections
 *     load DIALECT burst PORT ROUNDS IN_FLIGHT BODY [DEAF] < connections
 *     load DIALECT acks PORT SECONDS WRITERS BODY [RATE] < connections
 *     load DIALECT paced PORT SECONDS DEAF BODY RATE [FILE] < connections
 *     load DIALECT storm PORT IN_FLIGHT < connections
 *     load DIALECT idle PORT < connections      holds them until standard input says a line
 *
 * Standard input: one line a connection, `PATH TOKEN ROOM` (`-` for no token), then an empty line;
 * a further line starts what is measured. Prints `connected`, `started` and one line of numbers:
 * name=value.
 *
 * - fanout: the first connection of each room sends, IN_FLIGHT messages at a time, counted by its
 *   own events.
 * - burst: the first connection sends IN_FLIGHT messages in one write, and again when all of them
 *   have come to everybody; the last DEAF connections are not read from.
 * - acks: the first WRITERS connections send one message each, wait for its ok (in a dialect
 *   without, for the message), and send the next; with a RATE, that many messages a second leave
 *   them in turn at random times instead, whether or not the ones before were answered. Latencies
 *   are those of the answers.
 * - paced: the first connections of the rooms send at RATE in turn, at random times; the last DEAF
 *   connections are not read from. Latencies are those of deliveries; those that did not come
 *   before five seconds of silence are `lost`. FILE gets each as two 64 bit numbers, in ns: when it
 *   should have left, on the monotonic clock, and what it took.
 * - storm: connecting itself is measured, IN_FLIGHT at a time, until each is greeted; `settled`
 *   is printed when nothing more arrives.
 *
 * Latencies count from the time at which a message should have left; `late_us` is how much later
 * they left, on average. How it fails: one line on standard error and exit code 1. */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "clients.h"
#include "dialects.h"
#include "traffic.h"

#define OPENING_MAX 200
#define SILENCE_NS (5000 * CLIENTS_MS)
#define S_NS 1e9

struct load {
    struct clients clients;
    struct traffic traffic;
    double numbers[4]; /* the arguments after the port */
    const char *file;
};

static void say_line(const char *line)
{
    printf("%s\n", line);
    fflush(stdout);
}

static void wait_for_a_line(struct load *load)
{
    if (!clients_hold(&load->clients)) {
        exit(1);
    }
}

/* ---- Ways to send */

static void send_after_answers(struct load *load, uint64_t end)
{
    struct traffic *traffic = &load->traffic;
    traffic->follows = true;
    for (uint32_t i = 0; i < load->clients.total; i++) {
        struct client *client = &load->clients.all[i];
        for (uint32_t j = 0; client->sends && j < traffic->in_flight_max; j++) {
            traffic_say(traffic, client, clients_now_ns());
        }
    }
    while (clients_now_ns() < end) {
        clients_turn(&load->clients, 10 * CLIENTS_MS);
    }
    traffic->follows = false;
}

static struct client *next_sender(struct load *load, uint32_t *last)
{
    do {
        *last = (*last + 1) % load->clients.total;
    } while (!load->clients.all[*last].sends);
    return &load->clients.all[*last];
}

static void send_at_random(struct load *load, uint64_t end, double rate)
{
    uint32_t last = load->clients.total - 1;
    prctl(PR_SET_TIMERSLACK, 1);
    srand48(1);
    double due = (double)clients_now_ns();
    for (uint64_t now = clients_now_ns(); now < end; now = clients_now_ns()) {
        if (due > (double)now) {
            clients_turn(&load->clients, (uint64_t)due - now + 1);
            continue;
        }
        struct client *sender = next_sender(load, &last);
        if (sender->in_flight == CLIENTS_UNANSWERED_MAX) {
            fprintf(stderr, "load: too many are unanswered\n");
            exit(1);
        }
        traffic_say(&load->traffic, sender, (uint64_t)due);
        load->traffic.late_ns += now - (uint64_t)due;
        due -= log(1 - drand48()) * S_NS / rate;
    }
}

/* What is on its way may come, however late: it is lost when nothing comes any more. */
static void drain(struct load *load)
{
    struct traffic *traffic = &load->traffic;
    uint64_t before = traffic->deliveries, end = clients_now_ns() + SILENCE_NS;
    while (traffic->deliveries < traffic->expected && clients_now_ns() < end) {
        clients_turn(&load->clients, 10 * CLIENTS_MS);
        if (traffic->deliveries != before) {
            before = traffic->deliveries;
            end = clients_now_ns() + SILENCE_NS;
        }
    }
}

static void send_bursts(struct load *load, uint32_t rounds)
{
    struct traffic *traffic = &load->traffic;
    struct client *sender = &load->clients.all[0];
    for (uint32_t i = 0; i < rounds; i++) {
        for (uint32_t j = 0; j < traffic->in_flight_max; j++) {
            traffic_gather(traffic, sender, clients_now_ns());
        }
        clients_flush(sender);
        while (traffic->deliveries < traffic->expected) {
            clients_turn(&load->clients, 10 * CLIENTS_MS);
        }
    }
}

/* ---- Numbers */

static void write_samples(const struct load *load)
{
    const struct traffic *traffic = &load->traffic;
    FILE *file = fopen(load->file, "wb");
    if (!file || fwrite(traffic->samples, sizeof(*traffic->samples), traffic->sample_count, file) !=
                     traffic->sample_count) {
        perror("load: samples");
        exit(1);
    }
    fclose(file);
}

static void print_numbers(struct load *load, double seconds)
{
    struct traffic *traffic = &load->traffic;
    uint64_t lost = 0; /* of deliveries that were waited for */
    if (traffic->times == TRAFFIC_TIMES_DELIVERIES) {
        lost = traffic->expected - traffic->deliveries;
    }
    if (load->file) {
        write_samples(load);
    }
    traffic_sort(traffic);
    printf("seconds=%.3f deliveries=%llu acks=%llu sent=%llu refused=%llu unanswered=%u "
           "lost=%llu late_us=%.1f p50_us=%.1f p99_us=%.1f max_us=%.1f\n",
        seconds, (unsigned long long)traffic->deliveries, (unsigned long long)traffic->acks,
        (unsigned long long)traffic->sent, (unsigned long long)traffic->refused,
        traffic_unanswered(traffic), (unsigned long long)lost,
        traffic->sent ? (double)traffic->late_ns / 1000 / (double)traffic->sent : 0,
        traffic_percentile_us(traffic, 0.5), traffic_percentile_us(traffic, 0.99),
        traffic_percentile_us(traffic, 1));
    fflush(stdout);
}

/* ---- Modes. What is measured ends with its numbers; then the connections stay until standard
 * input says a line or ends. */

static void measured(struct load *load, void (*send)(struct load *load, uint64_t end))
{
    wait_for_a_line(load);
    say_line("started");
    load->traffic.deliveries = load->traffic.acks = load->traffic.sample_count = 0;
    uint64_t begun = clients_now_ns();
    send(load, begun + (uint64_t)(load->numbers[0] * S_NS));
    double seconds = (double)(clients_now_ns() - begun) / S_NS;
    if (load->traffic.times == TRAFFIC_TIMES_DELIVERIES) {
        drain(load);
    }
    print_numbers(load, seconds);
    (void)clients_hold(&load->clients);
}

static void fanout(struct load *load)
{
    load->traffic.in_flight_max = (uint32_t)load->numbers[1];
    traffic_choose_senders(&load->traffic, 0, 0);
    measured(load, send_after_answers);
}

static void send_burst_rounds(struct load *load, uint64_t end)
{
    (void)end;
    send_bursts(load, (uint32_t)load->numbers[0]);
}

static void burst(struct load *load)
{
    uint32_t deaf = (uint32_t)load->numbers[3];
    load->traffic.in_flight_max = (uint32_t)load->numbers[1];
    traffic_choose_senders(&load->traffic, 1, deaf);
    clients_stop_reading(&load->clients, deaf);
    measured(load, send_burst_rounds);
}

static void send_paced(struct load *load, uint64_t end)
{
    send_at_random(load, end, load->numbers[3]);
}

static void acks(struct load *load)
{
    load->traffic.times = TRAFFIC_TIMES_ANSWERS;
    traffic_choose_senders(&load->traffic, (uint32_t)load->numbers[1], 0);
    measured(load, load->numbers[3] > 0 ? send_paced : send_after_answers);
}

static void paced(struct load *load)
{
    uint32_t deaf = (uint32_t)load->numbers[1];
    load->traffic.times = TRAFFIC_TIMES_DELIVERIES;
    traffic_choose_senders(&load->traffic, 0, deaf);
    clients_stop_reading(&load->clients, deaf);
    measured(load, send_paced);
}

static void storm(struct load *load)
{
    load->clients.opening_max = (uint32_t)load->numbers[0];
    say_line("connected");
    wait_for_a_line(load);
    say_line("started");
    uint64_t begun = clients_now_ns();
    clients_open(&load->clients);
    printf("seconds=%.3f connects=%u\n", (double)(clients_now_ns() - begun) / S_NS,
        load->clients.total);
    fflush(stdout);
    clients_settle(&load->clients);
    say_line("settled");
    (void)clients_hold(&load->clients);
}

static void idle(struct load *load)
{
    (void)clients_hold(&load->clients);
}

static const struct {
    const char *name;
    void (*run)(struct load *load);
    bool dials; /* by itself */
} modes[] = {
    {"fanout", fanout, false},
    {"burst", burst, false},
    {"acks", acks, false},
    {"paced", paced, false},
    {"storm", storm, true},
    {"idle", idle, false},
};

static void run(struct load *load, const char *mode)
{
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (strcmp(mode, modes[i].name) != 0) {
            continue;
        }
        if (!modes[i].dials) {
            clients_open(&load->clients);
            clients_settle(&load->clients);
            say_line("connected");
        }
        modes[i].run(load);
        exit(0);
    }
    fprintf(stderr, "load: there is no mode %s\n", mode);
    exit(2);
}

int main(int count, char **arguments)
{
    static struct load load = {.numbers = {5, 1, 150, 0}};
    load.clients.dialect = count > 3 ? dialect_by_name(arguments[1]) : NULL;
    if (!load.clients.dialect) {
        fprintf(stderr, "usage: load DIALECT fanout|burst|acks|paced|storm|idle PORT ...\n");
        return 2;
    }
    load.clients.port = (uint16_t)strtoul(arguments[3], NULL, 10);
    load.clients.opening_max = load.clients.dialect->one_by_one ? 1 : OPENING_MAX;
    for (int i = 4; i < count && i < 8; i++) {
        load.numbers[i - 4] = strtod(arguments[i], NULL);
    }
    load.file = count > 8 ? arguments[8] : NULL;
    traffic_init(&load.traffic, &load.clients);
    load.traffic.body_bytes = (uint32_t)load.numbers[2];
    clients_read(&load.clients);
    run(&load, arguments[2]);
}
