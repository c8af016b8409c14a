#!/usr/bin/env bash
# Compares two binaries of pingora-slice on warm work, in turn, and prints medians and ratios: does a change cost anything?
#
#   bash benchmarks/compare.sh OLD NEW             SIZES="4096" ROUNDS=15 for a closer look at one size of range
#
# Whichever comes second is a few percent slower on small ranges, so it runs both orders; the geometric mean of a ratio of the first
# order and the inverse of that of the second is the difference. Needs nginx as origin. Close everything else.
set -euo pipefail

# shellcheck source=benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
old=$(realpath "${1:?usage: bash benchmarks/compare.sh OLD NEW}")
new=$(realpath "${2:?usage: bash benchmarks/compare.sh OLD NEW}")
prepare
object_bytes=$((1 << 28))
mkdir -p "$work/www"
"$tool" content --file "$work/www/object.bin" --bytes $object_bytes >/dev/null

compare() { # first second results
    read -r origin port_a metrics_a port_b metrics_b < <("$tool" ports --count 5)
    serve_nginx origin "$origin" "$(nginx_files "$origin")"
    serve_proxy a "$1" "$port_a" "$metrics_a" "$origin" 'slice_patterns: ["^/"]
cache_size: 1GiB'
    a=$pid
    serve_proxy b "$2" "$port_b" "$metrics_b" "$origin" 'slice_patterns: ["^/"]
cache_size: 1GiB'
    b=$pid
    for port in "$port_a" "$port_b"; do
        "$tool" load full --target "http://127.0.0.1:$port/object.bin" --clients 1 --rounds 2 >/dev/null
    done

    for size in ${SIZES:-4096 65536 1048576}; do
        for _ in $(seq "${ROUNDS:-5}"); do
            for side in "a $port_a $a" "b $port_b $b"; do
                read -r name port pid <<<"$side"
                "$tool" load range --target "http://127.0.0.1:$port/object.bin" --clients 32 --size "$size" --object-bytes $object_bytes \
                    --seconds 2 --side "$name" --work "$size" --pid "$pid" --results "$3" >/dev/null
            done
        done
    done
    stop "${pids[@]}"
    rm -rf "$work/a" "$work/b"
    "$tool" report --results "$3" --base a
}

echo "a is $old, b is $new"
compare "$old" "$new" "$work/first"
echo "a is $new, b is $old"
compare "$new" "$old" "$work/second"
