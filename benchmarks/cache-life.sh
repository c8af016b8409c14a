#!/usr/bin/env bash
# The life of a large cache directory: filled, stopped, killed under load, copied while in use, moved, upgraded, rolled back, damaged, shrunk,
# emptied under the process. Every byte that a client gets is compared; the script ends at the first wrong one.
#
#   bash benchmarks/cache-life.sh BINARY [OTHER_BINARY]        GIB=20 is the size of the cache; it needs that twice on the disk
#
# OTHER_BINARY is the version to upgrade to; the same one without.
set -euo pipefail

binary=$(realpath "${1:?usage: bash benchmarks/cache-life.sh BINARY [OTHER_BINARY]}")
other=$(realpath "${2:-$1}")
gib=${GIB:-20}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build benchmarks -c Release -v quiet -nologo
tool=benchmarks/bin/Release/net10.0/Slice.Benchmarks
work=$(mktemp -d "${TMPDIR:-/var/tmp}/pingora-slice-life.XXXXXX")
object_bytes=$((512 << 20))
fitting=$((gib * 2 - 4)) # objects that fit with room to spare
origin_pid=
proxy_pid=
trap 'kill $origin_pid $proxy_pid 2>/dev/null || true; wait; rm -rf "$work"' EXIT
read -r origin_port port metrics_port < <($tool ports --count 3)
$tool origin --listen "$origin_port" &
origin_pid=$!

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

start() { # binary directory gibibytes
    cat >"$work/config.yaml" <<YAML
upstream_address: 127.0.0.1:$origin_port
slice_patterns: ["^/"]
listen_address: 127.0.0.1:$port
metrics_endpoint:
  address: 127.0.0.1:$metrics_port
max_concurrent_subrequests: 8
enable_l2_cache: true
l2_cache_dir: $2
cache_size: ${3}GiB
YAML
    "$1" "$work/config.yaml" >>"$work/log" 2>&1 &
    proxy_pid=$!
    for _ in $(seq 600); do
        if curl -fsS -o "$work/health" "http://127.0.0.1:$port/health" 2>"$work/curl.log"; then return; fi
        sleep 0.1
    done
    echo "the instance does not answer:" >&2
    tail -n 3 "$work/log" >&2
    exit 1
}

stop() {
    kill -"${1:-TERM}" "$proxy_pid"
    wait "$proxy_pid" 2>/dev/null || true
    proxy_pid=
}

check() { # first objects [options]
    $tool check --target "http://127.0.0.1:$port" --bytes $object_bytes --first "$1" --objects "$2" "${@:3}"
}

sent() { curl -fsS "http://127.0.0.1:$origin_port/sent"; }

expect_from_cache() { # first objects percent-of-bytes-at-most-from-the-origin
    local before after
    before=$(sent)
    check "$1" "$2"
    after=$(sent)
    local percent=$(((after - before) * 100 / (object_bytes * $2)))
    say "   $percent % of it came from the origin"
    if [ "$percent" -gt "$3" ]; then echo "more than $3 %: the cache was lost" >&2; exit 1; fi
}

say "fill $gib GiB and a tenth more"
start "$binary" "$work/a" "$gib"
check 1 $((gib * 2 + gib / 5))
say "fill with what is asked for again"
for _ in 1 2 3; do check 1000 $fitting --ranges 3; done

say "stop and start"
stop
start "$binary" "$work/a" "$gib"
expect_from_cache 1000 $fitting 15

for round in 1 2 3 4 5; do
    say "kill under load, round $round"
    check 2000 12 --ranges 20 --tolerate-cuts >"$work/load.log" 2>&1 &
    load=$!
    check 1000 $((fitting / 4)) --ranges 20 --tolerate-cuts >"$work/load2.log" 2>&1 &
    load2=$!
    sleep "$((RANDOM % 3 + 1)).$((RANDOM % 10))"
    stop KILL
    wait $load $load2 || { cat "$work/load.log" "$work/load2.log" >&2; exit 1; }
    start "$binary" "$work/a" "$gib"
    check 1000 $((fitting / 4)) --ranges 10
done
expect_from_cache 1000 $fitting 30

say "copy it while it is used, and serve the copy"
check 3000 $((gib / 8 + 1)) --ranges 50 >"$work/load.log" 2>&1 &
load=$!
cp -r --sparse=always "$work/a" "$work/copy"
wait $load
stop
start "$binary" "$work/copy" "$gib"
check 1000 $((fitting / 2)) --ranges 10
check 3000 $((gib / 8 + 1)) --ranges 10
stop
rm -rf "$work/copy"

say "move it, upgrade, roll back"
mv "$work/a" "$work/moved"
start "$other" "$work/moved" "$gib"
expect_from_cache 1000 $fitting 35
stop
start "$binary" "$work/moved" "$gib"
expect_from_cache 1000 $fitting 35
stop

say "flip bits in a hundred places"
for _ in $(seq 100); do
    segment=$(find "$work/moved" -name 'segment-*' | shuf -n 1)
    printf '\x55' | dd of="$segment" bs=1 seek=$((RANDOM * 32768 + RANDOM)) conv=notrunc status=none
done
start "$binary" "$work/moved" "$gib"
expect_from_cache 1000 $fitting 40
curl -fsS "http://127.0.0.1:$metrics_port/metrics" | grep '^pingora_slice_cache_errors_total'
stop

say "half the size"
start "$binary" "$work/moved" $((gib / 2))
used=$(du -sB1 "$work/moved" | cut -f1)
if [ "$used" -gt $(((gib / 2 << 30) + (256 << 20))) ]; then echo "$used bytes on the disk" >&2; exit 1; fi
check 1000 $fitting --ranges 3

say "remove its files under it"
rm -rf "$work"/moved/*
check 1000 2 --ranges 3
for _ in $(seq 100); do
    if [ -e "$work/moved/slices.index" ]; then break; fi
    sleep 0.1
done
check 1000 2
stop
start "$binary" "$work/moved" $((gib / 2))
expect_from_cache 1000 2 10
stop
grep -o 'event=cache_[a-z_]*' "$work/log" | sort | uniq -c
say "every byte was right"
