/* account - signing in, up, and on.
 *
 * Happy path: two questions, one request, two tokens; a while later the second buys the next two.
 * How it fails: a line that says what to type instead, and an error for the caller. */

#include "account.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "screen.h"

#define NAME_BYTES 128

struct words {
    char name[NAME_BYTES], password[NAME_BYTES * 4];
};

bool account_read_line(const char *prompt, bool secret, char *ret_line, size_t size)
{
    struct termios before, hidden;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    screen_words(prompt);
    screen_flush();
    if (secret && terminal) {
        hidden = before;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    bool there = fgets(ret_line, (int)size, stdin) != NULL;
    if (secret && terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        screen_words("\n");
    }
    ret_line[there ? strcspn(ret_line, "\r\n") : 0] = 0;
    return there;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void print_refusal(const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *field = text_of(error, "field"), *code = text_of(error, "code");
    long long retry_ms = json_integer_value(json_object_get(error, "retry_after_ms"));
    if (strcmp(code, "conflict") == 0) {
        screen_words("That username is taken, and the password is not its password.\n");
    } else if (strcmp(field, "username") == 0) {
        screen_words(
            "Usernames have 3 to 20 letters, digits, dots, dashes or underscores. Some are "
            "reserved.\n");
    } else if (strcmp(field, "password") == 0) {
        screen_words(
            "Passwords have 8 to 128 characters and are not among the most common ones.\n");
    } else if (strcmp(code, "unauthorized") == 0) {
        screen_words("Unknown name or wrong password.\n");
    } else if (retry_ms > 60000) {
        screen_words("Too many tries; it goes on in ");
        screen_number((retry_ms + 59999) / 60000);
        screen_words(" minutes.\n");
    } else {
        screen_text(text_of(error, "message"));
        screen_words("\n");
    }
}

/* Takes the tokens of an answer that has some. */
static enum err adopt(struct account *account, int status, const json_t *answer)
{
    if (status != 200) {
        return status == 401 ? ERR_UNAUTHORIZED : ERR_CLOSED;
    }
    snprintf(account->access, sizeof(account->access), "%s", text_of(answer, "access_token"));
    snprintf(account->refresh, sizeof(account->refresh), "%s", text_of(answer, "refresh_token"));
    const char *user = text_of(json_object_get(answer, "user"), "id");
    if (*user) {
        snprintf(account->user, sizeof(account->user), "%s", user);
    }
    return OK;
}

static enum err post_words(struct link *link, const char *path, const struct words *words,
    int *ret_status, json_t **ret_answer)
{
    json_t *body = json_pack("{s:s, s:s}", "username", words->name, "password", words->password);
    json_decref(*ret_answer);
    *ret_answer = NULL;
    enum err err =
        body ? link_request(link, path, NULL, body, ret_status, ret_answer) : ERR_CORRUPT;
    json_decref(body);
    return err;
}

static bool wants_to_sign_up(void)
{
    char text[8];
    return account_read_line("Unknown name or wrong password. Sign up with them? [y/N] ", false,
               text, sizeof(text)) &&
           (text[0] == 'y' || text[0] == 'Y');
}

static enum err exchange(struct account *account, struct link *link, const struct words *words)
{
    int status = 0;
    json_t *answer = NULL;
    enum err err = post_words(link, "/user/login", words, &status, &answer);
    bool refused = err == OK && status != 200;
    if (err == OK && status == 401 && wants_to_sign_up()) {
        err = post_words(link, "/user/register", words, &status, &answer);
        refused = err == OK && status != 201;
        if (err == OK && !refused) {
            err = post_words(link, "/user/login", words, &status, &answer);
            refused = err == OK && status != 200;
        }
    }
    if (refused) {
        print_refusal(answer);
        err = ERR_UNAUTHORIZED;
    } else if (err == OK) {
        err = adopt(account, status, answer);
    } else {
        screen_words("The server did not answer; try again in a moment.\n");
    }
    json_decref(answer);
    return err;
}

enum err account_sign_in(struct account *account, struct link *link)
{
    struct words words;
    if (!account_read_line("username: ", false, words.name, sizeof(words.name)) ||
        !account_read_line("password: ", true, words.password, sizeof(words.password))) {
        return ERR_CANCELLED;
    }
    enum err err = exchange(account, link, &words);
    explicit_bzero(&words, sizeof(words));
    return err;
}

enum err account_refresh(struct account *account, struct link *link)
{
    int status = 0;
    json_t *answer = NULL;
    json_t *body = json_pack("{s:s}", "refresh_token", account->refresh);
    enum err err = link_request(link, "/user/refresh", NULL, body, &status, &answer);
    json_decref(body);
    err = err == OK ? adopt(account, status, answer) : ERR_CLOSED;
    json_decref(answer);
    return err;
}
