#pragma once

/* rooms_lists - questions of the port rooms whose answer is a list. */

#include "cassandra/room_rows.h"

/* lists_cassandra.c */
void lists_members(struct cassandra *store, struct rooms_members_op *op);
void lists_of_user(struct cassandra *store, struct rooms_of_user_op *op);
void lists_find_public(struct cassandra *store, struct rooms_public_op *op);

/* circles_cassandra.c */
void circles_get(struct cassandra *store, struct rooms_circles_op *op);
void circles_crowded(struct cassandra *store, struct rooms_crowded_op *op);

/* As the port tells of a member: without a role unless joined. */
struct room_member member_shown(const struct stored_member *member);
