#!/usr/bin/env bash
# What a client feels of an origin of which one answer in a hundred is stuck for a minute: cold objects of 64 MiB through three instances in
# turn, one before an origin that is never stuck, two before one that is, with and without hedging. Every byte is compared.
#
#   bash benchmarks/tail.sh BINARY            ROUNDS=3 OBJECTS=60 ONE_IN=100 STUCK_SECONDS=60 ROUND_TRIP_MS=10 NOT_HEDGED=3
#
# Prints p50 and p99 of the time to the last byte, and what the origin was asked for. Close everything else.
set -euo pipefail

# shellcheck source=benchmarks/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
binary=$(realpath "${1:?usage: bash benchmarks/tail.sh BINARY}")
rounds=${ROUNDS:-3} objects=${OBJECTS:-60} one_in=${ONE_IN:-100} stuck=${STUCK_SECONDS:-60} round_trip=${ROUND_TRIP_MS:-10}
prepare

read -r -a ports < <("$tool" ports --count 10)
sides=(never-stuck stuck-hedged stuck-not-hedged)
serve() { # SIDE PORT METRICS_PORT UPSTREAM_PORT HEDGING
    serve_proxy "$1" "$binary" "$2" "$3" "$4" "slice_patterns: ['^/']
cache_size: 1GiB
max_concurrent_subrequests: 8
hedging: $5"
}
# Two origins, each behind a relay that stands for the distance.
for number in 0 1; do
    start "origin-$number" "${ports[$number]}" "$tool" origin --listen "${ports[$number]}"
    start "relay-$number" "${ports[$((2 + number))]}" "$tool" relay --listen "${ports[$((2 + number))]}" --server "${ports[$number]}" --round-trip-ms "$round_trip"
done
serve "${sides[0]}" "${ports[4]}" "${ports[5]}" "${ports[2]}" true
serve "${sides[1]}" "${ports[6]}" "${ports[7]}" "${ports[3]}" true
serve "${sides[2]}" "${ports[8]}" "${ports[9]}" "${ports[3]}" false

run() { # SIDE PORT FIRST OBJECTS
    "$tool" mixed --target "http://127.0.0.1:$2" --first "$3" --objects "$4" --smallest $((64 << 20)) --largest $((64 << 20)) --clients 1 \
        --work "cold, 64 MiB" --side "$1" --results "$work/results-$1.jsonl" >&2
}
# What is usual is learned while nothing is stuck.
for index in 0 1 2; do run "${sides[$index]}" "${ports[$((4 + 2 * index))]}" $((1 + 1000 * index)) 4; done
rm -f "$work"/results-*.jsonl
get "${ports[1]}" "/stuck/$one_in/$stuck"
for round in $(seq "$rounds"); do
    for index in 0 1; do run "${sides[$index]}" "${ports[$((4 + 2 * index))]}" $((10000 * round + 1000 * index)) "$objects"; done
done
# A few, as each stuck answer takes a minute.
run "${sides[2]}" "${ports[8]}" 900000 "${NOT_HEDGED:-3}"

for side in "${sides[@]}"; do
    awk -v side="$side" '
        { match($0, /"LatencyP50Ms":[0-9.]+/); p50 = substr($0, RSTART + 15, RLENGTH - 15)
          match($0, /"LatencyP99Ms":[0-9.]+/); p99 = substr($0, RSTART + 15, RLENGTH - 15)
          printf "%s: p50 %.0f ms, p99 %.0f ms\n", side, p50, p99 }' "$work/results-$side.jsonl"
done
for index in 0 1 2; do
    echo "${sides[$index]}: $(get "${ports[$((5 + 2 * index))]}" /metrics | grep -E '^pingora_slice_(subrequests|hedged_subrequests)_total' | tr '\n' ' ')"
done
