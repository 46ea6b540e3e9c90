#pragma once

/* events - the data models of everything that travels, as structs made from the tables.
 *
 * `struct cht_command`, `struct cht_entry`, `struct cht_record` ... come from events.def, `struct
 * cht_f_message` ... from client.def. Each struct has one member per row, of the row's kind, after
 * the bit set `has`. CHT_AT_<event>_<field> is the place of a field, for `has`. The descriptors are
 * `cht_row_<event>`. */

#include "chattifier/types.h"

#define CHT_API __attribute__((visibility("default")))

/* ---- enums: CHT_ROLE... as enum cht_role { cht_role_none, cht_role_member, ... } and
 * cht_words_role */
#define WORDS(name)                                                                                \
    enum cht_##name                                                                                \
    {                                                                                              \
        cht_##name##_none = 0,
#define WORD(name, number, word, doc) cht_##name##_##word = number,
#define WORDS_END(name)                                                                            \
    cht_##name##_count                                                                             \
    }                                                                                              \
    ;
#include "chattifier/enums.def"
#undef WORDS
#undef WORD
#undef WORDS_END

#define WORDS(name) extern CHT_API const struct cht_words cht_words_##name;
#define WORD(name, number, word, doc)
#define WORDS_END(name)
#include "chattifier/enums.def"
#undef WORDS
#undef WORD
#undef WORDS_END
extern CHT_API const struct cht_words cht_words_command_type;

enum cht_command_type {
    cht_command_type_none = 0,
#define COMMAND(number, name, wire, server, changes, doc) cht_command_type_##name = number,
#include "chattifier/client.def"
#undef COMMAND
    cht_command_type_count
};

/* ---- structs */
#define STRUCT_BEGIN(name)                                                                         \
    struct cht_##name {                                                                            \
        uint64_t has;
#define EVENT(number, name, doc) STRUCT_BEGIN(name)
#define FRAME(number, name, wire, doc) STRUCT_BEGIN(name)
#define ITEM(number, name, doc) STRUCT_BEGIN(name)
#define FIELD(event, tag, kind, name, required, min, max, doc) cht_type_##kind name;
#define WORDF(event, tag, words, name, required, doc) cht_type_word name;
#define LISTF(event, tag, item, name, max, doc) cht_type_list name;
#define END(name)                                                                                  \
    }                                                                                              \
    ;
#include "chattifier/client.def"
#include "chattifier/events.def"
#undef STRUCT_BEGIN
#undef EVENT
#undef FRAME
#undef ITEM
#undef FIELD
#undef WORDF
#undef LISTF
#undef END

/* ---- places of fields, for `has` */
#define EVENT(number, name, doc) enum {
#define FRAME(number, name, wire, doc) enum {
#define ITEM(number, name, doc) enum {
#define FIELD(event, tag, kind, name, required, min, max, doc) CHT_AT_##event##_##name,
#define WORDF(event, tag, words, name, required, doc) CHT_AT_##event##_##name,
#define LISTF(event, tag, item, name, max, doc) CHT_AT_##event##_##name,
#define END(name)                                                                                  \
    CHT_COUNT_##name                                                                               \
    }                                                                                              \
    ;
#include "chattifier/client.def"
#include "chattifier/events.def"
#undef EVENT
#undef FRAME
#undef ITEM
#undef FIELD
#undef WORDF
#undef LISTF
#undef END

/* ---- numbers of events: CHT_EVENT_command = 2 ... the first thing in the binary form */
enum cht_event_number {
#define EVENT(number, name, doc) CHT_EVENT_##name = number,
#define FRAME(number, name, wire, doc) CHT_EVENT_##name = number,
#define ITEM(number, name, doc) CHT_EVENT_##name = number,
#define FIELD(event, tag, kind, name, required, min, max, doc)
#define WORDF(event, tag, words, name, required, doc)
#define LISTF(event, tag, item, name, max, doc)
#define END(name)
#include "chattifier/client.def"
#include "chattifier/events.def"
#undef EVENT
#undef FRAME
#undef ITEM
#undef FIELD
#undef WORDF
#undef LISTF
#undef END
};

#define EVENT(number, name, doc) extern CHT_API const struct cht_event_row cht_row_##name;
#define FRAME(number, name, wire, doc) extern CHT_API const struct cht_event_row cht_row_##name;
#define ITEM(number, name, doc) extern CHT_API const struct cht_event_row cht_row_##name;
#define FIELD(event, tag, kind, name, required, min, max, doc)
#define WORDF(event, tag, words, name, required, doc)
#define LISTF(event, tag, item, name, max, doc)
#define END(name)
#include "chattifier/client.def"
#include "chattifier/events.def"
#undef EVENT
#undef FRAME
#undef ITEM
#undef FIELD
#undef WORDF
#undef LISTF
#undef END

#define CHT_BIT(event, field) (UINT64_C(1) << CHT_AT_##event##_##field)
#define CHT_HAS(pointer, event, field) (((pointer)->has & CHT_BIT(event, field)) != 0)

/* The row with that number, or NULL. */
CHT_API const struct cht_event_row *cht_event_row_by_number(uint32_t number);

/* ---- commands */
enum cht_server { cht_server_chat, cht_server_message, cht_server_user, cht_server_socket };

enum cht_condition {
    cht_condition_always,
    cht_condition_posting,
    cht_condition_adding,
    cht_condition_author,
    cht_condition_author_or_admin,
    cht_condition_lower_role,
    cht_condition_not_blocked,
    cht_condition_unmuted,
    cht_condition_public,
    cht_condition_or_public,
};

#define CHT_ROLE_ANYONE 0

struct cht_right {
    bool allowed;       /* there is a row at all */
    uint8_t least_role; /* enum cht_role; 0: anyone signed in */
    uint8_t condition;  /* enum cht_condition */
};

struct cht_command_row {
    const char *wire;
    const char *doc;
    uint64_t takes; /* bits of fields of struct cht_command */
    uint64_t requires;
    enum cht_server server;
    bool changes;
    struct cht_right rights[cht_room_kind_count]; /* by enum cht_room_kind */
};

struct cht_route_row {
    const char *method;
    const char *path;
    enum cht_command_type command;
};

/* Row of a command; NULL for numbers that are none. */
CHT_API const struct cht_command_row *cht_command_row(uint64_t type);

/* The command with that wire name, or none. */
CHT_API enum cht_command_type cht_command_by_name(struct cht_str name);

/* All routes, in the order of the table. */
CHT_API const struct cht_route_row *cht_routes(size_t *ret_count);

/* Text of a word ("admin"); "" for 0 and for numbers that are none. */
CHT_API const char *cht_word_text(const struct cht_words *words, uint64_t number);

/* Number of a word; 0 if there is none. */
CHT_API uint64_t cht_word_number(const struct cht_words *words, struct cht_str text);

/* ---- ids */
#define CHT_ID_TEXT_SIZE 36

/* Writes 36 characters, no NUL. */
CHT_API void cht_id_to_text(const struct cht_id *id, char *ret_text);

/* Strict: exactly 36 characters, lower case, dashes in their places. */
CHT_API bool cht_id_from_text(struct cht_str text, struct cht_id *ret_id);

/* SHA-1 name-based UUID (RFC 9562, version 5) of `name` in `space`. */
CHT_API void cht_id_from_name(
    const struct cht_id *space, struct cht_str name, struct cht_id *ret_id);

/* The room of two people (their order does not matter), and the room that `creator` makes with
 * `cid`. */
CHT_API void cht_id_of_direct_room(
    const struct cht_id *one, const struct cht_id *other, struct cht_id *ret_room);
CHT_API void cht_id_of_new_room(
    const struct cht_id *creator, struct cht_str cid, struct cht_id *ret_room);

/* The room that a command is about, also if it does not exist yet: the direct room with `to` or the
 * new room of its author, or its `room`. False: it names none. */
CHT_API bool cht_room_of_command(const struct cht_command *command, struct cht_id *ret_room);

/* ---- scratch: memory for lists that are decoded; the caller's, bounded, given up as a whole */
struct cht_scratch {
    uint8_t *at;
    size_t size;
    size_t used;
};

/* Aligned to 8; NULL if there is no room left. */
CHT_API void *cht_scratch_take(struct cht_scratch *scratch, size_t size);

/* ---- binary form (protobuf wire format, docs/events.proto), preceded by the event's number as a
 * varint */

/* The exact size of `event` in bytes. Required fields are always written, others if they are not
 * zero or empty or their bit is set in `has`; a list is written by its items, so the bit of an
 * empty one says nothing. */
CHT_API size_t cht_encoded_size(const struct cht_event_row *row, const void *event);

/* Writes exactly cht_encoded_size bytes to `ret_bytes`. */
CHT_API void cht_encode(const struct cht_event_row *row, const void *event, uint8_t *ret_bytes);

/* The number in front of the bytes; 0 if there is none. */
CHT_API uint32_t cht_event_number_of(struct cht_str bytes);

/* Fills the struct of `row`; unknown tags are skipped, a repeated tag of a single value, a wrong
 * wire type, a value outside its row's bounds and a missing required field are refused. False if
 * refused; the struct's content is then unspecified. Texts point into `bytes`, lists into
 * `scratch`. */
CHT_API bool cht_decode(const struct cht_event_row *row, struct cht_str bytes,
    struct cht_scratch *scratch, void *ret_event);

/* ---- JSON out */
struct cht_json {
    char *at;
    size_t size;
    size_t used; /* may pass `size`: then nothing more was written; says what would be needed */
    bool comma;  /* a member or element was written at this depth */
};

CHT_API void cht_json_begin(struct cht_json *json, char bracket); /* '{' or '[' */
CHT_API void cht_json_end(struct cht_json *json, char bracket);   /* '}' or ']' */
CHT_API void cht_json_key(struct cht_json *json, const char *name);
CHT_API void cht_json_text(struct cht_json *json, struct cht_str text); /* escaped, shortest form */
CHT_API void cht_json_id(struct cht_json *json, const struct cht_id *id);
CHT_API void cht_json_u64(struct cht_json *json, uint64_t number);
CHT_API void cht_json_flag(struct cht_json *json, bool flag);
CHT_API void cht_json_raw(struct cht_json *json, struct cht_str finished); /* as one value */

/* The members of `event` by its row, without braces and without "type"; required ones always,
 * others when they are set. */
CHT_API void cht_json_members(
    struct cht_json *json, const struct cht_event_row *row, const void *event);

/* A whole object: {"type":<row's wire name>, members}; without "type" where the row has no wire
 * name. */
CHT_API void cht_json_event(
    struct cht_json *json, const struct cht_event_row *row, const void *event);

/* A command as a client sends it: {"type", "ref" if it is not empty, what the command takes and is
 * set}, with `settings` and `rooms` in their JSON shapes and null for what is cleared. */
CHT_API void cht_json_client(
    struct cht_json *json, const struct cht_command *command, struct cht_str ref);

/* The frame object that clients get for an entry, live and in pages: {"type":"message", ...}. */
CHT_API void cht_entry_json(
    struct cht_json *json, const struct cht_id *room, const struct cht_entry *entry);

/* ---- JSON in: strict (RFC 8259, no duplicates, depth 16), in place, no allocation
 *
 * Bad frames are also: more than 256 members in the outermost object of a command, more than 4096
 * in all objects together, and numbers of more than 32 characters. The all-zero id is no id of
 * anything: bad_field. */

/* Scratch that is enough for every command that is accepted: the rooms of sync are the largest. */
#define CHT_READ_SCRATCH_BYTES (1000 * sizeof(struct cht_room_seq) + 8)

enum cht_read {
    CHT_READ_OK = 0,
    CHT_READ_BAD_FRAME,
    CHT_READ_BAD_FIELD, /* `field` names it; "members.3" for an element */
    CHT_READ_TOO_LARGE, /* the text is over its limit */
    CHT_READ_UNKNOWN_TYPE,
};

struct cht_read_error {
    enum cht_read code;
    char field[64];
};

/* For readers of other forms of a command: fills the error; answers `code`. */
CHT_API enum cht_read cht_read_refuse_named(
    struct cht_read_error *ret_error, enum cht_read code, const char *name);

/* What a client's object says about itself, whatever else is wrong with it. */
struct cht_client_head {
    struct cht_str type; /* size 0 if absent or no string */
    struct cht_str ref;  /* size 0 if absent */
    bool bad_ref;        /* present, but no string of 1..32 bytes */
};

/* Reads one client object {"type": ..., "ref"?: ..., fields} into a command: only the fields that
 * the command takes; unknown and server-only ones are ignored, required ones must be there. `bytes`
 * is changed (unescaped in place); texts point into it. Sets `type`, `has` and `cleared`, nothing
 * else beside the fields. `ret_head` is filled also when the command is refused, except for a bad
 * frame. A list that does not fit into `scratch` is bad_field; CHT_READ_SCRATCH_BYTES are enough.
 */
CHT_API enum cht_read cht_read_client(struct cht_str bytes, struct cht_scratch *scratch,
    struct cht_command *ret_command, struct cht_client_head *ret_head,
    struct cht_read_error *ret_error);

/* The same for the body of an HTTP route: `command->type` is given, `type` and `ref` in the object
 * are ignored, and fields whose bits are in `given` came from elsewhere (path, query, headers),
 * were set before, and win. An empty body is an empty object. Ends with cht_command_complete like
 * the other. */
CHT_API enum cht_read cht_read_body(struct cht_str bytes, struct cht_scratch *scratch,
    uint64_t given, struct cht_command *command, struct cht_read_error *ret_error);

/* One field from text (path or query): checked like the JSON form; numbers in decimal without
 * leading zeros, flags "true" and "false", ids with commas between them; no lists. False:
 * bad_field, and the command is as before. Sets `has`. */
CHT_API bool cht_read_text_field(
    struct cht_command *command, int field, struct cht_str text, struct cht_scratch *scratch);

/* Checks what the table demands of the command as a whole: required fields, and rules over several
 * fields (exactly one of room and to, at most one bound of a page, what each kind of room needs).
 * Names the first field that is to blame. */
CHT_API bool cht_command_complete(
    const struct cht_command *command, struct cht_read_error *ret_error);

/* An object of a client has at most so many members, known or not. */
#define CHT_MEMBERS_MAX 256

/* A JSON object of foreign or small shape, by members: for services' HTTP bodies (sign-up, profile
 * ...). Same strictness. */
enum cht_json_type {
    CHT_JSON_NULL,
    CHT_JSON_FLAG,
    CHT_JSON_NUMBER,
    CHT_JSON_TEXT,
    CHT_JSON_OBJECT,
    CHT_JSON_LIST,
};

struct cht_member {
    struct cht_str name;  /* unescaped */
    struct cht_str value; /* text: unescaped, may hold U+0000; others: as written */
    enum cht_json_type type;
    bool escaped;      /* text: raw, and it has escapes; false in what readers give away */
    bool escaped_name; /* the same of the name */
    uint64_t number;   /* of a valid protocol number, else UINT64_MAX */
};

/* True if a body of this Content-Type is JSON in UTF-8. */
CHT_API bool cht_is_json_type(struct cht_str content_type);

/* Reads the members of the object in `bytes` (changed in place). False if it is not one strict
 * object, and if it has more than `capacity` members or more than 4096 in all objects together. */
CHT_API bool cht_read_members(
    struct cht_str bytes, struct cht_member *ret_members, size_t capacity, size_t *ret_count);

/* ---- UTF-8 and names */
CHT_API bool cht_utf8_valid(struct cht_str text);
CHT_API size_t cht_utf8_count(struct cht_str valid_text); /* code points */

/* Incremental, for text that arrives in pieces: start with 0; returns the next state; CHT_UTF8_BAD
 * is final; 0 is complete. */
#define CHT_UTF8_BAD 0xffffffffu
CHT_API uint32_t cht_utf8_next(uint32_t state, const uint8_t *bytes, size_t size);

/* Size of the valid sequence that begins at `at` (before `end`), 0 if it is none; its code point in
 * `ret_point`. */
CHT_API unsigned cht_utf8_step(const uint8_t *at, const uint8_t *end, uint32_t *ret_point);

/* True if `text` has a control character or a bidirectional override or isolate. */
CHT_API bool cht_has_hidden(struct cht_str valid_text);

/* What a code point shows: NOTHING is what Unicode says to ignore (Default_Ignorable_Code_Point),
 * BLANK a space of any width. */
enum cht_look { CHT_LOOK_SHOWN, CHT_LOOK_BLANK, CHT_LOOK_NOTHING };
CHT_API enum cht_look cht_look_of(uint32_t point);

/* True if `text` shows what it is, as names have to: something in it is neither blank nor
 * invisible, and nothing is a control character, an end of a line, a mark that turns the direction
 * of writing, of private use or no character at all. Of what shows nothing there may be: joiners
 * within a group of emoji, joiners and non-joiners between letters of scripts that need them, the
 * selector of a form behind an emoji, an ideograph or a Mongolian letter, and the tags of the flags
 * of England, Scotland and Wales. It says nothing of the length. */
CHT_API bool cht_is_name(struct cht_str valid_text);

/* True if all bytes are of [A-Za-z0-9._:-], as those of a `cid`. */
CHT_API bool cht_is_token(struct cht_str text);

/* ---- placing rooms: murmur3 (x86, 32 bit, seed 0) of the 16 bytes, modulo the number of shards */
CHT_API uint32_t cht_shard_of_room(const struct cht_id *room, uint32_t shards);

/* ---- comparing, for tests: true exactly if the binary forms are the same bytes */
CHT_API bool cht_event_equal(const struct cht_event_row *row, const void *a, const void *b);
