#pragma once

/* cql_consistency - how many replicas have to answer before a statement is done. */

enum cql_consistency {
    CQL_ANY = 0,
    CQL_ONE = 1,
    CQL_TWO = 2,
    CQL_THREE = 3,
    CQL_QUORUM = 4,
    CQL_ALL = 5,
    CQL_LOCAL_QUORUM = 6,
    CQL_EACH_QUORUM = 7,
    CQL_SERIAL = 8,
    CQL_LOCAL_SERIAL = 9,
    CQL_LOCAL_ONE = 10,
};
