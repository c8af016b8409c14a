#!/usr/bin/env bash
# Compares two binaries of pingora-slice on a cold object, in turn: CPU and time of a download that fetches and stores all of it.
#
#   sudo bash benchmarks/cold.sh OLD NEW           ROUNDS=6 MIB=1024; beside nginx slice with NGINX_TOO=1
#
# On a virtual machine the first touch of a page of memory costs more than all that is measured here. So before each run the page cache is
# filled with 5 GiB and dropped (root), and the origin's file is read again: the pages that the run takes have been used before.
# Needs nginx as origin, and 10 GiB of disk. Close everything else.
set -euo pipefail

# shellcheck source=benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
old=$(realpath "${1:?usage: bash benchmarks/cold.sh OLD NEW}")
new=$(realpath "${2:?usage: bash benchmarks/cold.sh OLD NEW}")
rounds=${ROUNDS:-6} object_mib=${MIB:-1024}
[ "$(id -u)" = 0 ] || die "page caches are dropped by root only"
prepare

read -r origin port_a metrics_a port_b metrics_b port_n < <("$tool" ports --count 6)
mkdir -p "$work/www"
"$tool" content --file "$work/www/object.bin" --bytes $((object_mib << 20)) >/dev/null
serve_nginx origin "$origin" "$(nginx_files "$origin")"
serve_proxy old "$old" "$port_a" "$metrics_a" "$origin" 'slice_patterns: ["^/"]
cache_size: 3GiB'
pid_a=$pid
serve_proxy new "$new" "$port_b" "$metrics_b" "$origin" 'slice_patterns: ["^/"]
cache_size: 3GiB'
pid_b=$pid
serve_nginx nginx "$port_n" "$(nginx_slices nginx "$port_n" "$origin")"
pid_n=$pid

run() { # side pid port round
    recycle "$work/www/object.bin" 5120
    "$tool" load full --target "http://127.0.0.1:$3/object.bin?round=$4" --clients 1 --rounds 1 --settle-ms 500 \
        --work "cold, $object_mib MiB" --side "$1" --pid "$2" --results "$work/results.jsonl" >/dev/null
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
