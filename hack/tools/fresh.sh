#!/usr/bin/env bash
# Usage: fresh.sh DIR PATTERN COMMAND...
# Runs a generator, then removes the files under DIR whose path matches PATTERN and that it did not write:
# what was generated for a type that is gone. They go last, so that the code compiles all the while.
set -euo pipefail

dir=$1 pattern=$2
shift 2

stamp=$(mktemp)
trap 'rm -f "$stamp"' EXIT

echo "$*"
"$@"
find "$dir" -type f -path "*$pattern" ! -newer "$stamp" -print -delete
