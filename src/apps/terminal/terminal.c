/* terminal - a chat client for a person without a browser: `chattifier chat http://host:port`.
 *
 * Happy path: sign in (or up), list rooms, show the newest of the current one, then every line
 * typed is a message to it, and what others say is printed as it comes. /help says the rest. How it
 * fails: one line and exit code 1; a lost connection is opened again, with a newer token if the old
 * one ended, what was missed in the current room is shown, and what was not answered is sent again
 * with the same cid, so nothing is said twice. */

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "base/check.h"
#include "link.h"
#include "roles.h"
#include "screen.h"
#include "wire/ws_close.h"

#define LINE_BYTES_MAX 16384
#define RETRY_S 2
#define HISTORY 20
#define MARK_SIZE 9 /* # and the first digits of a room's id */

struct terminal {
    struct link link;
    struct account account;
    char room[40];      /* the current room's id */
    long long seen;     /* the newest seq that was shown of it */
    json_t *rooms;      /* id -> name */
    json_t *users;      /* id -> name */
    json_t *unanswered; /* ref -> frame that was sent */
    json_t *held;       /* messages, in order, of which one waits for its sender's name */
    uint64_t next_ref;
    bool listed; /* rooms are known: what is typed has somewhere to go */
    bool paging; /* older messages of the current room were asked for: newer ones wait */
    bool quit;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

/* Sends a command and remembers it until its answer; takes `frame`. */
static enum err command(struct terminal *terminal, const char *purpose, json_t *frame)
{
    char ref[32];
    if (!frame) {
        screen_words("that is no text in UTF-8; nothing was sent\n");
        return OK;
    }
    snprintf(ref, sizeof(ref), "%s%llu", purpose, (unsigned long long)++terminal->next_ref);
    json_object_set_new(frame, "ref", json_string(ref));
    json_object_set_new(terminal->unanswered, ref, frame);
    return link_send(&terminal->link, frame);
}

static enum err ask_rooms(struct terminal *terminal)
{
    return command(terminal, "rooms", json_pack("{s:s}", "type", "sync"));
}

static void new_cid(char ret_cid[33])
{
    uint8_t bytes[16];
    CHECK(getrandom(bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(ret_cid + i * 2, 3, "%02x", bytes[i]);
    }
}

static enum err say(struct terminal *terminal, const char *text)
{
    char cid[33];
    if (!terminal->room[0]) {
        screen_words("no room yet; /rooms lists them, /to NAME writes to a person\n");
        return OK;
    }
    new_cid(cid);
    return command(terminal, "say",
        json_pack("{s:s, s:s, s:s, s:s}", "type", "message.send", "room", terminal->room, "cid",
            cid, "text", text));
}

static void learn_users(struct terminal *terminal, const json_t *answer)
{
    const char *id;
    json_t *user;
    json_object_foreach(json_object_get(answer, "users"), id, user)
    {
        json_object_set(terminal->users, id, json_object_get(user, "username"));
    }
}

static const char *user_name(struct terminal *terminal, const char *id)
{
    const char *name = text_of(terminal->users, id);
    if (!*name && *id && !json_object_get(terminal->users, id)) {
        json_object_set_new(terminal->users, id, json_string(""));
        enum err err =
            command(terminal, "who", json_pack("{s:s, s:[s]}", "type", "user.get", "users", id));
        (void)err; /* a lost connection shows itself at the next read */
    }
    return *name ? name : id;
}

/* The newest messages of the current room, or those after the last one that was shown. */
static enum err ask_page(struct terminal *terminal)
{
    json_t *frame = json_pack(
        "{s:s, s:s, s:i}", "type", "room.history", "room", terminal->room, "limit", HISTORY);
    if (terminal->seen > 0) {
        json_object_set_new(frame, "after_seq", json_integer(terminal->seen));
    }
    terminal->paging = true;
    return command(terminal, "page", frame);
}

static enum err enter_room(struct terminal *terminal, const char *room)
{
    snprintf(terminal->room, sizeof(terminal->room), "%s", room);
    terminal->seen = 0;
    return ask_page(terminal);
}

/* Rooms of one name are told apart by the beginning of their ids. */
static bool is_shared(const struct terminal *terminal, const char *room)
{
    const char *name = text_of(terminal->rooms, room);
    const char *id;
    json_t *other;
    json_object_foreach(terminal->rooms, id, other)
    {
        if (strcmp(id, room) != 0 && strcasecmp(json_string_value(other), name) == 0) {
            return true;
        }
    }
    return false;
}

static void print_mark(const struct terminal *terminal, const char *room, const char *before)
{
    char mark[MARK_SIZE + 1];
    if (is_shared(terminal, room)) {
        snprintf(mark, sizeof(mark), "#%s", room);
        screen_words(before);
        screen_name(mark);
    }
}

static void print_room(struct terminal *terminal, const char *room)
{
    screen_words(strcmp(terminal->room, room) == 0 ? "* " : "  ");
    screen_name(text_of(terminal->rooms, room));
    print_mark(terminal, room, "  ");
}

static void learn_rooms(struct terminal *terminal, const json_t *rooms)
{
    size_t i;
    json_t *room;
    json_array_foreach(rooms, i, room)
    {
        const char *name = text_of(room, "name");
        if (!*name) {
            name = user_name(terminal, text_of(room, "peer"));
        }
        json_object_set_new(terminal->rooms, text_of(room, "room"), json_string(name));
    }
}

static enum err show_rooms(struct terminal *terminal, const json_t *answer)
{
    size_t i;
    json_t *room;
    bool first = !terminal->listed;
    const json_t *rooms = json_object_get(answer, "rooms");
    terminal->listed = true;
    learn_users(terminal, answer);
    learn_rooms(terminal, rooms);
    if (!terminal->room[0]) {
        snprintf(terminal->room, sizeof(terminal->room), "%s",
            text_of(json_array_get(rooms, 0), "room"));
    }
    json_array_foreach(rooms, i, room)
    {
        print_room(terminal, text_of(room, "room"));
        screen_words("  (");
        screen_number(number_of(room, "unread"));
        screen_words(" unread)\n");
    }
    if (first) {
        screen_words(
            "What you type is said in the room marked with *; /help lists the commands.\n");
    }
    return first && terminal->room[0] ? ask_page(terminal) : OK;
}

/* The mark is outside the brackets, where no name can be. */
static void print_place(struct terminal *terminal, const json_t *frame)
{
    const char *room = text_of(frame, "room");
    const char *name = text_of(terminal->rooms, room);
    screen_words("[");
    screen_name(*name ? name : room);
    screen_words("]");
    print_mark(terminal, room, "");
    screen_words(" ");
}

static void show_message(struct terminal *terminal, const json_t *frame)
{
    bool here = strcmp(text_of(frame, "room"), terminal->room) == 0;
    if (here && number_of(frame, "seq") <= terminal->seen) {
        return;
    }
    print_place(terminal, frame);
    screen_name(user_name(terminal, text_of(frame, "from")));
    screen_words(": ");
    screen_text(
        json_is_true(json_object_get(frame, "deleted")) ? "(deleted)" : text_of(frame, "text"));
    screen_words("\n");
    if (here) {
        terminal->seen = number_of(frame, "seq");
    }
}

static void show_change(struct terminal *terminal, const json_t *frame, const char *what)
{
    print_place(terminal, frame);
    screen_name(user_name(terminal, text_of(frame, "by")));
    screen_words(what);
    screen_text(text_of(frame, "text"));
    screen_words("\n");
}

/* What was shown in the current room is read. */
static enum err tell_read(struct terminal *terminal, const json_t *message)
{
    if (!message || strcmp(text_of(message, "room"), terminal->room) != 0 ||
        strcmp(text_of(message, "from"), terminal->account.user) == 0) {
        return OK;
    }
    return command(terminal, "read",
        json_pack("{s:s, s:s, s:I}", "type", "read", "room", terminal->room, "n",
            (json_int_t)number_of(message, "n")));
}

/* Prints what was held as far as the names are known; one that is not is asked for. */
static void show_held(struct terminal *terminal)
{
    while (json_array_size(terminal->held) > 0 && !terminal->paging) {
        const json_t *frame = json_array_get(terminal->held, 0);
        if (!*text_of(terminal->users, text_of(frame, "from"))) {
            user_name(terminal, text_of(frame, "from"));
            return;
        }
        show_message(terminal, frame);
        json_array_remove(terminal->held, 0);
    }
}

static enum err show_history(struct terminal *terminal, const json_t *answer)
{
    size_t i;
    json_t *message;
    const json_t *messages = json_object_get(answer, "messages");
    learn_users(terminal, answer);
    json_array_foreach(messages, i, message)
    {
        show_message(terminal, message);
    }
    const json_t *asked = json_object_get(terminal->unanswered, text_of(answer, "ref"));
    if (json_object_get(asked, "after_seq") && json_is_true(json_object_get(answer, "more"))) {
        return ask_page(terminal); /* more was missed than fits on a page */
    }
    terminal->paging = false;
    show_held(terminal);
    size_t count = json_array_size(messages);
    return tell_read(terminal, count > 0 ? json_array_get(messages, count - 1) : NULL);
}

static void remember_user(struct terminal *terminal, const json_t *answer)
{
    size_t i;
    json_t *user;
    json_array_foreach(json_object_get(answer, "users"), i, user)
    {
        json_object_set(terminal->users, text_of(user, "id"), json_object_get(user, "username"));
    }
}

/* Whoever was asked for and has no name, since the account is gone, is called by the id: messages
 * do not wait for it again. */
static void name_nameless(struct terminal *terminal, const char *ref)
{
    const json_t *asked = json_object_get(json_object_get(terminal->unanswered, ref), "users");
    const char *id = json_string_value(json_array_get(asked, 0));
    if (id && !*text_of(terminal->users, id)) {
        json_object_set_new(terminal->users, id, json_string(id));
    }
}

static enum err write_to(struct terminal *terminal, const json_t *answer)
{
    const json_t *asked = json_object_get(terminal->unanswered, text_of(answer, "ref"));
    const char *wanted = text_of(asked, "prefix");
    json_t *user = json_array_get(json_object_get(answer, "users"), 0);
    char cid[33];
    if (!user || strcasecmp(text_of(user, "username"), wanted) != 0) {
        screen_words("nobody has the username ");
        screen_name(wanted);
        screen_words(user ? "; there is " : "");
        screen_name(text_of(user, "username"));
        screen_words("\n");
        return OK;
    }
    remember_user(terminal, answer);
    new_cid(cid);
    return command(terminal, "open",
        json_pack("{s:s, s:s, s:s, s:[s]}", "type", "room.create", "kind", "direct", "cid", cid,
            "members", text_of(user, "id")));
}

/* What an answer means follows from what was asked, which the beginning of its ref says. */
static enum err on_answer(struct terminal *terminal, const json_t *frame)
{
    const char *ref = text_of(frame, "ref");
    if (strncmp(ref, "rooms", 5) == 0) {
        return show_rooms(terminal, frame);
    } else if (strncmp(ref, "page", 4) == 0) {
        return show_history(terminal, frame);
    } else if (strncmp(ref, "who", 3) == 0) {
        remember_user(terminal, frame);
        name_nameless(terminal, ref);
        show_held(terminal);
    } else if (strncmp(ref, "find", 4) == 0) {
        return write_to(terminal, frame);
    } else if (strncmp(ref, "open", 4) == 0) {
        enum err err = enter_room(terminal, text_of(frame, "room"));
        return err == OK ? ask_rooms(terminal) : err;
    }
    return OK;
}

static enum err on_refusal(struct terminal *terminal, const json_t *frame)
{
    screen_words("! ");
    screen_text(text_of(frame, "message"));
    screen_words(" ");
    screen_text(text_of(frame, "field"));
    screen_words("\n");
    if (strncmp(text_of(frame, "ref"), "page", 4) == 0) {
        terminal->paging = false;
        show_held(terminal);
    }
    return OK;
}

static enum err on_message(struct terminal *terminal, const json_t *frame)
{
    json_array_append(terminal->held, (json_t *)(uintptr_t)frame);
    show_held(terminal);
    return terminal->paging ? OK : tell_read(terminal, frame);
}

/* The server says a minute before that the token ends: the connection goes on with the next one. */
static enum err on_expiring(struct terminal *terminal)
{
    enum err err = account_refresh(&terminal->account, &terminal->link);
    return err == OK
               ? command(terminal, "auth",
                     json_pack("{s:s, s:s}", "type", "auth", "token", terminal->account.access))
               : err;
}

/* One is in a room or no longer in one; /to has already asked for the rooms with its new one. */
static bool is_news(const struct terminal *terminal, const json_t *member)
{
    return strcmp(text_of(member, "user"), terminal->account.user) == 0 &&
           (strcmp(text_of(member, "room"), terminal->room) != 0 ||
               strcmp(text_of(member, "state"), "joined") != 0);
}

static enum err on_event(struct terminal *terminal, const char *type, const json_t *frame)
{
    if (strcmp(type, "message") == 0) {
        return on_message(terminal, frame);
    } else if (strcmp(type, "message.edited") == 0) {
        show_change(terminal, frame, " now says: ");
    } else if (strcmp(type, "message.deleted") == 0) {
        show_change(terminal, frame, " deleted a message");
    } else if (strcmp(type, "member") == 0 && is_news(terminal, frame)) {
        return ask_rooms(terminal);
    } else if (strcmp(type, "auth.expiring") == 0) {
        return on_expiring(terminal);
    }
    return OK;
}

static enum err on_frame(struct terminal *terminal, const json_t *frame)
{
    const char *type = text_of(frame, "type");
    enum err err;
    if (strcmp(type, "ok") == 0) {
        err = on_answer(terminal, frame);
    } else if (strcmp(type, "error") == 0) {
        err = on_refusal(terminal, frame);
    } else {
        err = on_event(terminal, type, frame);
    }
    json_object_del(terminal->unanswered, text_of(frame, "ref"));
    screen_flush();
    return err;
}

/* By its name, or by the mark that rooms of one name have. */
static bool is_called(const char *id, const char *name, const char *wanted)
{
    bool marked = wanted[0] == '#' && strlen(wanted) == MARK_SIZE &&
                  strncasecmp(id, wanted + 1, MARK_SIZE - 1) == 0;
    return marked || strcasecmp(name, wanted) == 0;
}

static void say_which(struct terminal *terminal, const char *wanted)
{
    const char *id;
    json_t *name;
    screen_words("several rooms have that name; go to one by its mark, as in /room #12345678:\n");
    json_object_foreach(terminal->rooms, id, name)
    {
        if (is_called(id, json_string_value(name), wanted)) {
            print_room(terminal, id);
            screen_words("\n");
        }
    }
}

static enum err choose_room(struct terminal *terminal, const char *wanted)
{
    const char *id, *found = NULL;
    json_t *name;
    uint32_t count = 0;
    json_object_foreach(terminal->rooms, id, name)
    {
        if (is_called(id, json_string_value(name), wanted)) {
            found = id;
            count++;
        }
    }
    if (count == 1) {
        return enter_room(terminal, found);
    } else if (count > 1) {
        say_which(terminal, wanted);
    } else {
        screen_words("there is no room of that name\n");
    }
    return OK;
}

static void print_help(const char *line)
{
    if (strcmp(line, "/help") != 0) {
        screen_words("There is no such command. ");
    }
    screen_words("Commands:\n"
                 "  /rooms      list your rooms; * marks the one you are in\n"
                 "  /room NAME  go to a room and show its newest messages; rooms of one name have\n"
                 "              marks: /room #MARK\n"
                 "  /to USER    go to the direct room with somebody, by username\n"
                 "  /quit       end (so does Ctrl-D)\n"
                 "Anything else is said in the room you are in.\n");
}

static enum err on_line(struct terminal *terminal, const char *line)
{
    if (strcmp(line, "/quit") == 0) {
        terminal->quit = true;
    } else if (strcmp(line, "/rooms") == 0) {
        return ask_rooms(terminal);
    } else if (strncmp(line, "/room ", 6) == 0) {
        return choose_room(terminal, line + 6);
    } else if (strncmp(line, "/to ", 4) == 0) {
        return command(terminal, "find",
            json_pack("{s:s, s:s, s:i}", "type", "user.find", "prefix", line + 4, "limit", 1));
    } else if (line[0] == '/') {
        print_help(line);
    } else if (line[0]) {
        return say(terminal, line);
    }
    return OK;
}

static enum err read_frames(struct terminal *terminal)
{
    json_t *frame;
    enum err err = link_receive(&terminal->link, true, &frame);
    while (err == OK && frame) {
        err = on_frame(terminal, frame);
        json_decref(frame);
        if (err == OK) {
            err = link_receive(&terminal->link, false, &frame);
        }
    }
    return err;
}

/* Opens the socket and repeats what was never answered. */
static enum err connect_again(struct terminal *terminal)
{
    bool token_ended = terminal->link.close_code == WS_CLOSE_EXPIRED ||
                       terminal->link.close_code == WS_CLOSE_REVOKED;
    enum err err = token_ended ? account_refresh(&terminal->account, &terminal->link) : OK;
    err = err == OK ? link_open(&terminal->link, terminal->account.access) : err;
    const char *ref;
    json_t *frame;
    json_object_foreach(terminal->unanswered, ref, frame)
    {
        err = err == OK ? link_send(&terminal->link, frame) : err;
    }
    err = err == OK && terminal->room[0] && !terminal->paging ? ask_page(terminal) : err;
    return err == OK ? ask_rooms(terminal) : err;
}

static enum err converse(struct terminal *terminal)
{
    enum err err = connect_again(terminal);
    while (err == OK && !terminal->quit) {
        struct pollfd both[] = {{.fd = terminal->link.sock, .events = POLLIN},
            {.fd = terminal->listed ? STDIN_FILENO : -1, .events = POLLIN}};
        if (poll(both, 2, -1) < 0) {
            continue;
        }
        if (both[0].revents) {
            err = read_frames(terminal);
        }
        if (err == OK && both[1].revents) {
            char line[LINE_BYTES_MAX];
            terminal->quit = !account_read_line("", false, line, sizeof(line));
            err = terminal->quit ? OK : on_line(terminal, line);
            screen_flush();
        }
    }
    close(terminal->link.sock);
    terminal->link.sock = -1;
    terminal->link.size = 0;
    return err;
}

/* Whether somebody answers there who could be a Chattifier; says what to do if not. */
static bool is_there(struct terminal *terminal, const char *address)
{
    int status;
    json_t *answer = NULL;
    enum err err =
        link_request(&terminal->link, "/.well-known/jwks.json", NULL, NULL, &status, &answer);
    json_decref(answer);
    if (err == ERR_CLOSED) {
        fprintf(
            stderr, "chattifier: nobody answers at %s; is the server running there?\n", address);
    } else if (err != OK || status != 200) {
        fprintf(stderr, "chattifier: what answers at %s is no Chattifier server\n", address);
    }
    return err == OK && status == 200;
}

/* Until the person has enough or is signed out. */
static enum err stay(struct terminal *terminal)
{
    while (!terminal->quit) {
        enum err ended = converse(terminal);
        if (ended == ERR_FORBIDDEN || ended == ERR_UNAUTHORIZED) {
            fprintf(stderr, "chattifier: you were signed out; start again to sign in\n");
            return ended;
        }
        if (!terminal->quit) {
            screen_words("connection lost; trying again\n");
            screen_flush();
            struct timespec wait = {.tv_sec = RETRY_S};
            nanosleep(&wait, NULL);
        }
    }
    return OK;
}

int role_chat(const struct options *options)
{
    static struct terminal terminal;
    if (!options->operand || link_init(&terminal.link, options->operand) != OK) {
        fprintf(stderr, "chattifier: chat needs an address such as http://127.0.0.1:8080%s\n",
            options->operand ? " (http alone, no https)" : "");
        return 2;
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    terminal.rooms = json_object();
    terminal.users = json_object();
    terminal.unanswered = json_object();
    terminal.held = json_array();
    enum err err = is_there(&terminal, options->operand) ? OK : ERR_CLOSED;
    err = err == OK ? account_sign_in(&terminal.account, &terminal.link) : err;
    err = err == OK ? stay(&terminal) : err;
    json_decref(terminal.rooms);
    json_decref(terminal.users);
    json_decref(terminal.unanswered);
    json_decref(terminal.held);
    link_deinit(&terminal.link);
    explicit_bzero(&terminal.account, sizeof(terminal.account));
    return err == OK ? 0 : 1;
}
