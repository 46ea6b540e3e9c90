/* example - a program that speaks with Cassandra by this library, without a connection.
 *
 * Happy path: it writes the requests that a client would send and prints their size, then reads
 * what a node answered to the last one and prints the row. How it fails: an answer that is not
 * right ends it with 1, and the flaw's name. */

#include <stdio.h>

#include "base/check.h"
#include "cql/cql_error.h"
#include "cql/cql_result.h"
#include "cql/cql_value.h"
#include "cql/cql_write.h"

/* What a node answered to the query below: one row of a text and an int. */
static const uint8_t answer[] = {0x84, 0, 0, 2, 8, 0, 0, 0, 64, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2,
    0, 1, 'k', 0, 5, 'r', 'o', 'o', 'm', 's', 0, 4, 'n', 'a', 'm', 'e', 0, 0x0d, 0, 7, 'm', 'e',
    'm', 'b', 'e', 'r', 's', 0, 9, 0, 0, 0, 1, 0, 0, 0, 7, 'g', 'e', 'n', 'e', 'r', 'a', 'l', 0, 0,
    0, 4, 0, 0, 0, 3};

static void write_requests(void)
{
    static const struct cql_startup startup = {"Example", "1.0", .throw_on_overload = true};
    static const struct cql_params params = {.consistency = CQL_LOCAL_QUORUM, .page_size = 100};
    static const struct cht_id room = {{1}};
    uint8_t bytes[512];
    struct cql_writer writer;
    cql_writer_init(&writer, bytes, sizeof(bytes));
    bool fits = cql_write_startup(&writer, 1, &startup);
    cql_query(&writer, 2, cht_str_of("SELECT name, members FROM k.rooms WHERE id = ?"), &params);
    cql_put_uuid(&writer, room);
    fits = cql_end(&writer) && fits;
    CHECK(fits);
    printf("two requests of %zu bytes\n", writer.used);
}

static enum cql_flaw print_rows(const struct cql_result *result)
{
    static struct cql_column columns[CQL_COLUMNS_MAX];
    struct cql_cell cells[CQL_COLUMNS_MAX];
    struct cql_rows rows;
    enum cql_flaw flaw = cql_read_rows(result, columns, 0, &rows);
    while (flaw == CQL_FINE && cql_row_next(&rows, cells)) {
        struct cht_str name = {0};
        int32_t members = 0;
        flaw = cql_get_text(columns[0].type, cells[0], &name);
        if (flaw == CQL_FINE) {
            flaw = cql_get_int(columns[1].type, cells[1], &members);
        }
        printf("%.*s has %d members\n", (int)name.size, name.at, members);
    }
    return flaw;
}

static enum cql_flaw read_answer(const uint8_t *bytes, size_t size)
{
    struct cql_header header;
    struct cql_response response;
    struct cql_result result;
    enum cql_flaw flaw = cql_read_header(bytes, size, 1 << 20, &header);
    if (flaw == CQL_FINE && header.body_size > size - CQL_HEADER_BYTES) {
        flaw = CQL_MORE;
    }
    if (flaw == CQL_FINE) {
        flaw = cql_open_response(&header, bytes + CQL_HEADER_BYTES, &response);
    }
    if (flaw == CQL_FINE) {
        flaw = cql_read_result(&response, &result);
    }
    return flaw == CQL_FINE ? print_rows(&result) : flaw;
}

int main(void)
{
    write_requests();
    enum cql_flaw whole = read_answer(answer, sizeof(answer));
    printf("all of it: %s\n", cql_flaw_name(whole));
    printf("one byte less: %s\n", cql_flaw_name(read_answer(answer, sizeof(answer) - 1)));
    return whole == CQL_FINE ? 0 : 1;
}
