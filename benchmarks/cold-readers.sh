#!/usr/bin/env bash
# Do hits on a hot object feel readers of cold ones? An instance that may use MEMORY_MIB of memory has a cache on disk of eight times as much;
# four clients ask for 64 KiB of a hot object 1,000 times a second, alone, beside 32 readers of bytes in memory, and beside 32 readers of
# bytes that only the disk has; in turn, ROUNDS times.
#
#   bash benchmarks/cold-readers.sh BINARY          MEMORY_MIB=1024 ROUNDS=15 SECONDS_EACH=5 RATE=2000000 (bytes per second of each reader)
#
# Needs root and a memory cgroup (v1 or v2), nine times MEMORY_MIB of disk, and a machine that does nothing else.
set -euo pipefail

binary=$(realpath "${1:?usage: bash benchmarks/cold-readers.sh BINARY}")
memory=$((${MEMORY_MIB:-1024} << 20))
rounds=${ROUNDS:-15}
seconds=${SECONDS_EACH:-5}
rate=${RATE:-2000000}
readers=32
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build benchmarks -c Release -v quiet -nologo
tool=benchmarks/bin/Release/net10.0/Slice.Benchmarks
work=$(mktemp -d "${TMPDIR:-/var/tmp}/pingora-slice-cold.XXXXXX")
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    group=/sys/fs/cgroup/pingora-slice-cold.$$ limit=memory.max
else
    group=/sys/fs/cgroup/memory/pingora-slice-cold.$$ limit=memory.limit_in_bytes
fi
origin_pid=
proxy_pid=
readers_pid=
trap 'kill $origin_pid $proxy_pid $readers_pid 2>/dev/null || true; wait; rm -rf "$work"; rmdir "$group"' EXIT
mkdir "$group"
echo $memory >"$group/$limit"

read -r origin_port port metrics_port < <($tool ports --count 3)
$tool origin --listen "$origin_port" &
origin_pid=$!
cat >"$work/config.yaml" <<YAML
upstream_address: 127.0.0.1:$origin_port
slice_patterns: ["^/"]
listen_address: 127.0.0.1:$port
metrics_endpoint:
  address: 127.0.0.1:$metrics_port
max_concurrent_subrequests: 4
enable_l2_cache: true
l2_cache_dir: $work/cache
cache_size: $((memory / (1 << 20) * 9))MiB
YAML
(echo "$BASHPID" >"$group/cgroup.procs" && exec "$binary" "$work/config.yaml") 2>"$work/log" &
proxy_pid=$!
url=http://127.0.0.1:$port
until curl -fsS -o "$work/health" "$url/health" 2>"$work/curl.log"; do
    kill -0 $proxy_pid || { tail -n 3 "$work/log" >&2; exit 1; }
    sleep 0.1
done

cold_bytes=$((memory / readers * 8 / (1 << 20) << 20))
hot_bytes=$((16 << 20))
fill_cold=(full --target "$url/1/$cold_bytes/cold" --own-objects --clients $readers --rounds 1)
fill_warm=(full --target "$url/2/$hot_bytes/hot" --clients 1 --rounds 1)
# A long part that begins somewhere else in each round: what was read in the round before would be in memory.
read_cold=(range --target "$url/1/$cold_bytes/cold" --own-objects --object-bytes "$cold_bytes" --size $((64 << 20)) --clients $readers)
read_warm=(range --target "$url/2/$hot_bytes/hot" --object-bytes $hot_bytes --size $hot_bytes --clients $readers)
echo "filling the cache with $readers objects of $cold_bytes bytes" >&2
$tool load "${fill_cold[@]}" --results "$work/fill" >&2
$tool load "${fill_warm[@]}" --results "$work/fill" >&2
sync # what is still to be written would disturb the first round

hot() { # name
    $tool load range --target "$url/2/$hot_bytes/hot" --size $((64 << 10)) --object-bytes $hot_bytes --aligned --clients 4 \
        --requests-per-second 250 --seconds "$seconds" --seed "$round" --work "64 KiB hits" --side "$1" --results "$work/results"
}

disk_bytes() { awk '/^read_bytes/ { print $2 }' "/proc/$proxy_pid/io"; }

beside() { # name load-arguments...
    # Real readers have processors of their own.
    nice -n 19 $tool load "${@:2}" --seconds 3600 --seed "$round" --bytes-per-second "$rate" >"$work/readers" 2>&1 &
    readers_pid=$!
    sleep 2
    local before
    before=$(disk_bytes)
    hot "$1"
    echo "    the instance read $((($(disk_bytes) - before) / seconds >> 20)) MiB/s from the disk meanwhile"
    kill -0 $readers_pid || { cat "$work/readers" >&2; exit 1; }
    kill $readers_pid
    wait $readers_pid 2>/dev/null || true
    readers_pid=
}

for round in $(seq "$rounds"); do
    hot alone
    beside "beside 32 warm readers" "${read_warm[@]}"
    beside "beside 32 cold readers" "${read_cold[@]}"
done
$tool report --results "$work/results" --base alone --base "beside 32 warm readers"
