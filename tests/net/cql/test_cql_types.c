/* test_cql_types - types of columns, nested and not. */

#include "cql_case.h"

#include <stdio.h>
#include <string.h>

#include "cql/cql_types.h"

static enum cql_flaw take(const char *hex, struct sized *ret_bytes, struct cql_type *ret_type)
{
    *ret_bytes = sized_from_hex(hex);
    struct cql_bytes bytes = {ret_bytes->at, ret_bytes->at + ret_bytes->size, CQL_FINE};
    *ret_type = cql_take_type(&bytes);
    return cql_bytes_end(&bytes);
}

static void assert_take(const char *hex, enum cql_flaw flaw)
{
    struct sized bytes;
    struct cql_type type;
    enum cql_flaw got = take(hex, &bytes, &type);
    if (got != flaw) {
        fail_msg("%s: %s", hex, cql_flaw_name(got));
    }
    sized_free(bytes);
}

static void every_plain_type_is_two_bytes(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind <= 0x15; kind++) {
        char hex[8];
        snprintf(hex, sizeof(hex), "%04x", kind);
        assert_take(hex, kind == 0x0a ? CQL_UNKNOWN_WORD : CQL_FINE);
        assert_int_equal(cql_kind_name((uint16_t)kind) != NULL, kind != 0x0a);
    }
    assert_string_equal(cql_kind_name(CQL_TYPE_TUPLE), "tuple");
    assert_null(cql_kind_name(0x32));
    assert_null(cql_kind_name(0xffff));
}

static void codes_that_are_no_type_are_refused(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "0016", "001f", "0023", "002f", "0032", "ffff", "0020 0016"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_take(codes[i], CQL_UNKNOWN_WORD);
    }
}

static struct cql_type inner(struct cql_type type, uint32_t place)
{
    struct cql_type found;
    assert_true(cql_type_inner(type, place, &found));
    return found;
}

static void what_is_inside_is_found_by_its_place(void **state)
{
    (void)state;
    struct sized bytes;
    struct cql_type type;
    struct cql_type none;
    /* map<text, list<set<int>>> */
    assert_int_equal(take("0021 000d 0020 0022 0009", &bytes, &type), CQL_FINE);
    assert_int_equal(type.kind, CQL_TYPE_MAP);
    assert_int_equal(inner(type, 0).kind, CQL_TYPE_VARCHAR);
    assert_int_equal(inner(type, 1).kind, CQL_TYPE_LIST);
    assert_int_equal(inner(inner(inner(type, 1), 0), 0).kind, CQL_TYPE_INT);
    assert_false(cql_type_inner(type, 2, &none));
    assert_false(cql_type_inner(inner(type, 0), 0, &none));
    assert_false(cql_type_inner(inner(type, 1), 1, &none));
    sized_free(bytes);
    /* tuple<int, list<text>, uuid> */
    assert_int_equal(take("0031 0003 0009 0020 000d 000c", &bytes, &type), CQL_FINE);
    assert_int_equal(inner(type, 0).kind, CQL_TYPE_INT);
    assert_int_equal(inner(type, 1).kind, CQL_TYPE_LIST);
    assert_int_equal(inner(type, 2).kind, CQL_TYPE_UUID);
    assert_false(cql_type_inner(type, 3, &none));
    sized_free(bytes);
    /* k.t with a: int, b: frozen<tuple<>> */
    assert_int_equal(
        take("0030 0001 6b 0001 74 0002 0001 61 0009 0001 62 0031 0000", &bytes, &type), CQL_FINE);
    assert_int_equal(inner(type, 0).kind, CQL_TYPE_INT);
    assert_int_equal(inner(type, 1).kind, CQL_TYPE_TUPLE);
    assert_false(cql_type_inner(inner(type, 1), 0, &none));
    assert_false(cql_type_inner(type, 2, &none));
    sized_free(bytes);
    assert_int_equal(take("0000 0003 612e62", &bytes, &type), CQL_FINE);
    assert_false(cql_type_inner(type, 0, &none));
    sized_free(bytes);
}

static void types_that_are_cut_short_are_refused(void **state)
{
    (void)state;
    static const char *const types[] = {"0021 000d 0020 0022 0009", "0031 0003 0009 0020 000d 000c",
        "0030 0001 6b 0001 74 0002 0001 61 0009 0001 62 0031 0000", "0000 0003 612e62"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct sized whole = sized_from_hex(types[i]);
        for (size_t size = 0; size < whole.size; size++) {
            struct sized cut = sized_copy(whole.at, size);
            struct cql_bytes bytes = {cut.at, cut.at + size, CQL_FINE};
            (void)cql_take_type(&bytes);
            assert_int_equal(bytes.flaw, CQL_SHORT);
            sized_free(cut);
        }
        sized_free(whole);
    }
}

static void nesting_has_a_bound(void **state)
{
    (void)state;
    char hex[4 * CQL_TYPE_DEPTH_MAX + 5] = "";
    for (int depth = 1; depth < CQL_TYPE_DEPTH_MAX; depth++) {
        memcpy(hex + 4 * (depth - 1), "0020", 5);
    }
    memcpy(hex + strlen(hex), "0009", 5);
    assert_take(hex, CQL_FINE);
    memcpy(hex + strlen(hex) - 4, "00200009", 9);
    assert_take(hex, CQL_TOO_DEEP);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plain_type_is_two_bytes),
        cmocka_unit_test(codes_that_are_no_type_are_refused),
        cmocka_unit_test(what_is_inside_is_found_by_its_place),
        cmocka_unit_test(types_that_are_cut_short_are_refused),
        cmocka_unit_test(nesting_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
