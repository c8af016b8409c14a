#!/usr/bin/env bash
# pingora-slice beside nginx's slice module: one origin, the same slice size, warm and cold, rounds in turn.
# See README.md in this directory for what is measured and why so.
set -euo pipefail

usage() {
    cat <<'END'
side-by-side.sh [options] [BINARY]

  BINARY          the published pingora-slice; without it, it is published from this tree
  --quick         under a minute: one round, smaller objects (figures to look at, not to quote)
  --rounds N      rounds of each work and server (default 3)
  --seconds N     length of a timed run (default 3)
  --directory D   where files and caches go; needs 12 GiB (--quick: 3 GiB) on the disk under test (default: a new one under TMPDIR)
  --nginx-only    measure nginx alone and print; nothing is recorded
  --aligned       ranges start at multiples of their size (default: anywhere)

Environment: NGINX (/usr/sbin/nginx), NGINX_EXTRA (directives added to nginx's caching servers, such as 'open_file_cache max=20000;').
END
}

die() { echo "side-by-side: $*" >&2; exit 1; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command_line="benchmarks/side-by-side.sh $*"
nginx=${NGINX:-/usr/sbin/nginx}
nginx_extra=${NGINX_EXTRA:-}
quick=0 rounds=3 seconds=3 work= with_pingora=1 binary= aligned=()
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=1 rounds=1 seconds=1 ;;
        --rounds) rounds=${2:?--rounds needs a number}; shift ;;
        --seconds) seconds=${2:?--seconds needs a number}; shift ;;
        --directory) work=${2:?--directory needs a path}; shift ;;
        --nginx-only) with_pingora=0 ;;
        --aligned) aligned=(--aligned) ;;
        -h | --help) usage; exit 0 ;;
        -*) usage >&2; exit 64 ;;
        *) binary=$1 ;;
    esac
    shift
done
[ -x "$nginx" ] || die "$nginx is missing; install Debian's package: apt-get install nginx"

mib=$((1 << 20))
slice_bytes=$mib
object_mib=1024 distant_mib=256
if [ $quick = 1 ]; then object_mib=256 distant_mib=64; fi
object_bytes=$((object_mib * mib)) distant_bytes=$((distant_mib * mib))
round_trip_ms=50

# --- what is started here is stopped here, each by its own id ---

pids=()
own_directory=0
finish() {
    local status=$?
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    if [ $status != 0 ] && [ -n "$work" ]; then tail -n 20 "$work"/*.log >&2 2>/dev/null || true; fi
    if [ $own_directory = 1 ]; then rm -rf "$work"; fi
    exit $status
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "$work" ]; then work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-side-by-side.XXXXXX"); own_directory=1; fi
work=$(mkdir -p "$work" && cd "$work" && pwd)
chmod 755 "$work"

# wait_port PORT PID NAME: until it accepts, its process ends, or 20 s pass.
wait_port() {
    local tries=0
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        kill -0 "$2" 2>/dev/null || die "$3 ended before it listened on port $1"
        tries=$((tries + 1))
        [ $tries -lt 400 ] || die "$3 does not listen on port $1"
        sleep 0.05
    done
}

# --- build ---

echo "building …" >&2
dotnet build "$here/Slice.Benchmarks.csproj" -c Release -nodeReuse:false -v quiet -nologo >"$work/build.log" 2>&1 || { cat "$work/build.log" >&2; die "the benchmarks do not build"; }
tool="$here/bin/Release/net10.0/Slice.Benchmarks"
if [ $with_pingora = 1 ] && [ -z "$binary" ]; then
    dotnet publish "$here/../Slice.Host/Slice.Host.csproj" -c Release -o "$work/publish" -nodeReuse:false -v quiet -nologo >"$work/publish.log" 2>&1 \
        || { cat "$work/publish.log" >&2; die "pingora-slice does not publish"; }
    binary="$work/publish/pingora-slice"
fi
if [ $with_pingora = 1 ]; then [ -x "$binary" ] || die "no binary at $binary"; fi

# --- servers ---

mkdir -p "$work/www" "$work/origin" "$work/nginx/cache"
"$tool" content --file "$work/www/object.bin" --bytes "$object_bytes"
"$tool" content --file "$work/www/distant.bin" --bytes "$distant_bytes" --seed 2

read -r origin_port relay_port nginx_port nginx_distant_port p_port p_metrics p1_port p1_metrics p8_port p8_metrics < <("$tool" ports --count 10)
user=
if [ "$(id -u)" = 0 ]; then user='user root;'; fi

# temp_paths DIRECTORY: nginx's own are under /var, which belongs to another instance.
temp_paths() { for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $1/$kind;"; done; }

cat >"$work/origin/nginx.conf" <<END
daemon off; worker_processes 1; $user pid $work/origin/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http {
    $(temp_paths "$work/origin")
    access_log off; sendfile on; keepalive_requests 10000000; default_type application/octet-stream;
    server { listen 127.0.0.1:$origin_port; root $work/www; }
}
END

# tcp_nopush stays off: on loopback the head and 64 KiB of body fill one segment and a little of the next, which the cork holds back until the client's
# delayed acknowledgement, 40 ms later (measured: 870 requests/s instead of 17,000). That would flatter us.

# caching_server PORT UPSTREAM_NAME UPSTREAM_PORT
caching_server() {
    cat <<END
    upstream $2 { server 127.0.0.1:$3; keepalive 64; }
    server {
        listen 127.0.0.1:$1 backlog=1024;
        $nginx_extra
        location / {
            slice 1m;
            proxy_pass http://$2;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Range \$slice_range;
            proxy_cache slices;
            proxy_cache_key \$uri\$is_args\$args\$slice_range;
            proxy_cache_valid 200 206 1h;
        }
    }
END
}

cat >"$work/nginx/nginx.conf" <<END
daemon off; worker_processes 1; $user pid $work/nginx/nginx.pid; error_log stderr warn;
events { worker_connections 10000; }
http {
    $(temp_paths "$work/nginx")
    access_log off; sendfile on; keepalive_requests 10000000;
    proxy_cache_path $work/nginx/cache levels=1:2 keys_zone=slices:32m max_size=16g inactive=1h use_temp_path=off;
$(caching_server "$nginx_port" near "$origin_port")
$(caching_server "$nginx_distant_port" distant "$relay_port")
}
END

# start NAME PORT COMMAND…: leaves its id in $pid.
start() {
    local name=$1 port=$2
    shift 2
    "$@" >"$work/$name.log" 2>&1 &
    pid=$!
    pids+=("$pid")
    wait_port "$port" "$pid" "$name"
}

start origin "$origin_port" "$nginx" -p "$work/origin" -c "$work/origin/nginx.conf" -e stderr
origin_pid=$pid
start relay "$relay_port" "$tool" relay --listen "$relay_port" --server "$origin_port" --round-trip-ms $round_trip_ms
start nginx "$nginx_port" "$nginx" -p "$work/nginx" -c "$work/nginx/nginx.conf" -e stderr
nginx_pid=$pid

# pingora NAME PORT METRICS_PORT UPSTREAM_PORT IN_FLIGHT CACHE_BYTES
pingora() {
    mkdir -p "$work/$1"
    cat >"$work/$1/pingora_slice.yaml" <<END
listen_address: 127.0.0.1:$2
upstream_address: 127.0.0.1:$4
slice_patterns: ["^/"]
slice_size: $slice_bytes
max_concurrent_subrequests: $5
cache_ttl: 3600
enable_l2_cache: true
l2_cache_dir: $work/$1/cache
cache_size: $6
metrics_endpoint:
  enabled: true
  address: 127.0.0.1:$3
END
    start "$1" "$2" "$binary" "$work/$1/pingora_slice.yaml"
}

if [ $with_pingora = 1 ]; then
    pingora pingora "$p_port" "$p_metrics" "$origin_port" 4 $((8 << 30))
    pingora_pid=$pid
    # Just above one object: from the second download on each writes where the one before it was, as in a cache that has been full for long.
    # On a virtual machine the first touch of a page of memory costs more than everything that is measured here.
    pingora pingora-1 "$p1_port" "$p1_metrics" "$relay_port" 1 $((distant_bytes + (32 << 20)))
    pingora_1_pid=$pid
    pingora pingora-8 "$p8_port" "$p8_metrics" "$relay_port" 8 $((distant_bytes + (32 << 20)))
    pingora_8_pid=$pid
fi

# --- measuring ---

results="$work/results.jsonl"
: >"$results"

# load WORK SIDE PID MODE PORT PATH OPTIONS…
load() {
    local work_name=$1 side=$2 pid=$3 mode=$4 port=$5 path=$6
    shift 6
    "$tool" load "$mode" --target "http://127.0.0.1:$port/$path" --work "$work_name" --side "$side" --pid "$pid" --results "$results" "$@"
}

# servers: runs "$@" with SIDE PID PORT for each server in turn (A B).
servers() {
    "$@" "nginx slice" "$nginx_pid" "$nginx_port"
    if [ $with_pingora = 1 ]; then "$@" pingora-slice "$pingora_pid" "$p_port"; fi
}

# The first pass compares every byte with the original; three passes, so that whatever a server does lazily is done.
warm() {
    "$tool" load full --target "http://127.0.0.1:$3/object.bin" --clients 1 --rounds 1 --verify "$work/www/object.bin" --side "$1" --work "warm-up, verified"
    "$tool" load full --target "http://127.0.0.1:$3/object.bin" --clients 2 --rounds 1 --side "$1" --work "warm-up" >/dev/null
    "$tool" load range --target "http://127.0.0.1:$3/object.bin" --clients 32 --size 65536 --object-bytes "$object_bytes" --seconds 1 --side "$1" --work "warm-up" >/dev/null
}

hit_full() { load "hit, full $object_mib MiB ×4" "$1" "$2" full "$3" object.bin --clients 4 --seconds "$seconds"; }
hit_1m() { load "hit, 1 MiB ranges ×32" "$1" "$2" range "$3" object.bin --clients 32 --size $mib --object-bytes "$object_bytes" --seconds "$seconds" --seed "$round" "${aligned[@]}"; }
hit_64k() { load "hit, 64 KiB ranges ×32" "$1" "$2" range "$3" object.bin --clients 32 --size 65536 --object-bytes "$object_bytes" --seconds "$seconds" --seed "$round" "${aligned[@]}"; }
hit_4k() { load "hit, 4 KiB ranges ×32" "$1" "$2" range "$3" object.bin --clients 32 --size 4096 --object-bytes "$object_bytes" --seconds "$seconds" --seed "$round" "${aligned[@]}"; }

# A query string that was never asked makes the object cold; the origin ignores it. What earlier runs left to write is written first, and
# the CPU time is read half a second late, for what a server stores after its answer.
cold() { sync; load "cold, $object_mib MiB, 0 ms" "$1" "$2" full "$3" "object.bin?cold=$round" --clients 1 --rounds 1 --settle-ms 500; }
cold_distant() {
    sync
    load "cold, $distant_mib MiB, $round_trip_ms ms" "$1" "$2" full "$3" "distant.bin?cold=$round" --clients 1 --rounds 1 --settle-ms 500
}

warm_distant() { "$tool" load full --target "http://127.0.0.1:$1/distant.bin?cold=0" --clients 1 --rounds 1 --work "warm-up" >/dev/null; }
servers warm
warm_distant "$nginx_distant_port"
if [ $with_pingora = 1 ]; then
    warm_distant "$p1_port"
    warm_distant "$p8_port"
fi
for round in $(seq "$rounds"); do
    for work_name in hit_full hit_1m hit_64k hit_4k cold; do servers $work_name; done
    # What the origin itself takes to its first byte at that distance, measured in the same way.
    cold_distant "origin, nothing between" "$origin_pid" "$relay_port"
    cold_distant "nginx slice" "$nginx_pid" "$nginx_distant_port"
    if [ $with_pingora = 1 ]; then
        cold_distant "pingora-slice, 1 in flight" "$pingora_1_pid" "$p1_port"
        cold_distant "pingora-slice, 8 in flight" "$pingora_8_pid" "$p8_port"
    fi
done

# Memory that connections cost: readers far slower than the server, and connections that only stay open.
hold() {
    "$tool" hold --work "500 readers at 100 kB/s" --side "$1" --pid "$2" --target "http://127.0.0.1:$3/object.bin" --clients 500 --bytes-per-second 100000 --results "$results"
    "$tool" hold --work "3500 idle connections" --side "$1" --pid "$2" --target "http://127.0.0.1:$3/object.bin" --clients 3500 --range 0-0 --results "$results"
}
ulimit -n "$(ulimit -H -n)"
servers hold

# --- report ---

report() {
    echo "# pingora-slice beside nginx slice, $(date -u +%Y-%m-%d)"
    echo
    echo "Medians of $rounds round(s), servers in turn; timed runs of $seconds s; slices of 1 MiB; both caches on one $(stat -f -c %T "$work") file system, warm in the page cache."
    echo
    "$tool" report --results "$results" --base "nginx slice" --base "pingora-slice, 1 in flight"
    echo
    echo "* machine: $(nproc) × $(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo), $(awk '/MemTotal/ { printf "%.0f", $2 / 1048576 }' /proc/meminfo) GiB, Linux $(uname -r) $(uname -m)"
    echo "* nginx: $("$nginx" -v 2>&1 | sed 's/.*: //'), one worker${nginx_extra:+, with: $nginx_extra}"
    if [ $with_pingora = 1 ]; then echo "* pingora-slice: $("$binary" --version), commit $(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown), binary $(stat -c %s "$binary") bytes"; fi
    echo "* .NET SDK $(dotnet --version); range starts: $([ ${#aligned[@]} = 0 ] && echo anywhere || echo aligned)"
    echo "* repeat: \`${command_line% }\`"
}

if [ $with_pingora = 0 ]; then
    report
else
    suffix=
    if [ $quick = 1 ]; then suffix=-quick; fi
    record="$here/results/$(date -u +%Y-%m-%d)-side-by-side$suffix.md"
    mkdir -p "$here/results"
    report | tee "$record"
    echo "recorded in $record" >&2
fi
