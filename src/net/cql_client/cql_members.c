/* cql_members - the rows of system.local and system.peers_v2 (or system.peers), as members of the
 * cluster.
 *
 * Happy path: one row for the node that was asked, one for each other. How it fails: a row that has
 * not all of it (a node that joins or leaves) is left out, as are those of the same node again. */

#include <string.h>

#include "cql_client/cql_inner.h"

/* The columns of all three questions, in this order; of system.peers there is no port. */
enum column { ADDRESS, DATACENTER, RACK, HOST_ID, TOKENS, SCHEMA, PORT };

/* 4 or 16 bytes; "any address" is none. */
static bool read_ip(struct cht_str bytes, struct net_address *ret_address)
{
    static const uint8_t any[16];
    if (memcmp(bytes.at, any, bytes.size) == 0) {
        return false;
    }
    if (bytes.size == 4) {
        memset(ret_address->ip + 10, 0xff, 2);
    }
    memcpy(ret_address->ip + sizeof(ret_address->ip) - bytes.size, bytes.at, bytes.size);
    return true;
}

static bool read_address(
    const struct cql_ask *ask, uint16_t usual_port, struct net_address *ret_address)
{
    struct cht_str bytes;
    int32_t port = usual_port;
    if (cql_get_inet(ask->columns[ADDRESS].type, ask->cells[ADDRESS], &bytes) != CQL_FINE) {
        return false;
    }
    if (ask->column_count > PORT &&
        cql_get_int(ask->columns[PORT].type, ask->cells[PORT], &port) != CQL_FINE) {
        return false;
    }
    *ret_address = (struct net_address){.port = (uint16_t)port};
    return port > 0 && port <= UINT16_MAX && read_ip(bytes, ret_address);
}

/* The row that cql_ask_next went to; all but the address. */
static bool read_member(const struct cql_ask *ask, struct cql_member *ret_member)
{
    const struct cql_column *columns = ask->columns;
    const struct cql_cell *cells = ask->cells;
    ret_member->tokens_type = columns[TOKENS].type;
    ret_member->tokens = cells[TOKENS];
    ret_member->has_schema =
        cql_get_uuid(columns[SCHEMA].type, cells[SCHEMA], &ret_member->schema) == CQL_FINE;
    return cql_get_text(columns[DATACENTER].type, cells[DATACENTER], &ret_member->datacenter) ==
               CQL_FINE &&
           cql_get_text(columns[RACK].type, cells[RACK], &ret_member->rack) == CQL_FINE &&
           cql_get_uuid(columns[HOST_ID].type, cells[HOST_ID], &ret_member->host_id) == CQL_FINE &&
           ret_member->datacenter.size > 0 && cells[TOKENS].at != NULL;
}

static bool is_new(
    const struct cql_member *members, uint32_t count, const struct cql_member *member)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(&members[i].host_id, &member->host_id, sizeof(member->host_id)) == 0) {
            return false;
        }
    }
    return true;
}

static bool has_columns(const struct cql_ask *ask, uint32_t least)
{
    return ask->op.err == OK && ask->column_count >= least;
}

uint32_t cql_members_read(
    struct cql_control *control, struct cql_member *ret_members, uint32_t capacity, bool *ret_more)
{
    struct cql_ask *peers = &control->peers;
    uint16_t port = control->client->options.port;
    uint32_t count = 0;
    struct cql_member member = {0};
    *ret_more = false;
    if (has_columns(&control->local, PORT) && cql_ask_next(&control->local) &&
        read_member(&control->local, &member)) {
        member.address = outbound_address(control->conn.outbound); /* there it is reached */
        ret_members[count++] = member;
    }
    while (has_columns(peers, PORT) && cql_ask_next(peers)) {
        bool is_whole = read_member(peers, &member) && read_address(peers, port, &member.address);
        if (is_whole && is_new(ret_members, count, &member)) {
            *ret_more |= count == capacity;
            if (count < capacity) {
                ret_members[count++] = member;
            }
        }
    }
    return count;
}
