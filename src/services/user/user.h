#pragma once

/* user - accounts: sign-up, sign-in, devices, profiles, blocks.
 *
 * One per worker. HTTP requests come through the gateway as an upstream server and are answered on
 * the client's connection; user.get, user.find and user.block come as commands in the box WORK and
 * are answered into the box PAGES of their node. Every request is one flow (flow/flow.h) in a file
 * of its own. Accounts and devices are the users port's; sessions is told of what became void after
 * the truth was written. */

#include "link/edge.h"
#include "ports/cast.h"
#include "ports/mail.h"
#include "ports/rooms.h"
#include "ports/secrets.h"
#include "ports/sessions.h"
#include "ports/shards.h"
#include "ports/topics.h"
#include "ports/upstream.h"
#include "ports/users.h"
#include "user/user_settings.h"
#include "world/world.h"

struct user_service;

/* What it says and hears on the bus. */
extern const struct topic_service user_topics;

/* All of it is the caller's and outlives the service. */
struct user_service_deps {
    const struct world *world;
    struct edge *edge;
    struct users *users;
    struct sessions *sessions;
    struct secrets *secrets;
    struct mail *mail;
    struct cast *cast;
    struct shards *shards;
    struct rooms *rooms;
    const struct user_settings *settings;
};

/* Opens the boxes LIVE, PAGES and WORK of the mail port. */
struct user_service *user_service_create(const struct user_service_deps *deps);

/* Where the gateway sends requests under /user and /.well-known. */
struct upstream_server *user_service_server(struct user_service *service);

/* No request is under way, nor what one left to be done a moment later. */
bool user_service_is_idle(const struct user_service *service);

/* After the loop has stopped. */
void user_service_destroy(struct user_service *service);
