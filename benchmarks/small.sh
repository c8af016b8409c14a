#!/usr/bin/env bash
# Compares two binaries of pingora-slice on small objects, cold and warm, in turn: CPU and time of objects of 4 KiB.
#
#   bash benchmarks/small.sh OLD NEW               ROUNDS=6 OBJECTS=20000; beside nginx slice with NGINX_TOO=1
#
# Every round asks for objects of its own, and every other round has the binaries in the other order. Needs nginx as origin. Close everything else.
set -euo pipefail

# shellcheck source=benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
old=$(realpath "${1:?usage: bash benchmarks/small.sh OLD NEW}")
new=$(realpath "${2:?usage: bash benchmarks/small.sh OLD NEW}")
rounds=${ROUNDS:-6} objects=${OBJECTS:-20000}
prepare

mkdir -p "$work/www"
"$tool" content --file "$work/www/small.bin" --bytes 4096 >/dev/null
serve_two "$old" "$new" 8GiB

run() { # side pid port round, of compare_two
    local of=(--target "http://127.0.0.1:$3/small.bin?round=$4&object=" --clients 32 --objects "$objects" --side "$1" --pid "$2" --results "$work/results.jsonl")
    sync
    "$tool" load full "${of[@]}" --in-order --settle-ms 500 --work "small objects, cold" >/dev/null
    "$tool" load full "${of[@]}" --seconds 2 --seed "$4" --work "small objects, warm" >/dev/null
}
compare_two "$rounds"
