#pragma once

/* choose - what a client does of its own accord: drawn, or by the scenario. */

struct client;

/* A client that is ready has its turn. */
void choose_steps(struct client *client);
