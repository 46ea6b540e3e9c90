/* test_cql_value - cells by the type of their column. */

#include "cql_answer.h"

#include <string.h>

#include "cql/cql_value.h"

static struct cql_column columns[CQL_COLUMNS_MAX];
static struct cql_cell cells[CQL_COLUMNS_MAX];
static struct cql_rows rows;

/* The row of codec.things in which each column has a value: the third. */
static struct answer read_full_row(void)
{
    struct answer answer = answer_recorded("select_all");
    rows = answer_rows(&answer, columns);
    assert_int_equal(rows.row_count, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(cql_row_next(&rows, cells));
    }
    return answer;
}

static uint32_t place(const char *name)
{
    for (uint32_t i = 0; i < rows.metadata.column_count; i++) {
        if (columns[i].name.size == strlen(name) &&
            !memcmp(columns[i].name.at, name, strlen(name))) {
            return i;
        }
    }
    fail_msg("no column %s", name);
    return 0;
}

#define OF(name) columns[place(name)].type, cells[place(name)]

static void values_are_those_that_were_inserted(void **state)
{
    (void)state;
    struct answer answer = read_full_row();
    bool flag = true;
    int8_t tiny;
    int16_t small;
    int32_t number;
    int64_t large;
    double real;
    struct cht_id id;
    struct cht_str text;
    assert_int_equal(cql_get_boolean(OF("bo"), &flag), CQL_FINE);
    assert_false(flag);
    assert_int_equal(cql_get_tinyint(OF("t"), &tiny), CQL_FINE);
    assert_int_equal(tiny, -3);
    assert_int_equal(cql_get_smallint(OF("si"), &small), CQL_FINE);
    assert_int_equal(small, -2);
    assert_int_equal(cql_get_int(OF("bucket"), &number), CQL_FINE);
    assert_int_equal(number, 20250);
    assert_int_equal(cql_get_bigint(OF("seq"), &large), CQL_FINE);
    assert_int_equal(large, 3);
    assert_int_equal(cql_get_timestamp(OF("ts"), &large), CQL_FINE);
    assert_int_equal(large, 1700000000000);
    assert_int_equal(cql_get_double(OF("d"), &real), CQL_FINE);
    assert_true(real >= 2.5 && real <= 2.5);
    assert_int_equal(cql_get_uuid(OF("id"), &id), CQL_FINE);
    assert_hex(id.bytes, 16, "00112233445566778899aabbccddeeff");
    assert_int_equal(cql_get_uuid(OF("tu"), &id), CQL_FINE);
    assert_hex(id.bytes, 16, "50554d6e29bb11e5b345feff819cdc9f");
    assert_int_equal(cql_get_text(OF("body"), &text), CQL_FINE);
    assert_text(text, "all");
    assert_int_equal(cql_get_text(OF("a"), &text), CQL_FINE);
    assert_text(text, "abc");
    assert_int_equal(cql_get_blob(OF("b"), &text), CQL_FINE);
    assert_hex((const uint8_t *)text.at, text.size, "00ff");
    assert_int_equal(cql_get_inet(OF("ip"), &text), CQL_FINE);
    assert_hex((const uint8_t *)text.at, text.size, "c0000207");
    answer_free(&answer);
}

static struct cql_type inner(struct cql_type type, uint32_t at)
{
    struct cql_type found;
    assert_true(cql_type_inner(type, at, &found));
    return found;
}

static struct cql_items items_of(struct cql_type type, struct cql_cell cell, uint32_t count)
{
    struct cql_items items;
    assert_int_equal(cql_get_items(type, cell, &items), CQL_FINE);
    assert_int_equal(items.left, count);
    return items;
}

static struct cql_cell next(struct cql_items *items)
{
    struct cql_cell cell;
    assert_true(cql_items_next(items, &cell));
    return cell;
}

static void lists_sets_and_maps_have_items(void **state)
{
    (void)state;
    struct answer answer = read_full_row();
    int32_t number;
    int64_t large;
    struct cht_str text;
    struct cql_cell none;
    struct cql_items list = items_of(OF("li"), 2);
    struct cql_type type = inner(columns[place("li")].type, 0);
    assert_int_equal(cql_get_int(type, next(&list), &number), CQL_FINE);
    assert_int_equal(number, 1);
    assert_int_equal(cql_get_int(type, next(&list), &number), CQL_FINE);
    assert_int_equal(number, 2);
    assert_false(cql_items_next(&list, &none));
    struct cql_items map = items_of(OF("mp"), 2);
    type = columns[place("mp")].type;
    assert_int_equal(cql_get_text(inner(type, 0), next(&map), &text), CQL_FINE);
    assert_text(text, "k");
    assert_int_equal(cql_get_bigint(inner(type, 1), next(&map), &large), CQL_FINE);
    assert_int_equal(large, -9);
    (void)items_of(OF("se"), 1);
    answer_free(&answer);
}

static void values_are_nested_as_their_types_are(void **state)
{
    (void)state;
    struct answer answer = read_full_row();
    struct cql_type map = columns[place("nest")].type;
    struct cql_type list = inner(map, 1);
    struct cql_items pairs = items_of(OF("nest"), 2);
    int32_t number;
    (void)next(&pairs);
    struct cql_items sets = items_of(list, next(&pairs), 2);
    struct cql_items first = items_of(inner(list, 0), next(&sets), 2);
    (void)items_of(inner(list, 0), next(&sets), 0);
    assert_int_equal(cql_get_int(inner(inner(list, 0), 0), next(&first), &number), CQL_FINE);
    assert_int_equal(number, 1);
    answer_free(&answer);
}

static void fields_of_a_tuple_may_be_null(void **state)
{
    (void)state;
    struct answer answer = read_full_row();
    struct cql_items fields;
    struct cht_str text;
    int32_t number;
    struct cql_type type = columns[place("tup")].type;
    assert_int_equal(cql_get_fields(OF("tup"), &fields), CQL_FINE);
    assert_int_equal(fields.left, 2);
    assert_int_equal(cql_get_int(inner(type, 0), next(&fields), &number), CQL_FINE);
    assert_int_equal(number, 5);
    assert_int_equal(cql_get_text(inner(type, 1), next(&fields), &text), CQL_IS_NULL);
    type = columns[place("p")].type;
    assert_int_equal(cql_get_fields(OF("p"), &fields), CQL_FINE);
    assert_int_equal(cql_get_text(inner(type, 0), next(&fields), &text), CQL_FINE);
    assert_text(text, "Rome");
    answer_free(&answer);
}

/* ---- what is wrong */

static enum cql_flaw get(enum cql_kind kind, struct cql_cell cell)
{
    union {
        bool flag;
        int8_t tiny;
        int16_t small;
        int32_t number;
        int64_t large;
        double real;
        struct cht_id id;
        struct cht_str text;
    } got;
    struct cql_type type = {.kind = (uint16_t)kind};
    switch ((int)kind) {
    case CQL_TYPE_BOOLEAN:
        return cql_get_boolean(type, cell, &got.flag);
    case CQL_TYPE_TINYINT:
        return cql_get_tinyint(type, cell, &got.tiny);
    case CQL_TYPE_SMALLINT:
        return cql_get_smallint(type, cell, &got.small);
    case CQL_TYPE_INT:
        return cql_get_int(type, cell, &got.number);
    case CQL_TYPE_BIGINT:
    case CQL_TYPE_COUNTER:
        return cql_get_bigint(type, cell, &got.large);
    case CQL_TYPE_TIMESTAMP:
        return cql_get_timestamp(type, cell, &got.large);
    case CQL_TYPE_DOUBLE:
        return cql_get_double(type, cell, &got.real);
    case CQL_TYPE_UUID:
    case CQL_TYPE_TIMEUUID:
        return cql_get_uuid(type, cell, &got.id);
    case CQL_TYPE_VARCHAR:
    case CQL_TYPE_ASCII:
        return cql_get_text(type, cell, &got.text);
    case CQL_TYPE_BLOB:
        return cql_get_blob(type, cell, &got.text);
    case CQL_TYPE_INET:
        return cql_get_inet(type, cell, &got.text);
    default:
        fail_msg("a kind without a getter");
        return CQL_FINE;
    }
}

static const struct {
    enum cql_kind kind;
    uint32_t size; /* 0: any */
} sizes[] = {{CQL_TYPE_BOOLEAN, 1}, {CQL_TYPE_TINYINT, 1}, {CQL_TYPE_SMALLINT, 2},
    {CQL_TYPE_INT, 4}, {CQL_TYPE_BIGINT, 8}, {CQL_TYPE_COUNTER, 8}, {CQL_TYPE_TIMESTAMP, 8},
    {CQL_TYPE_DOUBLE, 8}, {CQL_TYPE_UUID, 16}, {CQL_TYPE_TIMEUUID, 16}, {CQL_TYPE_VARCHAR, 0},
    {CQL_TYPE_ASCII, 0}, {CQL_TYPE_BLOB, 0}, {CQL_TYPE_INET, 4}};

static void a_value_has_exactly_the_size_of_its_type(void **state)
{
    (void)state;
    static const uint8_t zeros[20];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(get(sizes[i].kind, (struct cql_cell){0}), CQL_IS_NULL);
        for (uint32_t size = 0; size < sizeof(zeros); size++) {
            bool right = sizes[i].size == 0 || size == sizes[i].size ||
                         (sizes[i].kind == CQL_TYPE_INET && size == 16);
            assert_int_equal(get(sizes[i].kind, (struct cql_cell){zeros, size}),
                right ? CQL_FINE : CQL_WRONG_SIZE);
        }
    }
}

static void a_getter_takes_columns_of_its_type_alone(void **state)
{
    (void)state;
    static const uint8_t zeros[4];
    struct cql_cell cell = {zeros, 4};
    int32_t number = 7;
    struct cql_items items;
    struct cht_str text;
    for (uint16_t kind = 0; kind < 0x50; kind++) {
        struct cql_type type = {.kind = kind};
        bool items_kind = kind == CQL_TYPE_LIST || kind == CQL_TYPE_SET || kind == CQL_TYPE_MAP;
        bool text_kind = kind == CQL_TYPE_VARCHAR || kind == CQL_TYPE_ASCII;
        assert_int_equal(
            cql_get_int(type, cell, &number), kind == CQL_TYPE_INT ? CQL_FINE : CQL_WRONG_TYPE);
        assert_int_equal(cql_get_items(type, cell, &items), items_kind ? CQL_FINE : CQL_WRONG_TYPE);
        assert_int_equal(cql_get_text(type, cell, &text), text_kind ? CQL_FINE : CQL_WRONG_TYPE);
        if (kind != CQL_TYPE_UDT && kind != CQL_TYPE_TUPLE) {
            assert_int_equal(cql_get_fields(type, cell, &items), CQL_WRONG_TYPE);
        }
    }
}

static void a_refused_value_leaves_what_was_there(void **state)
{
    (void)state;
    static const uint8_t zeros[4];
    int32_t number = 7;
    struct cql_type type = {.kind = CQL_TYPE_INT};
    assert_int_equal(cql_get_int(type, (struct cql_cell){zeros, 3}, &number), CQL_WRONG_SIZE);
    assert_int_equal(cql_get_int(type, (struct cql_cell){0}, &number), CQL_IS_NULL);
    assert_int_equal(number, 7);
}

static void a_text_is_utf_8_and_may_be_empty(void **state)
{
    (void)state;
    struct cql_type type = {.kind = CQL_TYPE_VARCHAR};
    struct cht_str text = {"x", 1};
    assert_int_equal(
        cql_get_text(type, (struct cql_cell){(const uint8_t *)"\xc3", 1}, &text), CQL_NOT_UTF8);
    assert_text(text, "x");
    assert_int_equal(
        cql_get_text(type, (struct cql_cell){(const uint8_t *)"", 0}, &text), CQL_FINE);
    assert_null(text.at);
}

static enum cql_flaw items_flaw(enum cql_kind kind, const char *hex)
{
    struct sized bytes = sized_from_hex(hex);
    struct cql_items items;
    enum cql_flaw flaw = cql_get_items((struct cql_type){.kind = (uint16_t)kind},
        (struct cql_cell){bytes.at, (uint32_t)bytes.size}, &items);
    sized_free(bytes);
    return flaw;
}

static void items_that_do_not_hold_together_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum cql_kind kind;
        const char *hex;
        enum cql_flaw flaw;
    } values[] = {
        {CQL_TYPE_LIST, "00000000", CQL_FINE},
        {CQL_TYPE_LIST, "00000001 00000000", CQL_FINE},
        {CQL_TYPE_LIST, "", CQL_SHORT},
        {CQL_TYPE_LIST, "000000", CQL_SHORT},
        {CQL_TYPE_LIST, "ffffffff", CQL_NEGATIVE},
        {CQL_TYPE_LIST, "00000001 ffffffff", CQL_NEGATIVE},
        {CQL_TYPE_LIST, "00000001 00000002 61", CQL_SHORT},
        {CQL_TYPE_LIST, "00000002 00000001 61", CQL_SHORT},
        {CQL_TYPE_LIST, "7fffffff 00000001 61", CQL_SHORT},
        {CQL_TYPE_SET, "00000001 00000001 61 00", CQL_TRAILING},
        {CQL_TYPE_MAP, "00000001 00000001 61", CQL_SHORT},
        {CQL_TYPE_MAP, "00000001 00000001 61 00000000", CQL_FINE},
        {CQL_TYPE_MAP, "7fffffff", CQL_SHORT},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        enum cql_flaw flaw = items_flaw(values[i].kind, values[i].hex);
        if (flaw != values[i].flaw) {
            fail_msg("%s: %s", values[i].hex, cql_flaw_name(flaw));
        }
    }
    (void)items_of((struct cql_type){.kind = CQL_TYPE_SET}, (struct cql_cell){0}, 0);
}

static void fields_are_at_most_as_many_as_the_type_has(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum cql_flaw flaw;
        uint32_t count;
    } values[] = {
        {"", CQL_FINE, 0},
        {"ffffffff", CQL_FINE, 1},
        {"00000001 61 00000000", CQL_FINE, 2},
        {"00000001 61 00000000 ffffffff", CQL_TOO_MANY, 0},
        {"00000001 61 fffffffe", CQL_NEGATIVE, 0},
        {"00000002 61", CQL_SHORT, 0},
        {"00000001 61 00", CQL_SHORT, 0},
    };
    static const uint8_t two_texts[] = {0, 2, 0, 13, 0, 13};
    const struct cql_type type = {two_texts, sizeof(two_texts), CQL_TYPE_TUPLE};
    struct cql_items fields;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct sized bytes = sized_from_hex(values[i].hex);
        struct cql_cell cell = {bytes.at, (uint32_t)bytes.size};
        assert_int_equal(cql_get_fields(type, cell, &fields), values[i].flaw);
        if (values[i].flaw == CQL_FINE) {
            assert_int_equal(fields.left, values[i].count);
        }
        sized_free(bytes);
    }
    assert_int_equal(cql_get_fields(type, (struct cql_cell){0}, &fields), CQL_IS_NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_that_were_inserted),
        cmocka_unit_test(lists_sets_and_maps_have_items),
        cmocka_unit_test(values_are_nested_as_their_types_are),
        cmocka_unit_test(fields_of_a_tuple_may_be_null),
        cmocka_unit_test(a_value_has_exactly_the_size_of_its_type),
        cmocka_unit_test(a_getter_takes_columns_of_its_type_alone),
        cmocka_unit_test(a_refused_value_leaves_what_was_there),
        cmocka_unit_test(a_text_is_utf_8_and_may_be_empty),
        cmocka_unit_test(items_that_do_not_hold_together_are_refused),
        cmocka_unit_test(fields_are_at_most_as_many_as_the_type_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
