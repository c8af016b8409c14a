#!/usr/bin/env bash
# How figures grow: with connections, slices in the index, the length of an object, the cache's size, and instances.
set -euo pipefail

usage() {
    cat <<'END'
growth.sh BINARY [options]

  BINARY         the published pingora-slice
  --rows LIST    some of connections,index,length,cache,instances (default: all)
  --rounds N     default 3; a figure is the median of the rounds, but for the time to fill an index and the row of instances, which are run once
  --output PATH  the record, PATH.md and PATH.svg (default: benchmarks/results/growth)
  --directory D  where files and caches go (default: a new one under TMPDIR); the caches are removed in the end
  --quick        one short round over fewer sizes, to see that it runs

Takes a quarter of an hour, 8 GiB of memory and 20 GiB of disk, and reserves up to 256 GiB of disk where that much is free. 10,000 connections need
ulimit -n 20200; with less it measures as many as the limit allows, and the record says so. Needs nginx, and for the row of instances haproxy
and redis-server (Debian's packages).
END
}

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

binary= rows=connections,index,length,cache,instances rounds=3 output=$benchmarks/results/growth directory= quick=0
while [ $# -gt 0 ]; do
    case $1 in
        --rows) rows=${2:?--rows needs a list}; shift ;;
        --rounds) rounds=${2:?--rounds needs a number}; shift ;;
        --output) output=${2:?--output needs a path}; shift ;;
        --directory) directory=${2:?--directory needs a path}; shift ;;
        --quick) quick=1 rounds=1 ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; exit 64 ;;
        *) binary=$(realpath "$1") ;;
    esac
    shift
done
[ -n "$binary" ] || { usage >&2; exit 64; }
for row in ${rows//,/ }; do
    case $row in connections | index | length | cache | instances) ;; *) die "there is no row '$row'; there are connections, index, length, cache and instances" ;; esac
done

if [[ ,$rows, == *,instances,* ]]; then
    for needed in haproxy redis-server; do command -v $needed >/dev/null || die "$needed is missing; install Debian's package $needed"; done
fi
prepare "$directory"
output=$(realpath -m "$output")
points=$work/points notes=()
: >"$points"

has() { case ,$rows, in *,$1,*) return 0 ;; *) return 1 ;; esac; }
# point AXIS TITLE SIZE FIGURE
point() {
    [[ $4 =~ ^[0-9.]+(E[-+]?[0-9]+)?$ ]] || die "$2, $1 $3: '$4' is no figure"
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" | tee -a "$points"
}
# field NAME: a figure of the last run.
field() { tail -n1 "$work/runs" | sed -n 's/.*"'"$1"'":\([-0-9.E+]*\).*/\1/p'; }
load() { "$tool" load "$@" --results "$work/runs" >/dev/null; }
now_ms() { date +%s%3N; }
anonymous_mib() { awk '/^RssAnon/ { printf "%.1f", $2 / 1024 }' "/proc/$1/status"; }

read -r origin_port port metrics_port < <("$tool" ports --count 3)
# Two descriptors for each connection, and some for the process.
descriptors=$(ulimit -n)
if [ "$descriptors" = unlimited ] || [ "$descriptors" -gt 20200 ]; then descriptors=20200; fi
most_connections=$(((descriptors - 200) / 2))
mib=$((1 << 20)) gib=$((1 << 30)) tib=$((1 << 40))
start origin "$origin_port" "$tool" origin --listen "$origin_port"
# proxy [SIZE]: ours with an empty cache, its id in $pid.
proxy() {
    rm -rf "$work/proxy"
    serve_proxy proxy "$binary" "$port" "$metrics_port" "$origin_port" "slice_patterns: [\"^/\"]
cache_size: ${1:-4GiB}
limits: { max_connections: $most_connections }"
}

if has connections; then
    # The same 2,000 requests a second over more and more connections, all of which are used; one connection alone has 200, for the tool does not
    # wait for less than a millisecond. Who is late counts from when the request was due.
    if [ $most_connections -lt 10000 ]; then notes+=("With ulimit -n of $descriptors an instance takes $most_connections connections at most."); fi
    numbers=()
    for clients in 1 10 100 1000; do if [ $clients -lt $most_connections ]; then numbers+=($clients); fi; done
    for round in $(seq "$rounds"); do
        for clients in "${numbers[@]}" $most_connections; do
            proxy
            target=http://127.0.0.1:$port/1/$((256 * mib))/object.bin
            load full --target "$target" --clients 1 --rounds 1
            per_client=$(awk -v clients="$clients" 'BEGIN { print clients == 1 ? 200 : 2000 / clients }')
            load range --target "$target" --object-bytes $((256 * mib)) --size 4096 --clients "$clients" \
                --requests-per-second "$per_client" --seconds $((quick ? 5 : 15)) --seed "$round" --pid "$pid"
            point connections "CPU µs for a request of 4 KiB" "$clients" "$(field CpuMicrosecondsPerRequest)"
            point connections "p50 ms of 4 KiB" "$clients" "$(field LatencyP50Ms)"
            point connections "p99 ms of 4 KiB" "$clients" "$(field LatencyP99Ms)"
            point connections "anonymous MiB" "$clients" "$(field PeakAnonymousMib)"
            stop "$pid"
        done
    done
fi

if has index; then
    for slices in 10000 100000 1000000 10000000; do
        if [ $quick = 1 ] && [ "$slices" -gt 100000 ]; then continue; fi
        index=$work/index
        fill_ns=$("$tool" index-fill --directory "$index" --objects $((slices / 100)) --slices 100 | sed -n 's/.* slices, \([0-9]*\) ns for each/\1/p')
        for round in $(seq "$rounds"); do
            line=$("$tool" index-open --directory "$index")
            point "slices in the index" "ms to open the index at a start" "$slices" "$(sed -n 's/.*opened in \([0-9]*\) ms.*/\1/p' <<<"$line")"
            point "slices in the index" "MiB of managed memory" "$slices" "$(sed -n 's/.* ms; \([0-9.]*\) MiB of managed.*/\1/p' <<<"$line")"
            point "slices in the index" "ns to find an object and lease a slice" "$slices" "$(sed -n 's/.*slice found in \([0-9]*\) ns/\1/p' <<<"$line")"
        done
        point "slices in the index" "ns to store a slice, journal included" "$slices" "$fill_ns"
        rm -rf "$index"
    done
fi

if has length; then
    # 400 ranges anywhere: of an object that has many more slices, each is a miss, and a hit when it is asked for again.
    for round in $(seq "$rounds"); do
        for length in $mib $gib $((32 * gib)) $tib; do
            proxy
            target=http://127.0.0.1:$port/$round/$length/object.bin
            ask=(range --target "$target" --object-bytes "$length" --size 4096 --clients 4 --rounds $((quick ? 10 : 100)) --seed "$round" --pid "$pid")
            load "${ask[@]}"
            if [ "$length" -gt $mib ]; then
                point "MiB of an object" "ms to the first byte of a cold range, p50" $((length / mib)) "$(field FirstByteP50Ms)"
            fi
            load "${ask[@]}"
            point "MiB of an object" "p99 ms of a warm range of 4 KiB" $((length / mib)) "$(field LatencyP99Ms)"
            point "MiB of an object" "anonymous MiB of the process" $((length / mib)) "$(field PeakAnonymousMib)"
            stop "$pid"
        done
    done
fi

# ms_to_listen: starts ours, its id in $pid, and leaves the time until it accepts in $took.
ms_to_listen() {
    local began
    began=$(now_ms)
    "$binary" "$work/proxy/pingora_slice.yaml" >"$work/proxy.log" 2>&1 &
    pid=$!
    pids+=("$pid")
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null || die "ours ended before it listened on port $port"
        [ $(($(now_ms) - began)) -lt 60000 ] || die "ours does not listen on port $port"
    done
    took=$(($(now_ms) - began))
}

if has cache; then
    free_gib=$(($(df --output=avail -B1 "$work" | tail -n1) / gib))
    for round in $(seq "$rounds"); do
        for size in 1 4 16 64 256; do
            if [ $quick = 1 ] && [ "$size" -gt 4 ]; then continue; fi
            if [ "$size" -gt $((free_gib - 5)) ]; then
                notes+=("A cache of $size GiB is left out: $free_gib GiB of disk are free.")
                continue
            fi
            proxy "${size}GiB"
            stop "$pid"
            rm -rf "$work/proxy/cache"
            ms_to_listen
            point "GiB of cache_size" "ms from nothing to the first connection" "$size" "$took"
            point "GiB of cache_size" "anonymous MiB after the start" "$size" "$(anonymous_mib "$pid")"
            stop "$pid"
            ms_to_listen
            point "GiB of cache_size" "ms from a restart to the first connection" "$size" "$took"
            stop "$pid"
        done
    done
fi
rm -rf "$work/proxy"

if has instances; then
    for count in 2 3 4; do
        options=(--tier redis --instances "$count" --json "$work/fleet.json")
        if [ $quick = 1 ]; then options+=(--quick); fi
        if [ -n "$directory" ]; then options+=(--directory "$work/fleet"); fi
        bash "$benchmarks/fleet.sh" "$binary" "${options[@]}" >"$work/fleet.log" 2>&1 || { cat "$work/fleet.log" >&2; die "fleet.sh with $count instances failed"; }
        figure() { sed -n 's/.*"'"$1"'": *"\{0,1\}\([0-9.]*\).*/\1/p' "$work/fleet.json"; }
        point instances "origin's bytes ÷ one cold object, 64 clients" "$count" "$(figure one_object)"
        point instances "origin's bytes ÷ 1,000 objects, asked for three times" "$count" "$(figure mixed)"
    done
fi

{
    echo "\`bash benchmarks/growth.sh BINARY\`, $rounds rounds, $(date -u +%F). $("$binary" --version)."
    echo "Linux $(uname -r), $(nproc) × $(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo), $(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)."
    printf '%s\n' "${notes[@]}" | sort -u
} >"$work/facts"
mkdir -p "$(dirname "$output")"
"$tool" growth --points "$points" --facts "$work/facts" --output "$output"
echo "the record is $output.md, with $output.svg"
