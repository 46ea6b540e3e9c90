#pragma once

/* screen - everything that the terminal client shows: nothing else here writes to standard output.
 *
 * What others wrote (people, and the server) may be any text: it comes through screen_text or
 * screen_name, in which no character moves the cursor, changes the terminal or turns around what is
 * written beside it. */

/* Words of the program itself. */
void screen_words(const char *words);

/* What somebody wrote, with a dot for each unsafe character. Its further lines are indented, so
 * that none looks like a message of somebody else. */
void screen_text(const char *text);

/* What something is called: one line, and no bracket ends the place that it is written in. */
void screen_name(const char *name);

void screen_number(long long number);

/* All of it is to be seen now. */
void screen_flush(void);
