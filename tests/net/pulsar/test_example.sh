#!/bin/sh
# test_example <program>: the example of Pulsar's codec says what its head promises.
set -eu
"$1" | diff - /dev/fd/3 3<<'END'
62 bytes in front of 57
general: hello
general: is somebody there?
all of it: fine
one byte less: more
another byte: wrong_checksum
END
