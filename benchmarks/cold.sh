#!/usr/bin/env bash
# Compares two binaries of pingora-slice on a cold object, in turn: CPU and time of a download that fetches and stores all of it.
#
#   sudo bash benchmarks/cold.sh OLD NEW           ROUNDS=6 MIB=1024; beside nginx slice with NGINX_TOO=1
#
# On a virtual machine the first touch of a page of memory costs more than all that is measured here. So before each run the page cache is
# filled with 5 GiB and dropped (root), and the origin's file is read again: the pages that the run takes have been used before.
# Needs nginx as origin, and 10 GiB of disk. Close everything else.
set -euo pipefail

old=$(realpath "${1:?usage: bash benchmarks/cold.sh OLD NEW}")
new=$(realpath "${2:?usage: bash benchmarks/cold.sh OLD NEW}")
rounds=${ROUNDS:-6} object_mib=${MIB:-1024}
[ "$(id -u)" = 0 ] || { echo "cold: page caches are dropped by root only" >&2; exit 1; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin
dotnet build benchmarks -c Release -v quiet -nologo
tool=$PWD/benchmarks/bin/Release/net10.0/Slice.Benchmarks
work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-cold.XXXXXX")
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
}
trap 'stop; rm -rf "$work"' EXIT
chmod 755 "$work"

read -r origin port_a metrics_a port_b metrics_b port_n < <($tool ports --count 6)
mkdir -p "$work/www" "$work/nginx"
$tool content --file "$work/www/object.bin" --bytes $((object_mib << 20)) >/dev/null
fallocate -l 5G "$work/filling"
temp=$(for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/nginx/$kind;"; done)
cat >"$work/origin.conf" <<NGINX
user root; daemon off; worker_processes 1; pid $work/origin.pid; error_log stderr warn;
events { worker_connections 1024; }
http { $temp access_log off; sendfile on; server { listen 127.0.0.1:$origin; root $work/www; } }
NGINX
cat >"$work/nginx.conf" <<NGINX
user root; daemon off; worker_processes 1; pid $work/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http {
    $temp access_log off; sendfile on;
    proxy_cache_path $work/nginx/cache levels=1:2 keys_zone=slices:32m max_size=3g use_temp_path=off;
    upstream origin { server 127.0.0.1:$origin; keepalive 64; }
    server {
        listen 127.0.0.1:$port_n;
        location / {
            slice 1m; proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Range \$slice_range;
            proxy_cache slices; proxy_cache_key \$uri\$is_args\$args\$slice_range; proxy_cache_valid 200 206 1h;
        }
    }
}
NGINX
nginx -p "$work" -c "$work/origin.conf" -e stderr &
pids+=($!)
serve() { # name binary port metrics-port
    mkdir -p "$work/$1"
    cat >"$work/$1/pingora_slice.yaml" <<YAML
upstream_address: 127.0.0.1:$origin
slice_patterns: ["^/"]
listen_address: 127.0.0.1:$3
metrics_endpoint: { address: "127.0.0.1:$4" }
enable_l2_cache: true
l2_cache_dir: $work/$1/cache
cache_size: 3GiB
YAML
    "$2" "$work/$1/pingora_slice.yaml" 2>/dev/null &
    pids+=($!)
}
serve old "$old" "$port_a" "$metrics_a"
pid_a=${pids[-1]}
serve new "$new" "$port_b" "$metrics_b"
pid_b=${pids[-1]}
nginx -p "$work" -c "$work/nginx.conf" -e stderr &
pids+=($!)
pid_n=${pids[-1]}
sleep 1

recycle() {
    sync
    cat "$work/filling" >/dev/null
    echo 1 >/proc/sys/vm/drop_caches
    cat "$work/www/object.bin" >/dev/null
}
run() { # side pid port round
    recycle
    $tool load full --target "http://127.0.0.1:$3/object.bin?round=$4" --clients 1 --rounds 1 --settle-ms 500 \
        --work "cold, $object_mib MiB" --side "$1" --pid "$2" --results "$work/results.jsonl" >/dev/null
}
for round in $(seq 0 "$rounds"); do
    # The first of each is not counted: code that runs for the first time, connections.
    if [ "$round" = 1 ]; then rm -f "$work/results.jsonl"; fi
    if [ $((round % 2)) = 0 ]; then order="old new"; else order="new old"; fi
    for side in $order; do
        if [ $side = old ]; then run old "$pid_a" "$port_a" "$round"; else run new "$pid_b" "$port_b" "$round"; fi
    done
    if [ "${NGINX_TOO:-0}" = 1 ]; then run "nginx slice" "$pid_n" "$port_n" "$round"; fi
done
base=(--base old)
if [ "${NGINX_TOO:-0}" = 1 ]; then base+=(--base "nginx slice"); fi
$tool report --results "$work/results.jsonl" "${base[@]}"
