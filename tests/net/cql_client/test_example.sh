#!/bin/sh
# test_example <program>: where no Cassandra is, the example says so. With one: tests/engines/real/test_cql_client.py.
set -eu
"$1" 127.0.0.1 1 && exit 1
"$1" 127.0.0.1 1 | diff - /dev/fd/3 3<<'END'
unavailable: no_node
END
