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

mkdir -p "$work/www"
"$tool" content --file "$work/www/object.bin" --bytes $((object_mib << 20)) >/dev/null
serve_two "$old" "$new" 3GiB

run() { # side pid port round, of compare_two
    recycle "$work/www/object.bin" 5120
    "$tool" load full --target "http://127.0.0.1:$3/object.bin?round=$4" --clients 1 --rounds 1 --settle-ms 500 \
        --work "cold, $object_mib MiB" --side "$1" --pid "$2" --results "$work/results.jsonl" >/dev/null
}
compare_two "$rounds"
