#pragma once

/* goodbye - somebody deletes their account: what the user service does for it, which is not here.
 * They leave every room, no token of theirs holds any more, and nobody can add them again. */

struct client;

void goodbye_say(struct client *client);
