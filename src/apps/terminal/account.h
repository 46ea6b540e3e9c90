#pragma once

/* account - who the person at the terminal is: signing in or up, and newer tokens later. */

#include "link.h"

struct account {
    char access[4096];
    char refresh[1024];
    char user[40];
};

/* One line typed by the person, without its end; false at the end of the input. `secret`: it is not
 * shown. */
bool account_read_line(const char *prompt, bool secret, char *ret_line, size_t size);

/* Asks for name and password and signs in; somebody whom the server does not know may sign up with
 * the same words. What went wrong is printed; ERR_UNAUTHORIZED if it was the words. */
MUST_USE enum err account_sign_in(struct account *account, struct link *link);

/* Trades the refresh token for the next pair. ERR_UNAUTHORIZED: signed out, only the words help.
 * ERR_CLOSED: no answer, the next try may have one. */
MUST_USE enum err account_refresh(struct account *account, struct link *link);
