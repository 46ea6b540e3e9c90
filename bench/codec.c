/* codec - what the codecs of events/ cost for one message, one by one.
 *
 *     codec ROUNDS                                        nanoseconds of each step
 *     valgrind --tool=callgrind [...] codec 1000          its instructions, by function
 *
 * The events are those that one message of 150 bytes makes on its way: the client's JSON, the
 * command, its record, the frame, its delivery, the reply and the ok frame. Happy path: each step
 * is run so many times, and the shortest of five tries is printed. How it fails: a step that
 * refuses its own bytes ends with exit code 1. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chattifier/events.h"

#define TRIES 5
#define BYTES_MAX 4096

static const char typed[] =
    "{\"type\":\"message.send\",\"ref\":\"r1234567\","
    "\"room\":\"0123abcd-4567-4000-8000-000000000001\",\"cid\":\"01J8Z3-abcdef.0123456789\","
    "\"text\":\"A hundred and fifty bytes of plain text, which is what the messages of the other "
    "measurements say too, with \\\"quotes\\\" but with no emoji and no newline .\"}";

struct bytes {
    uint8_t at[BYTES_MAX];
    size_t size;
};

static struct {
    struct cht_command command;
    struct cht_entry entry;
    struct cht_record record;
    struct cht_delivery delivery;
    struct cht_reply reply;
    struct cht_f_ok ok;
} of;

static struct bytes client, command, record, delivery, reply, frame;
static struct cht_id room;

static void demand(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "codec: refused: %s\n", what);
        exit(1);
    }
}

static void encode(const struct cht_event_row *row, const void *event, struct bytes *ret_bytes)
{
    ret_bytes->size = cht_encoded_size(row, event);
    demand(ret_bytes->size <= BYTES_MAX, row->name);
    cht_encode(row, event, ret_bytes->at);
}

static void decode(const struct cht_event_row *row, const struct bytes *bytes, void *ret_event)
{
    static uint64_t memory[BYTES_MAX / 8];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct cht_str text = {(const char *)bytes->at, (uint32_t)bytes->size};
    demand(cht_decode(row, text, &scratch, ret_event), row->name);
}

/* ---- the steps, in the order of a message's way */
static void read_client(void)
{
    struct cht_scratch scratch = {0};
    struct cht_client_head head;
    struct cht_read_error error;
    memcpy(client.at, typed, sizeof(typed) - 1); /* it is unescaped in place */
    struct cht_str text = {(const char *)client.at, sizeof(typed) - 1};
    demand(cht_read_client(text, &scratch, &of.command, &head, &error) == CHT_READ_OK, "client");
}

static void encode_command(void)
{
    encode(&cht_row_command, &of.command, &command);
}

static void decode_command(void)
{
    struct cht_command again;
    decode(&cht_row_command, &command, &again);
}

static void encode_record(void)
{
    encode(&cht_row_record, &of.record, &record);
}

static void decode_record(void)
{
    struct cht_record again;
    decode(&cht_row_record, &record, &again);
}

static void write_entry(void)
{
    struct cht_json json = {.at = (char *)frame.at, .size = sizeof(frame.at)};
    cht_entry_json(&json, &room, &of.entry);
    frame.size = json.used;
}

static void encode_delivery(void)
{
    encode(&cht_row_delivery, &of.delivery, &delivery);
}

static void decode_delivery(void)
{
    struct cht_delivery again;
    decode(&cht_row_delivery, &delivery, &again);
}

static void encode_reply(void)
{
    encode(&cht_row_reply, &of.reply, &reply);
}

static void decode_reply(void)
{
    struct cht_reply again;
    decode(&cht_row_reply, &reply, &again);
}

static void write_ok(void)
{
    char text[256];
    struct cht_json json = {.at = text, .size = sizeof(text)};
    cht_json_event(&json, &cht_row_f_ok, &of.ok);
}

static const struct {
    const char *name;
    void (*run)(void);
} steps[] = {
    {"read_client", read_client},
    {"encode_command", encode_command},
    {"decode_command", decode_command},
    {"encode_record", encode_record},
    {"decode_record", decode_record},
    {"write_entry", write_entry},
    {"encode_delivery", encode_delivery},
    {"decode_delivery", decode_delivery},
    {"encode_reply", encode_reply},
    {"decode_reply", decode_reply},
    {"write_ok", write_ok},
};

/* ---- what a service would put into the events */
static void fill_events(void)
{
    const uint64_t now = 1790000000000;
    read_client();
    room = of.command.room;
    of.command.author = of.command.device = room;
    of.command.node = 1;
    of.command.node_ref = 77;
    of.command.sent_at = now;
    of.command.deadline = now + 4000;
    of.command.term = 3;
    of.entry = (struct cht_entry){
        .kind = cht_entry_kind_message,
        .seq = 4321,
        .n = 4300,
        .ts = now,
        .by = of.command.author,
        .cid = of.command.cid,
        .text = of.command.text,
        .members = 100,
        .content = now * 1000,
    };
    of.record = (struct cht_record){.term = 3,
        .index = 123456,
        .room = room,
        .cause = {"positionposition", 16},
        .entries = {&of.entry, 1}};
    write_entry();
    of.delivery = (struct cht_delivery){.shard = 5,
        .term = 3,
        .room = room,
        .seq = 4321,
        .n = 4300,
        .kind = cht_entry_kind_message,
        .frame = {(const char *)frame.at, (uint32_t)frame.size},
        .by = of.command.author};
    of.reply = (struct cht_reply){.node_ref = 77,
        .room = room,
        .seq = 4321,
        .n = 4300,
        .ts = now,
        .owner_now = now,
        .created = true};
    of.ok =
        (struct cht_f_ok){.ref = {"r1234567", 8}, .room = room, .seq = 4321, .n = 4300, .ts = now};
}

static double nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static double best_of(void (*run)(void), long rounds)
{
    double best = 0;
    for (int try = 0; try < TRIES; try++) {
        double start = nanoseconds();
        for (long i = 0; i < rounds; i++) {
            run();
        }
        double took = (nanoseconds() - start) / (double)rounds;
        best = try == 0 || took < best ? took : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    if (rounds < 1) {
        fprintf(stderr, "usage: codec ROUNDS\n");
        return 2;
    }
    fill_events();
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        printf("%s: %.0f ns\n", steps[i].name, best_of(steps[i].run, rounds));
    }
    return 0;
}
