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

read -r origin port_a metrics_a port_b metrics_b port_n < <("$tool" ports --count 6)
mkdir -p "$work/www"
"$tool" content --file "$work/www/small.bin" --bytes 4096 >/dev/null
serve_nginx origin "$origin" "$(nginx_files "$origin")"
serve_proxy old "$old" "$port_a" "$metrics_a" "$origin" 'slice_patterns: ["^/"]
cache_size: 8GiB'
pid_a=$pid
serve_proxy new "$new" "$port_b" "$metrics_b" "$origin" 'slice_patterns: ["^/"]
cache_size: 8GiB'
pid_b=$pid
serve_nginx nginx "$port_n" "$(nginx_slices nginx "$port_n" "$origin")"
pid_n=$pid

run() { # side pid port round
    local of=(--target "http://127.0.0.1:$3/small.bin?round=$4&object=" --clients 32 --objects "$objects" --side "$1" --pid "$2" --results "$work/results.jsonl")
    sync
    "$tool" load full "${of[@]}" --in-order --settle-ms 500 --work "small objects, cold" >/dev/null
    "$tool" load full "${of[@]}" --seconds 2 --seed "$4" --work "small objects, warm" >/dev/null
}
for round in $(seq 0 "$rounds"); do
    # The first of each is not counted: code that runs for the first time, connections.
    if [ "$round" = 1 ]; then rm -f "$work/results.jsonl"; fi
    if [ $((round % 2)) = 0 ]; then order="old new"; else order="new old"; fi
    for side in $order; do
        if [ $side = old ]; then run old "$pid_a" "$port_a" "$round"; else run new "$pid_b" "$port_b" "$round"; fi
    done
    if [ "${NGINX_TOO:-0}" = 1 ]; then run "nginx slice" "$pid_n" "$port_n" "$round"; fi
done
base=(--base old)
if [ "${NGINX_TOO:-0}" = 1 ]; then base+=(--base "nginx slice"); fi
"$tool" report --results "$work/results.jsonl" "${base[@]}"
