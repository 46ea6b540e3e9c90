#pragma once

/* user_inner - what the files of the user service share: one request under way, answers, and ops
 * made of other ops. */

#include "base/logger.h"
#include "flow/flow.h"
#include "flow/pause.h"
#include "user/default_rooms.h"
#include "user/room_asks.h"
#include "user/room_lists.h"
#include "user/user.h"

struct user_flow;

#define ADDRESS_SIZE 48

struct user_service {
    struct user_service_deps deps;
    struct upstream_server server;
    struct mail_handler on_work;
    struct room_asks room_asks;
    struct room_lists room_lists;
    struct default_rooms default_rooms;
    uint32_t calls; /* requests and queries under way */
};

/* A question to a bucket of the sessions port (limits.c). */
struct limit_ask {
    struct sessions_limit_op op;
    char key[128];
};

/* One HTTP request. First member of every route's flow struct. */
struct user_call {
    struct flow flow;
    struct user_service *service;
    struct conn_id conn;
    struct identity identity; /* all zero on open routes */
    struct cht_id id;         /* of the path, if it has one */
    struct arena arena;
    struct cht_member *members; /* of the body */
    size_t member_count;
    char *body; /* wiped at the end: it may hold a password */
    uint32_t body_size;
    struct cht_str query;
    struct cht_str origin;
    const char *field; /* of an error */
    uint64_t retry_after_ms;
    size_t size; /* of the route's struct */
    const struct user_flow *route;
    struct asker rate_asker;
    struct limit_ask rate;      /* of the user's requests */
    char address[ADDRESS_SIZE]; /* of the client, for limits: an IPv6 network of 64 bits counts as
                                   one */
};

/* What a route is made of. */
struct user_flow {
    const struct flow_step *steps;
    uint8_t step_count;
    uint32_t size; /* of its struct */
};

#define USER_ROUTE(method, path, access, handler, doc)                                             \
    extern const struct user_flow user_flow_##handler;
#include "ports/user_routes.def"
#undef USER_ROUTE

static inline struct user_call *call_of(struct flow *flow)
{
    return container_of(flow, struct user_call, flow);
}

/* ---- user_call.c */

/* Copies what is needed of the request and runs the flow. */
void user_call_start(struct user_service *service, const struct user_flow *flow,
    const struct upstream_call *upstream, const struct cht_id *id);

/* From inside a step: the flow has failed because of one field. */
void user_call_bad_field(struct user_call *call, const char *field);

/* From inside a step, or in the last one: answers with what `write` writes (it may be called
 * twice). */
void user_call_answer(struct user_call *call, int status,
    void (*write)(struct user_call *call, struct cht_json *json));

/* {} */
void user_call_answer_nothing(struct user_call *call);

/* In the last step: the error's answer, if there is one. True if the flow has failed. */
bool user_call_refused(struct user_call *call);

/* A line for whoever has to find out later what happened: who, from where, and how it ended. Ids
 * may be none. */
struct audit {
    const char *event; /* "audit.login" */
    const struct cht_id *user, *device;
    enum err result;
    bool alarm; /* somebody should look */
};
void user_audit(const struct user_call *call, const struct audit *audit);

/* In the last step, at its end: forgets everything. */
void user_call_end(struct user_call *call);

/* ---- user_fields.c: members of the body and values of the query; a wrong one fails the flow */

/* The member, or NULL if it is absent or null. */
const struct cht_member *user_field(const struct user_call *call, const char *name);

/* It is there, and null: what it names shall be cleared. */
bool user_field_is_null(const struct user_call *call, const char *name);

/* A text that is there and not empty; false if the flow has failed. */
bool user_field_text(struct user_call *call, const char *name, struct cht_str *ret_text);

/* Absent: fine, nothing is set, `at` stays NULL. */
bool user_field_optional_text(struct user_call *call, const char *name, struct cht_str *ret_text);

/* All that `command->type` takes, from the query. False if the flow has failed. */
bool user_query_read(struct user_call *call, struct cht_command *command);

/* ---- find.c */
#define USER_PREFIX_BYTES_MAX 64

/* What user.find asks, from `command`; the prefix is folded into `ret_folded`. False: it is none.
 */
bool user_find_fill(const struct cht_command *command, char ret_folded[USER_PREFIX_BYTES_MAX],
    struct users_find_op *ret_find);

/* ---- user_json.c */

/* {id, username, display_name, bio?, created}; of a deleted one only what is left. */
void user_json_write(struct cht_json *json, const struct user *user);

/* A member of `users` beside a list: the id is its name, and its value only says the names. */
void user_json_beside(struct cht_json *json, const struct user *user);
void user_json_text(struct cht_json *json, const char *name, struct cht_str text);

/* ---- limits.c: buckets of the sessions port. One that holds nothing (`burst` 0) limits nobody */

/* The bucket kind:who[@where]. */
struct limit_of {
    const char *kind, *who, *where; /* `where` may be NULL */
    uint64_t burst, refill_ms;
};

/* Takes one token. Tolerated, so the next step calls user_limit_holds. */
void user_limit_take(struct user_call *call, struct limit_ask *ask, const struct limit_of *of);

/* Fills the bucket: what was counted so far counts no more. */
void user_limit_give_all(struct user_call *call, struct limit_ask *ask, const struct limit_of *of);

/* The one token that was taken: this try was no failure, what others did at the same place still
 * counts. */
void user_limit_give_one(struct user_call *call, struct limit_ask *ask, const struct limit_of *of);

/* How often a user may ask, or a device renew its tokens. `who` is its text and must stay. */
struct limit_of user_limit_of_calls(
    const struct user_service *service, const char *kind, const char *who);

/* A place for a password that is looked at or waits for it, of so many for one address: hashing is
 * dear, and its line is one for all. Taken before (user_limit_holds), given back after. */
void user_place_take(struct user_call *call, struct limit_ask *ask);
void user_place_give_back(struct user_call *call, struct limit_ask *ask);

/* user_limit_take for another asker than the call's flow. */
void user_limit_ask(
    struct user_call *call, struct asker *asker, struct limit_ask *ask, const struct limit_of *of);

/* After the answer: false if the flow has failed because of it. A sessions port that is not there
 * limits nobody. */
bool user_limit_holds(struct user_call *call, const struct limit_ask *ask);

/* Text of an address for keys. */
void user_limit_address(const struct net_address *address, char ret_text[ADDRESS_SIZE]);

/* ---- own_password.c: the password of somebody who is signed in */
struct own_password {
    struct limit_ask tries, place;
};

/* Before it is looked at; in the next step own_password_holds, false if the flow has failed. */
void own_password_take(struct user_call *call, struct own_password *own);
bool own_password_holds(struct user_call *call, struct own_password *own);

/* After secrets_check answered `err`. */
void own_password_judged(struct user_call *call, struct own_password *own, enum err err);

/* It was right: earlier wrong ones count no more. */
void own_password_forgive(struct user_call *call, struct own_password *own);

/* ---- changes.c: read, change, compare-and-set, again if somebody was faster */
struct change_user_op {
    struct op op;
    struct cht_id id;
    /* Changes a copy of the row. OK: write it. Anything else ends the op with that. */
    enum err (*edit)(struct change_user_op *op, struct user *user);
    struct user user; /* as it was written; lives until change_user_deinit */
    struct user_service *service;
    struct flow flow;
    struct users_get_op get;
    struct users_change_op change;
    uint32_t tries;
    uint32_t phase;
};
void change_user(struct user_service *service, struct asker *asker, struct change_user_op *op);
void change_user_deinit(struct change_user_op *op);

struct change_device_op {
    struct op op;
    struct cht_id user, device_id;
    enum err (*edit)(struct change_device_op *op, struct device *device);
    struct device device;
    struct user_service *service;
    struct flow flow;
    struct users_device_get_op get;
    struct users_device_change_op change;
    uint32_t tries;
    uint32_t phase;
};
void change_device(struct user_service *service, struct asker *asker, struct change_device_op *op);
void change_device_deinit(struct change_device_op *op);

/* An edit: revoked from now on. NOT_FOUND if it already is. */
enum err revoke_device_edit(struct change_device_op *op, struct device *device);

/* For edits: every token that was given out so far is void. */
void user_void_tokens(struct change_user_op *op, struct user *user);

/* An edit that does that alone. */
enum err void_tokens_edit(struct change_user_op *op, struct user *user);

/* ---- revoke.c: the truth was written; now everybody is told */
void user_tell_revoked(struct user_service *service, const struct revocation *revocation);

/* ---- blocks.c: the block was stored; owners of rooms ask anew */
void user_tell_blocked(struct user_service *service, const struct users_block_op *block);

/* ---- tokens.c */
#define REFRESH_TOKEN_SIZE 111 /* without NUL */

/* What a refresh token says; the MAC at its end makes it ours. */
struct refresh_token {
    struct cht_id user, device;
    uint64_t generation;
    uint64_t token_version; /* of the user when it was given: a change of it voids the token */
};

/* Writes the token of that generation: the same every time. REFRESH_TOKEN_SIZE characters. */
void refresh_token_write(
    struct user_service *service, const struct refresh_token *token, char *ret_text);

/* False if it is not ours. */
bool refresh_token_read(
    struct user_service *service, struct cht_str text, struct refresh_token *ret_token);

/* Gives the device its next generation and the hash of the token that goes with it. */
void refresh_token_advance(
    struct user_service *service, struct device *device, uint64_t token_version);

/* The members of an answer with a fresh pair: access_token, refresh_token, expires_in, token_type,
 * user, device. */
void tokens_write(struct user_service *service, struct cht_json *json, const struct user *user,
    const struct device *device);

/* ---- sign_in.c: a device gets its next refresh token; a new one if it has no id, or an unknown or
 * revoked one */
struct sign_in_op {
    struct op op;
    struct cht_id user, device_id;
    struct cht_str name; /* at NULL: as it was */
    uint64_t token_version;
    struct device device; /* answer; lives until sign_in_deinit */
    struct user_service *service;
    struct flow flow;
    struct change_device_op change;
    struct users_devices_op devices;
    struct change_device_op drop;
    struct users_device_put_op put;
};
void sign_in(struct user_service *service, struct asker *asker, struct sign_in_op *op);
void sign_in_deinit(struct sign_in_op *op);

/* ---- user_queries.c */
void user_queries_open(struct user_service *service);

uint64_t user_now_ms(const struct user_service *service);

/* A random id. */
void user_new_id(struct user_service *service, struct cht_id *ret_id);
