#pragma once

/* subscriptions - what the node wants from the owners of its rooms, asked until it is there.
 *
 * A room is `due` while it is not subscribed with the present owner, or misses entries. Due rooms
 * are asked for at once and again after resend_ms. Who owns a shard is learned from `claimed`;
 * while an owner is unknown, `hello` is cast each second. Every subscription is said again in a
 * slow rotation, and rooms without local members are given up. */

#include "socket_inner.h"

/* The owner of the room's shard; 0: unknown. */
uint64_t subscription_owner(const struct socket_service *service, uint32_t shard);

/* A new room: says so to its owner at once. */
void subscription_begin(struct socket_service *service, struct room *room);

/* The room misses entries up to `head`: ask for them. */
void subscription_repair(struct socket_service *service, struct room *room, uint64_t head);

/* It has been asked something and got it: is anything still missing? */
void subscription_settle(struct socket_service *service, struct room *room);

void subscription_on_claimed(struct socket_service *service, const struct cht_claimed *claimed);
void subscription_on_subscribed(
    struct socket_service *service, const struct cht_subscribed *subscribed);

/* An owner told its clock. */
void subscription_learn_clock(struct socket_service *service, uint32_t shard, uint64_t owner_now);

/* A delivery came of a room that is not followed: the owner is told to stop. */
void subscription_refuse(struct socket_service *service, const struct cht_id *room, uint32_t shard);

/* Asks for what is due now. */
void subscription_tick(struct socket_service *service);
