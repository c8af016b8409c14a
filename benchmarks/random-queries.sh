#!/usr/bin/env bash
# Memory under requests that nobody repeats, at full rate: small objects, redirects under long queries, ranges in objects of a tebibyte. The
# index must stay within limits.index_memory, the process within RSS_MIB, and a cache on disk within cache_size, all the time.
#
#   bash benchmarks/random-queries.sh BINARY [SECONDS]         SECONDS=3600; STORE=memory|disk CACHE_MIB=256 INDEX_MIB=64 RSS_MIB=256
#                                                              CLIENTS=4 CSV=random-queries-STORE.csv
#
# RSS_MIB is about anonymous memory. Pages of the cache itself, and of the program, are pages of files (shared memory with the cache in
# memory), which the kernel counts apart. By default it is the index, 64 MiB beside the cache for what cannot be kept, and 128 MiB for
# everything else. A sample every ten seconds goes to the CSV.
set -euo pipefail

binary=$(realpath "${1:?usage: bash benchmarks/random-queries.sh BINARY [SECONDS]}")
seconds=${2:-3600}
store=${STORE:-memory}
cache_mib=${CACHE_MIB:-256}
index_mib=${INDEX_MIB:-64}
rss_mib=${RSS_MIB:-$((index_mib + 64 + 128))}
csv=$(realpath "${CSV:-random-queries-$store.csv}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build benchmarks -c Release -v quiet -nologo
tool=benchmarks/bin/Release/net10.0/Slice.Benchmarks
work=$(mktemp -d "${TMPDIR:-/var/tmp}/pingora-slice-random.XXXXXX")
origin_pid=
proxy_pid=
load_pid=
trap 'kill $origin_pid $proxy_pid $load_pid 2>/dev/null || true; wait; rm -rf "$work"' EXIT
read -r origin_port port metrics_port < <($tool ports --count 3)
$tool origin --listen "$origin_port" &
origin_pid=$!
cat >"$work/config.yaml" <<YAML
upstream_address: 127.0.0.1:$origin_port
listen_address: 127.0.0.1:$port
metrics_endpoint:
  address: 127.0.0.1:$metrics_port
slice_size: 64KiB
l1_cache_size_bytes: ${cache_mib}MiB
enable_l2_cache: $([ "$store" = disk ] && echo true || echo false)
l2_cache_dir: $work/cache
cache_size: ${cache_mib}MiB
limits:
  index_memory: ${index_mib}MiB
YAML
"$binary" "$work/config.yaml" 2>"$work/log" &
proxy_pid=$!
until curl -fsS -o "$work/health" "http://127.0.0.1:$port/health" 2>"$work/curl.log"; do
    kill -0 $proxy_pid || { tail -n 3 "$work/log" >&2; exit 1; }
    sleep 0.1
done

$tool random --target "http://127.0.0.1:$port" --clients "${CLIENTS:-4}" --seconds "$seconds" >"$work/load" 2>&1 &
load_pid=$!
started=$(date +%s)
echo "seconds,anonymous_bytes,file_bytes,shared_bytes,index_bytes,objects,slices,requests,directory_bytes" >"$csv"
failed=0

fail() {
    echo "$*" >&2
    failed=1
}

metric() { awk -v name="pingora_slice_$1" '$1 == name || index($1, name "{") == 1 { sum += $2 } END { printf "%d", sum }' "$work/metrics"; }

status() { awk -v name="$1:" '$1 == name { print $2 * 1024 }' "/proc/$proxy_pid/status"; }

sample() {
    curl -fsS "http://127.0.0.1:$metrics_port/metrics" >"$work/metrics"
    local anonymous index directory=0
    anonymous=$(status RssAnon)
    index=$(metric cache_index_bytes)
    if [ "$store" = disk ]; then
        # A file that is renamed between the listing and the look at it is not there for find, which says so.
        directory=$(find "$work/cache" -type f -printf '%s\n' 2>"$work/find.log" | awk '{ sum += $1 } END { printf "%d", sum }' || true)
    fi
    echo "$(($(date +%s) - started)),$anonymous,$(status RssFile),$(status RssShmem),$index,$(metric cache_objects),$(metric cache_entries),$(metric requests_total),$directory" |
        tee -a "$csv"
    if [ "$index" -gt $((index_mib << 20)) ]; then fail "the index takes $index bytes, more than $index_mib MiB"; fi
    if [ "$anonymous" -gt $((rss_mib << 20)) ]; then fail "the process takes $anonymous bytes, more than $rss_mib MiB"; fi
    if [ "$directory" -gt $((cache_mib << 20)) ]; then fail "the directory takes $directory bytes, more than $cache_mib MiB"; fi
}

while kill -0 $load_pid 2>/dev/null; do
    sleep 10 &
    wait -n $! $load_pid || true
    sample
done
wait $load_pid || fail "the load has failed"
load_pid=
cat "$work/load"
if [ "$failed" -ne 0 ]; then exit 1; fi
echo "within bounds; samples are in $csv"
