#pragma once

/* net_uring - many sends in one call of the operating system, by io_uring.
 *
 * A ring of one loop; nothing of it is under way between two calls, so any thread may use it if
 * only one does at a time. */

#include <stdint.h>

struct logger;
struct net_send;
struct net_uring;

/* Asks the kernel for a ring and tries it. NULL if there is none to get: the kernel is older than
 * 5.18, or the system or its container forbids io_uring; the reason is logged. */
struct net_uring *net_uring_create(struct logger *logger);

/* As net_send_many, and answers how many it has seen to: all, unless the ring failed, now or
 * before. */
uint32_t net_uring_send(struct net_uring *uring, struct net_send *sends, uint32_t count);

/* NULL is fine. */
void net_uring_destroy(struct net_uring *uring);
