#!/bin/sh
# test_example <program>: the example of Cassandra's codec says what its head promises.
set -eu
"$1" | diff - /dev/fd/3 3<<'END'
two requests of 184 bytes
general has 3 members
all of it: fine
one byte less: more
END
