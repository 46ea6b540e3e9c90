#pragma once

/* mail_check - what owners say to nodes, judged as it leaves: a text that was deleted is not said
 * again (I16). */

#include <stdint.h>

struct cluster;

/* A mail is sent; `cluster` is the context of bus.h. */
void mail_check(void *cluster, const uint8_t *bytes, uint32_t size);
