/* load - a WebSocket load client.
 *
 *     load fanout PORT SECONDS IN_FLIGHT BODY < connections
 *     load slow PORT SECONDS STUCK BODY RATE < connections
 *     load idle PORT < connections     holds them until standard input says a line
 *     load acks PORT SECONDS WRITERS BODY [RATE] < connections
 *     load burst PORT ROUNDS IN_FLIGHT BODY < connections
 *
 * Standard input: one line a connection, `PATH TOKEN ROOM` (`-` for none), then an empty line. With
 * a token the product's protocol is spoken (ready, message.send, message), without one every text
 * frame is a message, as the floor program does it. `fanout`: the first connection of each room
 * sends, IN_FLIGHT messages at a time, counted by its own events. `acks`: the first WRITERS
 * connections send one message each, wait for its ok, and send the next; with a RATE, that many
 * messages a second leave them at random times instead, whether or not the ones before were
 * answered, and latencies count from the time at which a message should have left. `slow`: the
 * first connection sends at RATE, the last STUCK are not read from any more, and latencies are
 * those of deliveries to the others. `burst`: the first connection sends IN_FLIGHT messages in one
 * write, and again when all of them have come to everybody. Latencies are printed as percentiles.
 * Prints one line of numbers: name=value. How it fails: one line on standard error and exit code 1.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX (1 << 17)
#define MS UINT64_C(1000000)
#define READ_BYTES (1 << 20)
#define LATENCIES_MAX (1 << 22)
#define LINE_MAX_BYTES 4096
#define UNANSWERED_MAX 256
#define NUMBERS (1u << 16)
#define NUMBER_DIGITS 8u /* that a text begins with */

struct connection {
    int sock;
    char room[64];
    bool product;
    bool sends;
    uint32_t in_flight;
    uint64_t started_ns[UNANSWERED_MAX]; /* of those in flight, a ring */
    uint32_t oldest;
    uint32_t kept;
    uint8_t *partial;
};

static struct connection *all;
static uint32_t total;
static uint8_t input[READ_BYTES];
static uint64_t deliveries, acks, sent, refused, bytes_in;
static uint32_t in_flight_max, body_bytes;
static bool count_acks, running = true;
static uint64_t due_ns[NUMBERS]; /* when each of the newest messages should have left */
static bool times_deliveries;
static double rate; /* messages a second; 0: the next follows the answer */
static uint64_t *latencies;
static uint64_t latency_count;
static char body[20000];
static uint8_t outgoing[1 << 16]; /* frames of a burst */
static size_t outgoing_size;
static bool gathers; /* frames leave when the burst is whole */

static void die(const char *why)
{
    fprintf(stderr, "load: %s: %s\n", why, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int dial(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    int one = 1;
    if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address))) {
        die("connect");
    }
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return sock;
}

/* Sends the upgrade and reads the head of its answer, byte by byte: what follows it is left in the
 * socket. */
static void upgrade(struct connection *connection, const char *path, const char *token)
{
    char request[LINE_MAX_BYTES + 512], line[4096] = "";
    int size = snprintf(request, sizeof(request),
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: chattifier.v1\r\n%s%s%s\r\n",
        path, connection->product ? "Authorization: Bearer " : "", connection->product ? token : "",
        connection->product ? "\r\n" : "");
    if (write(connection->sock, request, (size_t)size) != size) {
        die("upgrade");
    }
    size_t got = 0;
    while (got < sizeof(line) - 1 && !(got >= 4 && memcmp(line + got - 4, "\r\n\r\n", 4) == 0)) {
        if (read(connection->sock, line + got, 1) != 1) {
            die("answer of the upgrade");
        }
        got++;
    }
    if (memcmp(line, "HTTP/1.1 101", 12) != 0) {
        fprintf(stderr, "load: %.60s\n", line);
        exit(1);
    }
}

static void write_outgoing(const struct connection *connection)
{
    size_t done = 0;
    while (done < outgoing_size) {
        ssize_t wrote = send(connection->sock, outgoing + done, outgoing_size - done, MSG_NOSIGNAL);
        if (wrote > 0) {
            done += (size_t)wrote;
        } else if (errno != EAGAIN) {
            die("send");
        }
    }
    outgoing_size = 0;
}

static void write_frame(const struct connection *connection, const char *payload, size_t size)
{
    uint8_t *frame = outgoing + outgoing_size;
    size_t head = 2;
    if (sizeof(outgoing) - outgoing_size < size + 8) {
        die("a burst is too large");
    }
    frame[0] = 0x81;
    if (size < 126) {
        frame[1] = (uint8_t)(0x80 | size);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (uint8_t)(size >> 8);
        frame[3] = (uint8_t)size;
        head = 4;
    }
    memset(frame + head, 0, 4); /* a mask of zeros changes nothing */
    memcpy(frame + head + 4, payload, size);
    outgoing_size += head + 4 + size;
    if (!gathers) {
        write_outgoing(connection);
    }
}

static void say(struct connection *connection, uint64_t started_ns)
{
    char text[20050];
    size_t size = body_bytes;
    const char *payload = body;
    sent++;
    if (connection->product) {
        size = (size_t)snprintf(text, sizeof(text),
            "{\"type\":\"message.send\",\"ref\":\"%llu\",\"room\":\"%s\",\"cid\":\"%d-%llu\","
            "\"text\":\"%08llu%.*s\"}",
            (unsigned long long)(sent % 1000000), connection->room, (int)getpid(),
            (unsigned long long)sent, (unsigned long long)(sent % NUMBERS),
            body_bytes > NUMBER_DIGITS ? (int)(body_bytes - NUMBER_DIGITS) : 0, body);
        due_ns[sent % NUMBERS] = started_ns;
        payload = text;
    }
    connection->started_ns[(connection->oldest + connection->in_flight) % UNANSWERED_MAX] =
        started_ns;
    connection->in_flight++;
    write_frame(connection, payload, size);
}

static void note_latency(uint64_t started_ns)
{
    if (latency_count < LATENCIES_MAX) {
        latencies[latency_count++] = now_ns() - started_ns;
    }
}

static void answered(struct connection *connection)
{
    uint64_t started_ns = connection->started_ns[connection->oldest];
    if (connection->in_flight > 0) {
        connection->in_flight--;
        connection->oldest = (connection->oldest + 1) % UNANSWERED_MAX;
    }
    if (count_acks && !times_deliveries) {
        note_latency(started_ns);
    }
    while (running && connection->sends && !gathers && rate <= 0 &&
           connection->in_flight < in_flight_max) {
        say(connection, now_ns());
    }
}

static bool begins(const uint8_t *payload, size_t size, const char *text)
{
    size_t length = strlen(text);
    return size >= length && memcmp(payload, text, length) == 0;
}

static void note_delivery(const uint8_t *payload, size_t size)
{
    static const char name[] = "\"text\":\"";
    const char *text = memmem(payload, size, name, sizeof(name) - 1);
    if (text) {
        note_latency(due_ns[strtoul(text + sizeof(name) - 1, NULL, 10) % NUMBERS]);
    }
}

static void on_frame(
    struct connection *connection, uint8_t opcode, const uint8_t *payload, size_t size)
{
    if (opcode == 8) {
        fprintf(stderr, "load: closed by the server\n");
        exit(1);
    }
    if (opcode != 1) {
        return;
    }
    bool message = !connection->product || begins(payload, size, "{\"type\":\"message\",");
    bool ok = connection->product ? begins(payload, size, "{\"type\":\"ok\"") : message;
    deliveries += message;
    acks += ok;
    if (times_deliveries && message) {
        note_delivery(payload, size);
    }
    if (connection->product && begins(payload, size, "{\"type\":\"error\"")) {
        if (refused++ == 0) {
            fprintf(stderr, "load: refused: %.*s\n", (int)size, (const char *)payload);
        }
        answered(connection);
    } else if (connection->sends && (count_acks ? ok : message)) {
        answered(connection);
    }
}

static size_t frames(struct connection *connection, const uint8_t *bytes, size_t size)
{
    size_t used = 0;
    while (size - used >= 2) {
        const uint8_t *at = bytes + used;
        size_t length = at[1] & 127, head = 2;
        if (length == 126) {
            head = 4;
        } else if (length == 127) {
            head = 10;
        }
        if (size - used < head) {
            break;
        }
        if (head > 2) {
            length = 0;
            for (size_t i = 2; i < head; i++) {
                length = length << 8 | at[i];
            }
        }
        if (size - used < head + length) {
            break;
        }
        on_frame(connection, at[0] & 15, at + head, length);
        used += head + length;
    }
    return used;
}

static void on_readable(struct connection *connection)
{
    size_t kept = connection->kept;
    if (kept) {
        memcpy(input, connection->partial, kept);
    }
    ssize_t got = recv(connection->sock, input + kept, sizeof(input) - kept, 0);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            die("connection lost");
        }
        return;
    }
    bytes_in += (uint64_t)got;
    size_t size = kept + (size_t)got;
    size_t used = frames(connection, input, size);
    connection->kept = (uint32_t)(size - used);
    if (connection->kept) {
        connection->partial = realloc(connection->partial, connection->kept);
        memcpy(connection->partial, input + used, connection->kept);
    }
}

static void read_connections(uint16_t port)
{
    char line[LINE_MAX_BYTES], path[256], token[LINE_MAX_BYTES], room[64];
    all = calloc(CONNECTIONS_MAX, sizeof(*all));
    while (total < CONNECTIONS_MAX && fgets(line, sizeof(line), stdin) && line[0] != '\n') {
        if (sscanf(line, "%255s %4095s %63s", path, token, room) != 3) {
            die("a line of standard input");
        }
        struct connection *connection = &all[total++];
        connection->sock = dial(port);
        connection->product = strcmp(token, "-") != 0;
        snprintf(connection->room, sizeof(connection->room), "%s", room);
        upgrade(connection, path, token);
    }
}

static int watch_all(void)
{
    int set = epoll_create1(0);
    for (uint32_t i = 0; i < total; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        fcntl(all[i].sock, F_SETFL, O_NONBLOCK);
        epoll_ctl(set, EPOLL_CTL_ADD, all[i].sock, &event);
    }
    return set;
}

static void turn(int set, uint64_t wait_ns)
{
    struct epoll_event events[512];
    struct timespec wait = {(time_t)(wait_ns / 1000000000), (long)(wait_ns % 1000000000)};
    int ready = epoll_pwait2(set, events, 512, &wait, NULL);
    for (int i = 0; i < ready; i++) {
        on_readable(&all[events[i].data.u32]);
    }
}

/* Reads until nothing came for a moment: connections are in their rooms then. */
static void settle(int set)
{
    uint64_t before;
    do {
        before = bytes_in;
        turn(set, 300 * MS);
    } while (bytes_in != before);
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static double percentile_us(double part)
{
    return latency_count ? (double)latencies[(uint64_t)((double)(latency_count - 1) * part)] / 1000
                         : 0;
}

static uint32_t unanswered(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < total; i++) {
        count += all[i].in_flight;
    }
    return count;
}

static void send_after_answers(int set, uint64_t end)
{
    for (uint32_t i = 0; i < total; i++) {
        for (uint32_t j = 0; all[i].sends && j < in_flight_max; j++) {
            say(&all[i], now_ns());
        }
    }
    while (now_ns() < end) {
        turn(set, 10 * MS);
    }
}

/* The writers come first among the connections, and take turns. */
static void send_at_random(int set, uint64_t end)
{
    uint32_t writers = 0, next = 0;
    while (writers < total && all[writers].sends) {
        writers++;
    }
    prctl(PR_SET_TIMERSLACK, 1);
    srand48(1);
    double due = (double)now_ns();
    for (uint64_t now = now_ns(); now < end; now = now_ns()) {
        if (due > (double)now) {
            turn(set, (uint64_t)due - now + 1);
            continue;
        }
        struct connection *writer = &all[next++ % writers];
        if (writer->in_flight == UNANSWERED_MAX) {
            fprintf(stderr, "load: too many are unanswered\n");
            exit(1);
        }
        say(writer, (uint64_t)due);
        due -= log(1 - drand48()) * 1e9 / rate;
    }
}

static void send_bursts(int set, uint32_t rounds)
{
    gathers = true;
    for (uint32_t i = 1; i <= rounds; i++) {
        for (uint32_t j = 0; j < in_flight_max; j++) {
            say(&all[0], now_ns());
        }
        write_outgoing(&all[0]);
        while (deliveries < (uint64_t)i * in_flight_max * total) {
            turn(set, 10 * MS);
        }
    }
}

static void measure(int set, double seconds, uint32_t rounds)
{
    printf("started\n");
    fflush(stdout);
    deliveries = acks = sent = latency_count = 0;
    uint64_t begun = now_ns(), end = begun + (uint64_t)(seconds * 1e9);
    if (rounds) {
        send_bursts(set, rounds);
    } else if (rate > 0) {
        send_at_random(set, end);
    } else {
        send_after_answers(set, end);
    }
    double took = (double)(now_ns() - begun) / 1e9;
    running = false;
    qsort(latencies, latency_count, sizeof(*latencies), by_value);
    printf("seconds=%.3f deliveries=%llu acks=%llu sent=%llu refused=%llu unanswered=%u "
           "p50_us=%.1f p99_us=%.1f max_us=%.1f\n",
        took, (unsigned long long)deliveries, (unsigned long long)acks, (unsigned long long)sent,
        (unsigned long long)refused, unanswered(), percentile_us(0.5), percentile_us(0.99),
        percentile_us(1));
    fflush(stdout);
}

/* The first connection of each room, or the first `writers`. */
static void choose_senders(uint32_t writers)
{
    for (uint32_t i = 0; i < total; i++) {
        bool first = true;
        for (uint32_t j = 0; j < i && !writers && first; j++) {
            first = !all[j].sends || strcmp(all[j].room, all[i].room) != 0;
        }
        all[i].sends = writers ? i < writers : first;
    }
}

static void stop_reading(int set, uint32_t last)
{
    for (uint32_t i = total - last; i < total; i++) {
        epoll_ctl(set, EPOLL_CTL_DEL, all[i].sock, NULL);
    }
}

int main(int count, char **arguments)
{
    if (count < 3) {
        fprintf(stderr, "usage: load fanout|slow|idle|acks|burst PORT ...\n");
        return 2;
    }
    latencies = calloc(LATENCIES_MAX, sizeof(*latencies));
    memset(body, 'x', sizeof(body));
    read_connections((uint16_t)strtoul(arguments[2], NULL, 10));
    int set = watch_all();
    settle(set);
    printf("connected %u\n", total);
    fflush(stdout);
    if (strcmp(arguments[1], "idle") == 0) {
        getchar();
        return 0;
    }
    double seconds = count > 3 ? strtod(arguments[3], NULL) : 5;
    uint32_t argument_4 = (uint32_t)strtoul(count > 4 ? arguments[4] : "1", NULL, 10);
    times_deliveries = strcmp(arguments[1], "slow") == 0;
    count_acks = times_deliveries || strcmp(arguments[1], "acks") == 0;
    in_flight_max = count_acks ? 1 : argument_4;
    body_bytes = (uint32_t)strtoul(count > 5 ? arguments[5] : "150", NULL, 10);
    rate = count_acks && count > 6 ? strtod(arguments[6], NULL) : 0;
    choose_senders(times_deliveries ? 1 : count_acks ? argument_4 : 0);
    stop_reading(set, times_deliveries ? argument_4 : 0);
    if (getchar() == EOF) {
        return 1;
    }
    measure(set, seconds, strcmp(arguments[1], "burst") == 0 ? (uint32_t)seconds : 0);
    turn(set, 200 * MS);
    return 0;
}
