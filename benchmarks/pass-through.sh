#!/usr/bin/env bash
# What a request that is passed through costs, beside nginx's proxy_pass without buffering: one origin, rounds in turn, medians and ratios.
#
#   bash benchmarks/pass-through.sh BINARY          ROUNDS=9 for a closer look
#
# Two works: answers of 4 KiB over 32 connections, and a whole object of 256 MiB over four. Our side passes both through, because the path
# is not sliced and its parts are not cached. Needs nginx. Close everything else.
set -euo pipefail

binary=$(realpath "${1:?usage: bash benchmarks/pass-through.sh BINARY}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build benchmarks -c Release -v quiet -nologo
tool=benchmarks/bin/Release/net10.0/Slice.Benchmarks
nginx=${NGINX:-/usr/sbin/nginx}
work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-pass.XXXXXX")
object_bytes=$((1 << 28))
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
}
trap 'stop; rm -rf "$work"' EXIT

read -r origin_port nginx_port our_port metrics_port < <($tool ports --count 4)
mkdir -p "$work/www" "$work/origin" "$work/nginx"
$tool content --file "$work/www/object.bin" --bytes $object_bytes >/dev/null

serve_nginx() { # name http-block
    local temp user
    temp=$(for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/$1/$kind;"; done)
    user=$([ "$(id -u)" != 0 ] || echo "user root;")
    cat >"$work/$1/nginx.conf" <<NGINX
$user
daemon off; worker_processes 1; pid $work/$1/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http { $temp access_log off; keepalive_requests 100000000; $2 }
NGINX
    "$nginx" -p "$work/$1" -c "$work/$1/nginx.conf" -e stderr &
    pids+=($!)
}

serve_nginx origin "sendfile on; server { listen 127.0.0.1:$origin_port; root $work/www; }"
serve_nginx nginx "upstream origin { server 127.0.0.1:$origin_port; keepalive 64; keepalive_requests 100000000; }
    server { listen 127.0.0.1:$nginx_port;
             location / { proxy_pass http://origin; proxy_buffering off; proxy_http_version 1.1; proxy_set_header Connection ''; } }"
nginx_pid=${pids[-1]}
cat >"$work/pingora_slice.yaml" <<YAML
upstream_address: 127.0.0.1:$origin_port
slice_patterns: ["^/nothing/"]
cache_unsliced: false
listen_address: 127.0.0.1:$our_port
l1_cache_size_bytes: 64MiB
metrics_endpoint:
  address: 127.0.0.1:$metrics_port
YAML
"$binary" "$work/pingora_slice.yaml" 2>"$work/log" &
our_pid=$!
pids+=("$our_pid")
sleep 1.5

load() { # work side pid port mode arguments...
    local of=$1 side=$2 pid=$3 port=$4 mode=$5
    shift 5
    $tool load "$mode" --target "http://127.0.0.1:$port/object.bin" --work "$of" --side "$side" --pid "$pid" --results "$work/results" "$@" >/dev/null
}

for _ in $(seq "${ROUNDS:-5}"); do
    for side in "nginx $nginx_pid $nginx_port" "pingora-slice $our_pid $our_port"; do
        read -r name pid port <<<"$side"
        load "4 KiB answers x32" "$name" "$pid" "$port" range --clients 32 --size 4096 --object-bytes $object_bytes --seconds "${SECONDS_EACH:-2}"
    done
done
for _ in $(seq "${ROUNDS:-5}"); do
    for side in "nginx $nginx_pid $nginx_port" "pingora-slice $our_pid $our_port"; do
        read -r name pid port <<<"$side"
        load "whole object x4" "$name" "$pid" "$port" full --clients 4 --rounds 1
    done
done
$tool report --results "$work/results" --base nginx
