/* terminal - a chat client for a person without a browser: `chattifier chat http://host:port`.
 *
 * Happy path: sign in (or up), list rooms, then every line typed is a message to the current room,
 * and what others say is printed as it comes. /help says the rest. How it fails: one line and exit
 * code 1; a lost connection is opened again, and what was not answered is sent again with the same
 * cid, so nothing is said twice. */

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "link.h"
#include "roles.h"

#define LINE_BYTES_MAX 16384
#define NAME_BYTES 128
#define RETRY_S 2

struct terminal {
    struct link link;
    char token[4096];
    char me[40];
    char room[40];      /* the current room's id */
    json_t *rooms;      /* id -> name */
    json_t *users;      /* id -> name */
    json_t *unanswered; /* ref -> frame that was sent */
    json_t *held;       /* messages, in order, of which one waits for its sender's name */
    uint64_t next_ref;
    bool listed; /* rooms are known: what is typed has somewhere to go */
    bool quit;
};

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* A terminal must not be moved about by what somebody wrote: control characters become a dot. */
static void print_safe(const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        putchar((byte < 0x20 && byte != '\n') || byte == 0x7f ? '.' : byte);
    }
}

static bool read_line(const char *prompt, bool secret, char *ret_line, size_t size)
{
    struct termios before, hidden;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    printf("%s", prompt);
    fflush(stdout);
    if (secret && terminal) {
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    bool there = fgets(ret_line, (int)size, stdin) != NULL;
    if (secret && terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        printf("\n");
    }
    ret_line[there ? strcspn(ret_line, "\r\n") : 0] = 0;
    return there;
}

static enum err post(
    struct terminal *terminal, const char *path, json_t *body, int *ret_status, json_t **ret_answer)
{
    enum err err = link_request(&terminal->link, path, NULL, body, ret_status, ret_answer);
    json_decref(body);
    return err;
}

static json_t *credentials(const char *name, const char *password)
{
    return json_pack("{s:s, s:s}", "username", name, "password", password);
}

static void print_refusal(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    printf("%s %s\n", text_of(error, "message"), text_of(error, "field"));
}

/* Signs in; somebody whom the server does not know may sign up with the same words. */
static enum err sign_in(struct terminal *terminal)
{
    char name[NAME_BYTES], password[NAME_BYTES * 4], answer_text[8];
    if (!read_line("username: ", false, name, sizeof(name)) ||
        !read_line("password: ", true, password, sizeof(password))) {
        return ERR_CANCELLED;
    }
    int status;
    json_t *answer = NULL;
    enum err err = post(terminal, "/user/login", credentials(name, password), &status, &answer);
    if (err == OK && status == 401 &&
        read_line("Unknown name or wrong password. Sign up with them? [y/N] ", false, answer_text,
            sizeof(answer_text)) &&
        answer_text[0] == 'y') {
        json_decref(answer);
        err = post(terminal, "/user/register", credentials(name, password), &status, &answer);
        if (err == OK && status == 201) {
            json_decref(answer);
            err = post(terminal, "/user/login", credentials(name, password), &status, &answer);
        }
    }
    explicit_bzero(password, sizeof(password));
    if (err == OK && status != 200) {
        print_refusal(answer);
        err = ERR_UNAUTHORIZED;
    }
    if (err == OK) {
        snprintf(terminal->token, sizeof(terminal->token), "%s", text_of(answer, "access_token"));
        snprintf(terminal->me, sizeof(terminal->me), "%s",
            text_of(json_object_get(answer, "user"), "id"));
    }
    json_decref(answer);
    return err;
}

/* Sends a command and remembers it until its answer; takes `frame`. */
static enum err command(struct terminal *terminal, const char *purpose, json_t *frame)
{
    char ref[32];
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
        printf("no room yet; /rooms lists them, /to NAME writes to a person\n");
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

static void show_rooms(struct terminal *terminal, const json_t *answer)
{
    size_t i;
    json_t *room;
    terminal->listed = true;
    learn_users(terminal, answer);
    json_array_foreach(json_object_get(answer, "rooms"), i, room)
    {
        const char *name = text_of(room, "name");
        if (!*name) {
            name = user_name(terminal, text_of(room, "peer"));
        }
        json_object_set_new(terminal->rooms, text_of(room, "room"), json_string(name));
        if (!terminal->room[0]) {
            snprintf(terminal->room, sizeof(terminal->room), "%s", text_of(room, "room"));
        }
        printf("%s ", strcmp(terminal->room, text_of(room, "room")) == 0 ? "*" : " ");
        print_safe(name);
        printf("  (%lld unread)\n", (long long)json_integer_value(json_object_get(room, "unread")));
    }
}

static void show_message(struct terminal *terminal, const json_t *frame)
{
    const char *room = text_of(frame, "room");
    const char *name = text_of(terminal->rooms, room);
    printf("[");
    print_safe(*name ? name : room);
    printf("] ");
    print_safe(user_name(terminal, text_of(frame, "from")));
    printf(": ");
    print_safe(
        json_is_true(json_object_get(frame, "deleted")) ? "(deleted)" : text_of(frame, "text"));
    printf("\n");
}

/* Prints what was held as far as the names are known; one that is not is asked for. */
static void show_held(struct terminal *terminal)
{
    while (json_array_size(terminal->held) > 0) {
        const json_t *frame = json_array_get(terminal->held, 0);
        if (!*text_of(terminal->users, text_of(frame, "from"))) {
            user_name(terminal, text_of(frame, "from"));
            return;
        }
        show_message(terminal, frame);
        json_array_remove(terminal->held, 0);
    }
}

static void show_history(struct terminal *terminal, const json_t *answer)
{
    size_t i;
    json_t *message;
    learn_users(terminal, answer);
    json_array_foreach(json_object_get(answer, "messages"), i, message)
    {
        show_message(terminal, message);
    }
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
    json_t *user = json_array_get(json_object_get(answer, "users"), 0);
    char cid[33];
    if (!user) {
        printf("nobody of that name\n");
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
        show_rooms(terminal, frame);
    } else if (strncmp(ref, "page", 4) == 0) {
        show_history(terminal, frame);
    } else if (strncmp(ref, "who", 3) == 0) {
        remember_user(terminal, frame);
        name_nameless(terminal, ref);
        show_held(terminal);
    } else if (strncmp(ref, "find", 4) == 0) {
        return write_to(terminal, frame);
    } else if (strncmp(ref, "open", 4) == 0) {
        snprintf(terminal->room, sizeof(terminal->room), "%s", text_of(frame, "room"));
        return ask_rooms(terminal);
    }
    return OK;
}

static enum err on_frame(struct terminal *terminal, const json_t *frame)
{
    const char *type = text_of(frame, "type");
    enum err err = OK;
    if (strcmp(type, "message") == 0) {
        json_array_append(terminal->held, (json_t *)(uintptr_t)frame);
        show_held(terminal);
    } else if (strcmp(type, "ok") == 0) {
        err = on_answer(terminal, frame);
    } else if (strcmp(type, "error") == 0) {
        printf("! %s %s\n", text_of(frame, "message"), text_of(frame, "field"));
    } else if (strcmp(type, "member") == 0 && strcmp(text_of(frame, "user"), terminal->me) == 0) {
        err = ask_rooms(terminal);
    }
    json_object_del(terminal->unanswered, text_of(frame, "ref"));
    fflush(stdout);
    return err;
}

static enum err choose_room(struct terminal *terminal, const char *wanted)
{
    const char *id;
    json_t *name;
    json_object_foreach(terminal->rooms, id, name)
    {
        if (strcasecmp(json_string_value(name), wanted) == 0) {
            snprintf(terminal->room, sizeof(terminal->room), "%s", id);
            return command(terminal, "page",
                json_pack("{s:s, s:s, s:i}", "type", "room.history", "room", id, "limit", 20));
        }
    }
    printf("there is no room of that name\n");
    return OK;
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
        printf("/rooms  /room NAME  /to USER  /quit; anything else is said in the current room\n");
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
    enum err err = link_open(&terminal->link, terminal->token);
    const char *ref;
    json_t *frame;
    json_object_foreach(terminal->unanswered, ref, frame)
    {
        err = err == OK ? link_send(&terminal->link, frame) : err;
    }
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
            terminal->quit = !read_line("", false, line, sizeof(line));
            err = terminal->quit ? OK : on_line(terminal, line);
        }
    }
    close(terminal->link.sock);
    terminal->link.sock = -1;
    terminal->link.size = 0;
    return err;
}

int role_chat(const struct options *options)
{
    static struct terminal terminal;
    if (!options->operand || link_init(&terminal.link, options->operand) != OK) {
        fprintf(stderr, "chattifier: chat needs an address such as http://127.0.0.1:8080\n");
        return 2;
    }
    setvbuf(stdin, NULL, _IONBF, 0);
    terminal.rooms = json_object();
    terminal.users = json_object();
    terminal.unanswered = json_object();
    terminal.held = json_array();
    enum err err = sign_in(&terminal);
    if (err != OK) {
        fprintf(stderr, "chattifier: not signed in: %s\n", err_text(err));
    }
    while (err == OK && !terminal.quit) {
        enum err ended = converse(&terminal);
        if (ended == ERR_FORBIDDEN) {
            err = ended;
        } else if (!terminal.quit) {
            printf("connection lost; trying again\n");
            struct timespec wait = {.tv_sec = RETRY_S};
            nanosleep(&wait, NULL);
        }
    }
    json_decref(terminal.rooms);
    json_decref(terminal.users);
    json_decref(terminal.unanswered);
    json_decref(terminal.held);
    link_deinit(&terminal.link);
    return err == OK ? 0 : 1;
}
