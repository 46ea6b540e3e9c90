#pragma once

/* traffic - what the clients say, what of it came, and how long that took.
 *
 * A message begins with a mark and its number, so that each delivery finds the time at which the
 * message should have left: latencies count from there, whether the client was late or not. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients.h"

enum traffic_times { TRAFFIC_TIMES_NOTHING, TRAFFIC_TIMES_ANSWERS, TRAFFIC_TIMES_DELIVERIES };

struct traffic_sample {
    uint64_t due_ns, took_ns;
};

struct traffic {
    struct clients *clients;
    enum traffic_times times;
    uint32_t in_flight_max; /* of each sender */
    uint32_t body_bytes;
    bool follows; /* the next message leaves when one is answered */

    uint64_t sent, deliveries, expected, acks, refused;
    uint64_t late_ns; /* of all that were sent, after they should have been */
    struct traffic_sample *samples;
    uint64_t sample_count;
};

/* Made for these; takes what comes to them. */
void traffic_init(struct traffic *traffic, struct clients *clients);

/* Who speaks: the first connection of each room, or the first `writers`; those of a room follow
 * each other. The last `deaf` of all do not count as readers. */
void traffic_choose_senders(struct traffic *traffic, uint32_t writers, uint32_t deaf);

/* Says the next message, which should have left at due_ns. `traffic_gather` leaves it to be
 * flushed. */
void traffic_say(struct traffic *traffic, struct client *client, uint64_t due_ns);
void traffic_gather(struct traffic *traffic, struct client *client, uint64_t due_ns);

uint32_t traffic_unanswered(const struct traffic *traffic);

/* Sorts the samples by what they took; the part's place among them. */
void traffic_sort(struct traffic *traffic);
double traffic_percentile_us(const struct traffic *traffic, double part);
