/* load - a WebSocket load client.
 *
 *     load DIALECT fanout PORT SECONDS IN_FLIGHT BODY < connections
 *     load DIALECT slow PORT SECONDS STUCK BODY RATE < connections
 *     load DIALECT idle PORT < connections      holds them until standard input says a line
 *     load DIALECT storm PORT IN_FLIGHT < connections
 *     load DIALECT acks PORT SECONDS WRITERS BODY [RATE] < connections
 *     load DIALECT burst PORT ROUNDS IN_FLIGHT BODY < connections
 *
 * Standard input: one line a connection, `PATH TOKEN ROOM` (`-` for no token), then an empty line;
 * a further line starts what is measured. `fanout`: the first connection of each room sends,
 * IN_FLIGHT messages at a time, counted by its own events. `acks`: the first WRITERS connections
 * send one message each, wait for its ok (in a dialect without, for the message), and send the
 * next; with a RATE, that many messages a second leave them at random times instead, whether or not
 * the ones before were answered, and latencies count from the time at which a message should have
 * left. `slow`: the first connection sends at RATE, the last STUCK are not read from any more, and
 * latencies are those of deliveries to the others. `burst`: the first connection sends IN_FLIGHT
 * messages in one write, and again when all of them have come to everybody. `storm`: connecting
 * itself is measured, IN_FLIGHT at a time, until each is greeted; a second line of numbers comes
 * when nothing more arrives. Latencies are printed as percentiles. Prints one line of numbers:
 * name=value. How it fails: one line on standard error and exit code 1. */

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

#include "dialects.h"

#define CONNECTIONS_MAX (1 << 17)
#define MS UINT64_C(1000000)
#define READ_BYTES (1 << 20)
#define LATENCIES_MAX (1 << 22)
#define LINE_MAX_BYTES 4096
#define UNANSWERED_MAX 256
#define NUMBERS (1u << 16)
#define NUMBER_DIGITS 8u /* that a text begins with, after the mark */
#define OPENING_MAX 200

enum phase { DIALLING, UPGRADING, GREETING, OPEN };

struct connection {
    int sock;
    char room[64];
    char *request; /* until it is sent */
    enum phase phase;
    uint8_t step;
    bool sends;
    uint32_t in_flight;
    uint64_t started_ns[UNANSWERED_MAX]; /* of those in flight, a ring */
    uint32_t oldest;
    uint32_t kept;
    uint8_t *partial;
};

static const struct dialect *dialect;
static uint16_t port;
static int set;
static struct connection *all;
static uint32_t total, dialled, opened, opening_max;
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
    frame[0] = dialect->binary ? 0x82 : 0x81;
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
    static char text[20050], words[20000];
    sent++;
    memcpy(words, body, body_bytes);
    if (body_bytes > NUMBER_DIGITS) {
        (void)snprintf(text, sizeof(text), "%08llu", (unsigned long long)(sent % NUMBERS));
        memcpy(words + 1, text, NUMBER_DIGITS);
    }
    due_ns[sent % NUMBERS] = started_ns;
    size_t size = dialect->say(
        text, sizeof(text), &(struct dialect_message){connection->room, sent, words, body_bytes});
    connection->started_ns[(connection->oldest + connection->in_flight) % UNANSWERED_MAX] =
        started_ns;
    connection->in_flight++;
    write_frame(connection, text, size);
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
    const char *mark = memchr(payload, DIALECT_MARK, size);
    if (mark && size - (size_t)((const uint8_t *)mark - payload) > NUMBER_DIGITS) {
        char digits[NUMBER_DIGITS + 1] = {0};
        memcpy(digits, mark + 1, NUMBER_DIGITS);
        note_latency(due_ns[strtoul(digits, NULL, 10) % NUMBERS]);
    }
}

static uint32_t marks(const uint8_t *payload, size_t size)
{
    uint32_t count = 0;
    for (const uint8_t *end = payload + size;
         (payload = memchr(payload, DIALECT_MARK, (size_t)(end - payload)));) {
        count++;
        payload++;
    }
    return count;
}

/* A text of the opening, or the answer of a ping. */
static void say_words(const struct connection *connection, const char *words)
{
    char text[1024];
    uint32_t index = (uint32_t)(connection - all);
    write_frame(connection, text, dialect_fill(words, connection->room, index, text, sizeof(text)));
}

/* Says what is to be said now, and is OPEN when nothing is left to be waited for. */
static void greet(struct connection *connection)
{
    const char *words;
    while ((words = dialect->steps[connection->step]) && words[0] == '+') {
        say_words(connection, words + 1);
        connection->step++;
    }
    if (!words) {
        connection->phase = OPEN;
        opened++;
    }
}

static void greeted(struct connection *connection, const uint8_t *payload, size_t size)
{
    const char *words;
    while (connection->phase == GREETING && (words = dialect->steps[connection->step]) &&
           memmem(payload, size, words + 1, strlen(words + 1))) {
        connection->step++;
        greet(connection);
    }
}

static void product_said(struct connection *connection, const uint8_t *payload, size_t size)
{
    bool message = begins(payload, size, "{\"type\":\"message\",");
    bool ok = begins(payload, size, "{\"type\":\"ok\"");
    deliveries += message;
    acks += ok;
    if (times_deliveries && message) {
        note_delivery(payload, size);
    }
    if (begins(payload, size, "{\"type\":\"error\"")) {
        if (refused++ == 0) {
            fprintf(stderr, "load: refused: %.*s\n", (int)size, (const char *)payload);
        }
        answered(connection);
    } else if (connection->sends && (count_acks ? ok : message)) {
        answered(connection);
    }
}

static void other_said(struct connection *connection, const uint8_t *payload, size_t size)
{
    uint32_t count = marks(payload, size);
    deliveries += count;
    acks += count;
    if (dialect->ping && size == strlen(dialect->ping) && begins(payload, size, dialect->ping)) {
        say_words(connection, dialect->pong);
    }
    for (uint32_t i = 0; connection->sends && i < count; i++) {
        answered(connection);
    }
}

static void on_frame(
    struct connection *connection, uint8_t opcode, const uint8_t *payload, size_t size)
{
    if (opcode == 8) {
        fprintf(stderr, "load: closed by the server\n");
        exit(1);
    }
    if (opcode != 1 && opcode != 2) {
        return;
    }
    if (connection->phase == GREETING) {
        greeted(connection, payload, size);
    } else if (dialect->product) {
        product_said(connection, payload, size);
    } else {
        other_said(connection, payload, size);
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

/* The bytes of the answer's head; 0: it is not whole. */
static size_t read_head(struct connection *connection, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memmem(bytes, size, "\r\n\r\n", 4);
    if (!end) {
        return 0;
    }
    if (!begins(bytes, size, "HTTP/1.1 101")) {
        fprintf(stderr, "load: %.60s\n", (const char *)bytes);
        exit(1);
    }
    connection->phase = GREETING;
    greet(connection);
    return (size_t)(end - bytes) + 4;
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
    size_t size = kept + (size_t)got, used = 0;
    if (connection->phase == UPGRADING) {
        used = read_head(connection, input, size);
    }
    if (connection->phase >= GREETING) {
        used += frames(connection, input + used, size - used);
    }
    connection->kept = (uint32_t)(size - used);
    if (connection->kept) {
        connection->partial = realloc(connection->partial, connection->kept);
        memcpy(connection->partial, input + used, connection->kept);
    }
}

static void upgrade(struct connection *connection)
{
    ssize_t size = (ssize_t)strlen(connection->request);
    if (send(connection->sock, connection->request, (size_t)size, MSG_NOSIGNAL) != size) {
        die("upgrade");
    }
    free(connection->request);
    connection->phase = UPGRADING;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)(connection - all)};
    epoll_ctl(set, EPOLL_CTL_MOD, connection->sock, &event);
}

/* Closing is a reset, so that no port stays taken: the next load comes at once. */
static void dial(struct connection *connection)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    struct linger linger = {.l_onoff = 1};
    struct epoll_event event = {.events = EPOLLOUT, .data.u32 = (uint32_t)(connection - all)};
    connection->sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->sock < 0 ||
        (connect(connection->sock, (struct sockaddr *)&address, sizeof(address)) &&
            errno != EINPROGRESS)) {
        die("connect");
    }
    setsockopt(connection->sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(connection->sock, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    epoll_ctl(set, EPOLL_CTL_ADD, connection->sock, &event);
}

static char *request_for(const char *path, const char *token)
{
    char *request = NULL;
    bool has_token = strcmp(token, "-") != 0;
    int size = asprintf(&request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s%s%s"
        "\r\n",
        path, port, dialect->subprotocol ? "Sec-WebSocket-Protocol: " : "",
        dialect->subprotocol ? dialect->subprotocol : "", dialect->subprotocol ? "\r\n" : "",
        has_token ? "Authorization: Bearer " : "", has_token ? token : "", has_token ? "\r\n" : "");
    if (size < 0) {
        die("a request");
    }
    return request;
}

static void read_connections(void)
{
    char line[LINE_MAX_BYTES], path[256], token[LINE_MAX_BYTES], room[64];
    all = calloc(CONNECTIONS_MAX, sizeof(*all));
    while (total < CONNECTIONS_MAX && fgets(line, sizeof(line), stdin) && line[0] != '\n') {
        if (sscanf(line, "%255s %4095s %63s", path, token, room) != 3) {
            die("a line of standard input");
        }
        struct connection *connection = &all[total++];
        connection->request = request_for(path, token);
        snprintf(connection->room, sizeof(connection->room), "%s", room);
    }
}

static void turn(uint64_t wait_ns)
{
    struct epoll_event events[512];
    struct timespec wait = {(time_t)(wait_ns / 1000000000), (long)(wait_ns % 1000000000)};
    int ready = epoll_pwait2(set, events, 512, &wait, NULL);
    for (int i = 0; i < ready; i++) {
        struct connection *connection = &all[events[i].data.u32];
        if (connection->phase == DIALLING) {
            upgrade(connection);
        } else {
            on_readable(connection);
        }
    }
}

static void open_all(void)
{
    while (opened < total) {
        while (dialled < total && dialled - opened < opening_max) {
            dial(&all[dialled]);
            dialled++;
        }
        turn(100 * MS);
    }
}

/* Reads until nothing came for a moment: connections are in their rooms then. */
static void settle(void)
{
    uint64_t before;
    do {
        before = bytes_in;
        turn(300 * MS);
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

static void send_after_answers(uint64_t end)
{
    for (uint32_t i = 0; i < total; i++) {
        for (uint32_t j = 0; all[i].sends && j < in_flight_max; j++) {
            say(&all[i], now_ns());
        }
    }
    while (now_ns() < end) {
        turn(10 * MS);
    }
}

/* The writers come first among the connections, and take turns. */
static void send_at_random(uint64_t end)
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
            turn((uint64_t)due - now + 1);
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

static void send_bursts(uint32_t rounds)
{
    gathers = true;
    for (uint32_t i = 1; i <= rounds; i++) {
        for (uint32_t j = 0; j < in_flight_max; j++) {
            say(&all[0], now_ns());
        }
        write_outgoing(&all[0]);
        while (deliveries < (uint64_t)i * in_flight_max * total) {
            turn(10 * MS);
        }
    }
}

static void measure(double seconds, uint32_t rounds)
{
    printf("started\n");
    fflush(stdout);
    deliveries = acks = sent = latency_count = 0;
    uint64_t begun = now_ns(), end = begun + (uint64_t)(seconds * 1e9);
    if (rounds) {
        send_bursts(rounds);
    } else if (rate > 0) {
        send_at_random(end);
    } else {
        send_after_answers(end);
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

/* The first connection of each room, or the first `writers`. Those of a room follow each other. */
static void choose_senders(uint32_t writers)
{
    for (uint32_t i = 0; i < total; i++) {
        bool first = i == 0 || strcmp(all[i - 1].room, all[i].room) != 0;
        all[i].sends = writers ? i < writers : first;
    }
}

static void stop_reading(uint32_t last)
{
    for (uint32_t i = total - last; i < total; i++) {
        epoll_ctl(set, EPOLL_CTL_DEL, all[i].sock, NULL);
    }
}

static void wait_for_a_line(void)
{
    if (getchar() == EOF) {
        exit(1);
    }
}

static void storm(uint32_t in_flight)
{
    opening_max = in_flight;
    printf("connected 0\n");
    fflush(stdout);
    wait_for_a_line();
    printf("started\n");
    fflush(stdout);
    uint64_t begun = now_ns();
    open_all();
    printf("seconds=%.3f connects=%u\n", (double)(now_ns() - begun) / 1e9, total);
    fflush(stdout);
    settle();
    printf("settled\n");
    fflush(stdout);
    (void)getchar();
}

/* What is left of the arguments after the port. */
static void run(const char *mode, const double *numbers)
{
    bool burst = strcmp(mode, "burst") == 0;
    times_deliveries = strcmp(mode, "slow") == 0;
    count_acks = times_deliveries || strcmp(mode, "acks") == 0;
    in_flight_max = count_acks ? 1 : (uint32_t)numbers[1];
    body_bytes = (uint32_t)numbers[2];
    rate = count_acks ? numbers[3] : 0;
    choose_senders(times_deliveries ? 1 : count_acks ? (uint32_t)numbers[1] : 0);
    stop_reading(times_deliveries ? (uint32_t)numbers[1] : 0);
    wait_for_a_line();
    measure(numbers[0], burst ? (uint32_t)numbers[0] : 0);
    turn(200 * MS);
}

int main(int count, char **arguments)
{
    double numbers[4] = {5, 1, 150, 0};
    dialect = count > 3 ? dialect_by_name(arguments[1]) : NULL;
    if (!dialect) {
        fprintf(stderr, "usage: load DIALECT fanout|slow|idle|storm|acks|burst PORT ...\n");
        return 2;
    }
    port = (uint16_t)strtoul(arguments[3], NULL, 10);
    for (int i = 4; i < count && i < 8; i++) {
        numbers[i - 4] = strtod(arguments[i], NULL);
    }
    latencies = calloc(LATENCIES_MAX, sizeof(*latencies));
    memset(body, 'x', sizeof(body));
    body[0] = DIALECT_MARK;
    set = epoll_create1(0);
    opening_max = dialect->one_by_one ? 1 : OPENING_MAX;
    read_connections();
    if (strcmp(arguments[2], "storm") == 0) {
        storm((uint32_t)numbers[0]);
        return 0;
    }
    open_all();
    settle();
    printf("connected %u\n", total);
    fflush(stdout);
    if (strcmp(arguments[2], "idle") == 0) {
        (void)getchar();
        return 0;
    }
    run(arguments[2], numbers);
    return 0;
}
