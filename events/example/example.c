/* example - another project that uses the events library.
 *
 * Happy path: it reads a record as it lies on the bus and prints it, and writes a command both as a
 * client sends it and as it travels. How it fails: bytes that are no record end it with 1.
 *
 * Build: cc example.c $(pkg-config --cflags --libs chattifier-events) */

#include <chattifier/events.h>
#include <stdio.h>

/* Bytes as a consumer of the topic `room_log` gets them. */
static size_t make_record(uint8_t *ret_bytes)
{
    struct cht_entry entry = {.kind = cht_entry_kind_message,
        .seq = 42,
        .n = 40,
        .ts = 1700000000000,
        .cid = cht_str_of("c1"),
        .text = cht_str_of("Hello from the log")};
    struct cht_record record = {.term = 1, .index = 7, .entries = {&entry, 1}};
    cht_encode(&cht_row_record, &record, ret_bytes);
    return cht_encoded_size(&cht_row_record, &record);
}

static int print_record(struct cht_str bytes)
{
    static uint64_t memory[8192];
    struct cht_scratch scratch = {(uint8_t *)memory, sizeof(memory), 0};
    struct cht_record record;
    if (cht_event_number_of(bytes) != CHT_EVENT_record ||
        !cht_decode(&cht_row_record, bytes, &scratch, &record)) {
        fprintf(stderr, "this is no record\n");
        return 1;
    }
    const struct cht_entry *entries = record.entries.at;
    for (uint32_t i = 0; i < record.entries.count; i++) {
        printf("%s %llu: %.*s\n", cht_word_text(&cht_words_entry_kind, entries[i].kind),
            (unsigned long long)entries[i].seq, (int)entries[i].text.size, entries[i].text.at);
    }
    return 0;
}

static void print_command(void)
{
    char text[512];
    uint8_t bytes[512];
    struct cht_json json = {.at = text, .size = sizeof(text)};
    struct cht_command command = {.type = cht_command_type_message_send,
        .cid = cht_str_of("c2"),
        .text = cht_str_of("Hello \"room\"")};
    cht_id_from_text(cht_str_of("0123abcd-0000-4000-8000-000000000001"), &command.room);
    cht_json_client(&json, &command, cht_str_of("1"));
    printf("%.*s\n", (int)json.used, text);
    cht_encode(&cht_row_command, &command, bytes);
    printf("%zu bytes on the bus\n", cht_encoded_size(&cht_row_command, &command));
}

int main(void)
{
    uint8_t bytes[512];
    size_t size = make_record(bytes);
    print_command();
    return print_record((struct cht_str){(const char *)bytes, (uint32_t)size});
}
