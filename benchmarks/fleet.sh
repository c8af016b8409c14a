#!/usr/bin/env bash
# Several instances behind a real HAProxy, round robin, over an origin that counts: what a shared cache saves the origin, and what it costs.
set -euo pipefail

usage() {
    cat <<'END'
fleet.sh BINARY [options]

  BINARY           the published pingora-slice
  --tier TYPE      none (default), redis, cluster (three of them), memcached or directory; servers are started here, on free ports
  --no-collapse    with shared_cache.collapse: false
  --instances N    default 3
  --yaml FILE      lines that are added to the configuration of every instance
  --json FILE      the figures as JSON
  --directory D    where files and caches go; needs 10 GiB (default: a new one under TMPDIR)
  --quick          a twentieth of the bytes, to see that it runs

Needs haproxy and, for --tier, redis-server (and redis-cli for a cluster) or memcached (Debian's packages).
END
}

die() { echo "fleet: $*" >&2; exit 1; }

binary= tier=none collapse= instances=3 extra= json= work= quick=0
while [ $# -gt 0 ]; do
    case $1 in
        --tier) tier=${2:?--tier needs a type}; shift ;;
        --no-collapse) collapse=', collapse: false' ;;
        --instances) instances=${2:?--instances needs a number}; shift ;;
        --yaml) extra=$(realpath "${2:?--yaml needs a file}"); shift ;;
        --json) json=$(realpath "${2:?--json needs a file}"); shift ;;
        --directory) work=${2:?--directory needs a path}; shift ;;
        --quick) quick=1 ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; exit 64 ;;
        *) binary=$(realpath "$1") ;;
    esac
    shift
done
[ -n "$binary" ] || { usage >&2; exit 64; }
[ -x "$binary" ] || die "no binary at $binary"
[ "$instances" -ge 2 ] || die "--instances: at least 2"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin
command -v haproxy >/dev/null || die "haproxy is missing; install Debian's package haproxy"
case $tier in
    none | directory) ;;
    redis | cluster) command -v redis-server >/dev/null || die "redis-server is missing; install Debian's package redis-server" ;;
    memcached) command -v memcached >/dev/null || die "memcached is missing; install Debian's package memcached" ;;
    *) die "--tier: '$tier' is none of none, redis, cluster, memcached, directory" ;;
esac

mib=$((1 << 20))
big_bytes=$((256 * mib)) big_clients=64 objects=1000 largest=$((8 * mib)) fill_objects=256 changes=200
if [ $quick = 1 ]; then big_bytes=$((16 * mib)) big_clients=16 objects=50 fill_objects=16 changes=10; fi

# --- what is started here is stopped here, each by its own id ---

declare -A pids=()
own_directory=0
stop() { # NAME
    kill "${pids[$1]}" 2>/dev/null || true
    wait "${pids[$1]}" 2>/dev/null || true
    unset "pids[$1]"
}
kill_now() { # NAME, as by the kernel
    kill -KILL "${pids[$1]}" 2>/dev/null || true
    wait "${pids[$1]}" 2>/dev/null || true
    unset "pids[$1]"
}
finish() {
    local status=$? name
    trap - EXIT INT TERM
    if [ $status != 0 ] && [ -n "$work" ]; then tail -n 20 "$work"/*.log >&2 2>/dev/null || true; fi
    for name in "${!pids[@]}"; do stop "$name"; done
    if [ $own_directory = 1 ]; then rm -rf "$work"; fi
    exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -z "$work" ]; then work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-fleet.XXXXXX"); own_directory=1; fi
work=$(mkdir -p "$work" && cd "$work" && pwd)

start() { # NAME PORT COMMAND…
    local name=$1 port=$2 tries=0
    shift 2
    "$@" >>"$work/$name.log" 2>&1 &
    pids[$name]=$!
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "${pids[$name]}" 2>/dev/null || die "$name ended before it listened on port $port"
        tries=$((tries + 1))
        [ $tries -lt 400 ] || die "$name does not listen on port $port"
        sleep 0.05
    done
}

# --- servers ---

echo "building …" >&2
dotnet build "$here/Slice.Benchmarks.csproj" -c Release -nodeReuse:false -v quiet -nologo >"$work/build.log" 2>&1 || die "the benchmarks do not build"
tool="$here/bin/Release/net10.0/Slice.Benchmarks"
# Instance 0 has no tier: what a fill costs without one. It stands before no balancer.
read -r -a ports < <("$tool" ports --count $((2 * instances + 10)))
origin_port=${ports[0]} tier_port=${ports[1]} haproxy_port=${ports[2]}
# Of each node of a cluster: for clients, and for the other nodes.
node_ports=("$tier_port" "${ports[3]}" "${ports[4]}") bus_ports=("${ports[5]}" "${ports[6]}" "${ports[7]}")
port_of() { echo "${ports[$((8 + $1))]}"; }
metrics_of() { echo "${ports[$((9 + instances + $1))]}"; }

start origin "$origin_port" "$tool" origin --listen "$origin_port"
start_redis() { # NAME PORT OPTIONS…
    local name=$1 port=$2
    shift 2
    mkdir -p "$work/$name"
    start "$name" "$port" redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$work/$name" \
        --maxmemory 4gb --maxmemory-policy allkeys-lru "$@"
}
start_node() { # NUMBER, from 0
    start_redis "tier$1" "${node_ports[$1]}" --cluster-enabled yes --cluster-port "${bus_ports[$1]}" \
        --cluster-require-full-coverage no --cluster-node-timeout 2000
}
start_tier() {
    case $tier in
        redis) start_redis tier "$tier_port" ;;
        memcached)
            local user=()
            if [ "$(id -u)" = 0 ]; then user=(-u root); fi
            start tier "$tier_port" memcached -l 127.0.0.1 -p "$tier_port" -U 0 -m 4096 -I 2m "${user[@]}" ;;
        directory) mv "$work/tier.away" "$work/tier" ;;
        cluster) start_node 1 ;;
    esac
}
# As a machine that dies: with all that it has, but for the files of a directory. Of a cluster, one node.
kill_tier() {
    case $tier in
        redis | memcached) kill_now tier ;;
        directory) mv "$work/tier" "$work/tier.away" ;;
        cluster) kill_now tier1 ;;
    esac
}
tier_yaml=
case $tier in
    redis) tier_yaml="shared_cache: { type: redis, address: 127.0.0.1:$tier_port$collapse }" ;;
    memcached) tier_yaml="shared_cache: { type: memcached, address: 127.0.0.1:$tier_port, item_size: 2MiB$collapse }" ;;
    directory)
        mkdir -p "$work/tier.away"
        tier_yaml="shared_cache: { type: directory, directory: $work/tier$collapse }" ;;
    cluster)
        start_node 0
        start_node 2
        tier_yaml="shared_cache: { type: redis, address: [127.0.0.1:${node_ports[0]}, 127.0.0.1:${node_ports[1]}, 127.0.0.1:${node_ports[2]}]$collapse }" ;;
esac
start_tier
if [ "$tier" = cluster ]; then
    redis-cli --cluster create "${node_ports[@]/#/127.0.0.1:}" --cluster-yes >"$work/cluster.log" 2>&1 || die "the cluster was not made"
    until [ "$(redis-cli -p "${node_ports[2]}" cluster info | tr -d '\r' | sed -n 's/^cluster_state://p')" = ok ]; do sleep 0.1; done
fi

start_instance() { # NUMBER, with what its cache has
    mkdir -p "$work/instance-$1"
    cat >"$work/instance-$1/pingora_slice.yaml" <<YAML
listen_address: 127.0.0.1:$(port_of "$1")
upstream_address: 127.0.0.1:$origin_port
slice_patterns: ["^/"]
slice_size: $mib
enable_l2_cache: true
l2_cache_dir: $work/instance-$1/cache
cache_size: 3GiB
metrics_endpoint:
  address: 127.0.0.1:$(metrics_of "$1")
YAML
    if [ "$1" != 0 ]; then
        if [ -n "$tier_yaml" ]; then echo "$tier_yaml" >>"$work/instance-$1/pingora_slice.yaml"; fi
        if [ -n "$extra" ]; then cat "$extra" >>"$work/instance-$1/pingora_slice.yaml"; fi
    fi
    start "instance-$1" "$(port_of "$1")" "$binary" "$work/instance-$1/pingora_slice.yaml"
}
empty_instance() { # NUMBER: begins anew without anything
    stop "instance-$1"
    rm -rf "$work/instance-$1/cache"
    start_instance "$1"
}
for number in $(seq 0 "$instances"); do start_instance "$number"; done

sed -e '/balance uri path-only/d; /hash-type consistent/d; s/#balance roundrobin/balance roundrobin/' \
    -e "s/bind :80/bind 127.0.0.1:$haproxy_port/" -e '/^    server slice/d' "$here/../systemd/haproxy.cfg" >"$work/haproxy.cfg"
for number in $(seq "$instances"); do
    echo "    server slice$number 127.0.0.1:$(port_of "$number")" >>"$work/haproxy.cfg"
done
start haproxy "$haproxy_port" haproxy -db -f "$work/haproxy.cfg"

# --- measuring ---

# HTTP/1.0, so that the body is what stands behind the empty line.
origin_count() { # PATH
    exec 4<>"/dev/tcp/127.0.0.1/$origin_port"
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&4
    tr -d '\r' <&4 | sed '1,/^$/d'
    exec 4>&-
}
ratio() { awk "BEGIN { printf \"%.3f\", $1 / $2 }"; }
mixed() { "$tool" mixed --results "$work/results" "$@" >>"$work/mixed.log"; }
field() { tail -n 1 "$work/results" | sed -n "s/.*\"$1\":\([0-9.eE+-]*\).*/\1/p"; }


names=() titles=() values=()
row() { # NAME TITLE VALUE
    names+=("$1") titles+=("$2") values+=("$3")
    echo "$2: $3" >&2
}

# Of so many bytes asked for once: what the origin sent. measure BYTES COMMAND…
sent=0 asked=0
measure() {
    local sent_before asked_before
    sent_before=$(origin_count /sent) asked_before=$(origin_count /asked)
    "$@"
    # What is written behind an answer's back, or fetched ahead of a client, is fetched by now.
    sleep 1
    sent=$(($(origin_count /sent) - sent_before)) asked=$(($(origin_count /asked) - asked_before))
}
through_haproxy=(--target "http://127.0.0.1:$haproxy_port")
one_cold=(--first 1 --objects 1 --smallest "$big_bytes" --largest "$big_bytes")
mixed_set=(--first 1000 --objects "$objects" --largest "$largest" --clients 32)

measure mixed "${through_haproxy[@]}" "${one_cold[@]}" --rounds "$big_clients" --clients "$big_clients"
row one_object "$big_clients clients, one cold object of $((big_bytes / mib)) MiB: origin bytes ÷ object" "$(ratio "$sent" "$big_bytes")"

measure mixed "${through_haproxy[@]}" "${mixed_set[@]}" --rounds 3
mixed_bytes=$(($(field Bytes) / 3))
row mixed "$objects objects, $((mixed_bytes / mib)) MiB, each asked for 3 times by 32 clients: origin bytes ÷ objects" "$(ratio "$sent" "$mixed_bytes")"

for number in $(seq "$instances"); do empty_instance "$number"; done
# HAProxy sees that they are there again.
sleep 3
measure mixed "${through_haproxy[@]}" "${mixed_set[@]}" --rounds 1
row restarted_requests "all instances restarted with empty caches, each object once: origin requests" "$asked"
row restarted "the same: origin bytes ÷ objects" "$(ratio "$sent" "$mixed_bytes")"

if [ "$tier" != none ]; then
    coherence=("$tool" coherence --origin "http://127.0.0.1:$origin_port" --rounds $changes --results "$work/results")
    for number in $(seq "$instances"); do coherence+=(--target "http://127.0.0.1:$(port_of "$number")"); done
    "${coherence[@]}" >>"$work/mixed.log"
    row stale_p50 "an object changes and one instance sees it: another serves the old one for, p50 in ms" "$(field StaleP50Ms)"
    row stale_p99 "the same, p99 in ms" "$(field StaleP99Ms)"
    row stale_max "the same, at most in ms of $changes" "$(field StaleMaxMs)"
fi

# Cold objects while something dies and comes back: whoever gets an error or a wrong byte ends this script. A body that an instance was
# sending when it died breaks off, and is gone on with by a range.
while_dying() { # FIRST NAME TITLE, with die_and_return
    local asked_before
    asked_before=$(origin_count /asked)
    mixed "${through_haproxy[@]}" "${mixed_set[@]}" --first "$1" --rounds 2 --resume &
    pids[clients]=$!
    until [ $(($(origin_count /asked) - asked_before)) -gt $((objects / 10)) ]; do sleep 0.02; done
    kill -0 "${pids[clients]}" || die "$3: the clients ended before that"
    die_and_return
    wait "${pids[clients]}" || die "$3: a client saw an error or wrong bytes"
    unset 'pids[clients]'
    row "$2_cuts" "$3: errors and wrong bytes 0, bodies gone on with" "$(field Cuts)"
}
if [ "$tier" != none ]; then
    die_and_return() { kill_tier && sleep 1 && start_tier; }
    title="the tier dies and comes back while $objects cold objects are asked for twice"
    if [ "$tier" = cluster ]; then title=${title/the tier/one of three nodes}; fi
    while_dying 20000 killed_tier "$title"
fi
die_and_return() { kill_now instance-2 && sleep 1 && start_instance 2; }
while_dying 30000 killed_instance "the same with one instance"
sleep 3

# What has just been served through the last instance is in the tier. Instances 0 and 1 begin empty alike, are measured in turn, and whichever
# was first is second in the next round. Without a tier both fetch from the origin, and the ratio tells how much it means.
fill=(--objects "$fill_objects" --smallest $mib --largest $((4 * mib)) --settle-ms 500)
direct() { # INSTANCE CLIENTS FIRST [OPTIONS…]
    local number=$1 clients=$2 first=$3
    shift 3
    mixed --target "http://127.0.0.1:$(port_of "$number")" --clients "$clients" --first "$first" "${fill[@]}" --pid "${pids[instance-$number]}" "$@"
}
begin_anew() { # INSTANCE
    empty_instance "$1"
    # A few objects that nobody counts: code that runs for the first time, connections, memory.
    mixed --target "http://127.0.0.1:$(port_of "$1")" --first 500 --objects 8 --smallest $mib --largest $mib --clients 4
}
measure_fill() { # INSTANCE
    if [ "$1" = 0 ]; then
        direct 0 4 $first
        local_cpu+=("$(field CpuSecondsPerGib)")
    else
        measure direct 1 4 $first
        tier_cpu+=("$(field CpuSecondsPerGib)") tier_asked+=("$asked")
    fi
}
for round in 1 2 3 4; do
    first=$((10000 * round))
    direct "$instances" 4 $first
    direct "$instances" 1 $((first + 5000))
    sleep 1
    begin_anew 0
    begin_anew 1
    measure_fill $((round % 2))
    measure_fill $((1 - round % 2))
    direct 1 1 $((first + 5000))
    tier_first+=("$(field FirstByteP50Ms)")
    direct 1 1 $((first + 5000))
    local_first+=("$(field FirstByteP50Ms)")
done
median() { printf '%s\n' "$@" | sort -g | awk '{ all[NR] = $1 } END { printf "%.3f", (all[int((NR + 1) / 2)] + all[int(NR / 2) + 1]) / 2 }'; }
row fill_cpu "local fill from a plain origin, CPU s/GiB" "$(median "${local_cpu[@]}")"
row tier_cpu "fill from the tier (without one: from the origin), CPU s/GiB" "$(median "${tier_cpu[@]}")"
row cpu_ratio "the same ÷ local fill" "$(ratio "$(median "${tier_cpu[@]}")" "$(median "${local_cpu[@]}")")"
row tier_requests "origin requests meanwhile" "$(median "${tier_asked[@]}")"
row local_first_byte "local hit, first byte p50 in ms" "$(median "${local_first[@]}")"
row tier_first_byte "from the tier (without one: from the origin), first byte p50 in ms" "$(median "${tier_first[@]}")"

# --- report ---

echo
echo "$instances instances behind HAProxy, round robin, tier: $tier; $("$binary" --version), $(nproc) × $(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo)."
echo
echo "| | $tier |"
echo "| --- | --: |"
for index in "${!names[@]}"; do echo "| ${titles[$index]} | ${values[$index]} |"; done
if [ -n "$json" ]; then
    {
        printf '{ "tier": "%s", "instances": %s' "$tier" "$instances"
        for index in "${!names[@]}"; do printf ', "%s": %s' "${names[$index]}" "${values[$index]}"; done
        echo ' }'
    } >"$json"
fi
