#!/bin/sh
# test_example <build directory> <example.c> <sanitizers>: another project finds, links and uses the installed library.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
meson install -C "$1" --no-rebuild --quiet --destdir "$place/root" --tags events,devel
pc=$(find "$place/root" -name chattifier-events.pc)
export PKG_CONFIG_PATH="$(dirname "$pc")" PKG_CONFIG_SYSROOT_DIR="$place/root"
sanitize=
[ "$3" = none ] || sanitize="-fsanitize=$3"
${CC:-cc} -std=c17 -Wall -Wextra -Werror $sanitize "$2" $(pkg-config --cflags --libs chattifier-events) \
    -o "$place/example"
library=$(find "$place/root" -name 'libchattifier-events.so' -exec dirname {} \;)
LD_LIBRARY_PATH="$library" "$place/example" >"$place/seen"
cat >"$place/wanted" <<'END'
{"type":"message.send","ref":"1","room":"0123abcd-0000-4000-8000-000000000001","cid":"c2","text":"Hello \"room\""}
57 bytes on the bus
message 42: Hello from the log
END
diff "$place/wanted" "$place/seen"
