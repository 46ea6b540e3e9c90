#!/bin/sh
# test_docs <docgen> <docs directory>: what is committed is what the tables say.
set -eu
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$1" "$made"
for file in events.md events.proto chattifier.d.ts asyncapi.json openapi.json schema; do
    diff -r "$made/$file" "$2/$file" || { echo "docs/$file is stale: run tools/docs"; exit 1; }
done
