# Sourced by the benchmarks beside it: a place for files, the tool, servers, and that all which was started is stopped.
# A script calls prepare first; what it starts with start, serve_nginx or serve_proxy ends with it.

benchmarks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
nginx=${NGINX:-/usr/sbin/nginx}
tool=$benchmarks/bin/Release/net10.0/Slice.Benchmarks
work= owns_work=0 pids=()
# A command in front of each server, such as taskset.
on_server=()
nginx_workers=1

die() { echo "$(basename "$0" .sh): $*" >&2; exit 1; }

# prepare [DIRECTORY]: builds the tool and makes $work, which goes with the script when it is one of its own.
prepare() {
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    [ -x "$nginx" ] || die "$nginx is missing; install Debian's package: apt-get install nginx-light"
    if [ -n "${1:-}" ]; then
        mkdir -p "$1"
        work=$(cd "$1" && pwd)
    else
        work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-$(basename "$0" .sh).XXXXXX")
        owns_work=1
    fi
    chmod 755 "$work"
    dotnet build "$benchmarks" -c Release -nodeReuse:false -v quiet -nologo >"$work/build.log" 2>&1 || die "the benchmarks do not build"
}

# finish [STATUS]
finish() {
    local status=${1:-$?}
    trap - EXIT INT TERM
    stop "${pids[@]}"
    if [ $status != 0 ] && [ -n "$work" ]; then tail -n 20 "$work"/*.log >&2 2>/dev/null || true; fi
    if [ $owns_work = 1 ]; then rm -rf "$work"; fi
    exit $status
}

# start NAME PORT COMMAND…: returns when the server accepts, and leaves its id in $pid.
start() {
    local name=$1 port=$2 tries
    shift 2
    "${on_server[@]}" "$@" >"$work/$name.log" 2>&1 &
    pid=$!
    pids+=("$pid")
    # 20 s: a cache directory of many GiB takes a while to open.
    for ((tries = 0; tries < 400; tries++)); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
        kill -0 "$pid" 2>/dev/null || die "$name ended before it listened on port $port"
        sleep 0.05
    done
    die "$name does not listen on port $port"
}

# stop PID…: asks each to end, and kills those that have not after 10 s.
stop() {
    local one tries left=()
    for one in "$@"; do kill "$one" 2>/dev/null || true; done
    for one in "$@"; do
        for ((tries = 0; tries < 200; tries++)); do
            kill -0 "$one" 2>/dev/null || break
            sleep 0.05
        done
        kill -9 "$one" 2>/dev/null || true
        wait "$one" 2>/dev/null || true
    done
    for one in "${pids[@]}"; do
        case " $* " in *" $one "*) ;; *) left+=("$one") ;; esac
    done
    pids=("${left[@]}")
}

# serve_nginx NAME PORT HTTP: $nginx_workers workers with these lines in its http block; PORT is one that they listen on. The temporary directories
# that nginx has by default belong to an instance of the system.
serve_nginx() {
    local kind directory=$work/$1
    mkdir -p "$directory"
    {
        if [ "$(id -u)" = 0 ]; then echo 'user root;'; fi
        echo "daemon off; worker_processes $nginx_workers; pid $directory/nginx.pid; error_log stderr warn;"
        echo 'events { worker_connections 12000; }'
        echo 'http {'
        for kind in client_body proxy fastcgi uwsgi scgi; do echo "    ${kind}_temp_path $directory/$kind;"; done
        echo '    access_log off; sendfile on; keepalive_requests 100000000; default_type application/octet-stream;'
        echo "    $3"
        echo '}'
    } >"$directory/nginx.conf"
    start "$1" "$2" "$nginx" -p "$directory" -c "$directory/nginx.conf" -e stderr
}

# nginx_files PORT: lines for serve_nginx, files of $work/www.
nginx_files() { echo "server { listen 127.0.0.1:$1; root $work/www; expires 1h; }"; }

# nginx_slices NAME PORT UPSTREAM_PORT [LINES]: lines for serve_nginx, a server that slices and caches in $work/NAME/cache.
# tcp_nopush stays off: on loopback the head and 64 KiB of body fill one segment and a little of the next, which the cork holds back until the
# client's delayed acknowledgement, 40 ms later (measured: 870 requests/s instead of 17,000). That would flatter us.
nginx_slices() {
    cat <<NGINX
    proxy_cache_path $work/$1/cache levels=1:2 keys_zone=slices:32m max_size=16g inactive=1h use_temp_path=off;
    upstream $1 { server 127.0.0.1:$3; keepalive 64; }
    server {
        listen 127.0.0.1:$2 backlog=1024;
        ${4:-}
        location / {
            slice 1m;
            proxy_pass http://$1;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Range \$slice_range;
            proxy_cache slices;
            proxy_cache_key \$uri\$is_args\$args\$slice_range;
            proxy_cache_valid 200 206 1h;
        }
    }
NGINX
}

# serve_proxy NAME BINARY PORT METRICS_PORT UPSTREAM_PORT LINES: ours, with a cache on disk and these further lines of configuration.
serve_proxy() {
    mkdir -p "$work/$1"
    cat >"$work/$1/pingora_slice.yaml" <<YAML
listen_address: 127.0.0.1:$3
metrics_endpoint: { address: "127.0.0.1:$4" }
upstream_address: 127.0.0.1:$5
enable_l2_cache: true
l2_cache_dir: $work/$1/cache
$6
YAML
    start "$1" "$3" "$2" "$work/$1/pingora_slice.yaml"
}

# serve_two OLD NEW CACHE_SIZE: two binaries and nginx slice before an origin of files of $work/www. Their ports and ids are in two_ports and
# two_pids, by what reports call them: old, new, nginx slice. The old one is started first, which is worth some hundredths by itself (compare.sh).
declare -A two_ports=() two_pids=()
serve_two() {
    local origin old_port old_metrics new_port new_metrics nginx_port
    read -r origin old_port old_metrics new_port new_metrics nginx_port < <("$tool" ports --count 6)
    two_ports=([old]=$old_port [new]=$new_port ['nginx slice']=$nginx_port)
    serve_nginx origin "$origin" "$(nginx_files "$origin")"
    serve_proxy old "$1" "$old_port" "$old_metrics" "$origin" "slice_patterns: ['^/']
cache_size: $3"
    two_pids[old]=$pid
    serve_proxy new "$2" "$new_port" "$new_metrics" "$origin" "slice_patterns: ['^/']
cache_size: $3"
    two_pids[new]=$pid
    serve_nginx nginx "$nginx_port" "$(nginx_slices nginx "$nginx_port" "$origin")"
    two_pids['nginx slice']=$pid
}

# compare_two ROUNDS: calls the script's run SIDE PID PORT ROUND for each of the two in turn, every other round in the other order, with
# NGINX_TOO=1 for nginx slice as well, and prints the medians of $work/results.jsonl.
compare_two() {
    local round side sides bases=(--base old)
    if [ "${NGINX_TOO:-0}" = 1 ]; then bases+=(--base 'nginx slice'); fi
    for round in $(seq 0 "$1"); do
        # The first of each is not counted: code that runs for the first time, connections.
        if [ "$round" = 1 ]; then rm -f "$work/results.jsonl"; fi
        if [ $((round % 2)) = 0 ]; then sides=(old new); else sides=(new old); fi
        if [ "${NGINX_TOO:-0}" = 1 ]; then sides+=('nginx slice'); fi
        for side in "${sides[@]}"; do run "$side" "${two_pids[$side]}" "${two_ports[$side]}" "$round"; done
    done
    "$tool" report --results "$work/results.jsonl" "${bases[@]}"
}

# get PORT PATH: the body of an answer.
get() {
    exec 4<>"/dev/tcp/127.0.0.1/$1"
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&4
    tr -d '\r' <&4 | sed '1,/^$/d'
    exec 4>&-
}

# recycle FILE MIB: on a virtual machine the first touch of a page of memory costs more than all that is measured here, so the page cache is
# filled with MIB and dropped, and the origin's file read again: the pages that the next run takes have been used before. Only root may do so.
recycle() {
    sync
    [ -e "$work/filling" ] || fallocate -l "$2MiB" "$work/filling"
    cat "$work/filling" >/dev/null
    echo 1 >/proc/sys/vm/drop_caches
    cat "$1" >/dev/null
}
