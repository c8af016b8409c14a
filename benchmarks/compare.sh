#!/usr/bin/env bash
# Compares two binaries of pingora-slice on warm work, in turn, and prints medians and ratios: does a change cost anything?
#
#   bash benchmarks/compare.sh OLD NEW             SIZES="4096" ROUNDS=15 for a closer look at one size of range
#
# Whichever comes second is a few percent slower on small ranges, so it runs both orders; the geometric mean of a ratio of the first
# order and the inverse of that of the second is the difference. Needs nginx as origin. Close everything else.
set -euo pipefail

old=$(realpath "${1:?usage: bash benchmarks/compare.sh OLD NEW}")
new=$(realpath "${2:?usage: bash benchmarks/compare.sh OLD NEW}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build benchmarks -c Release -v quiet -nologo
tool=benchmarks/bin/Release/net10.0/Slice.Benchmarks
work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-compare.XXXXXX")
object_bytes=$((1 << 28))
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    pids=()
}
trap 'stop; rm -rf "$work"' EXIT

serve() { # name binary port metrics-port origin-port
    mkdir -p "$work/$1"
    cat >"$work/$1/pingora_slice.yaml" <<YAML
upstream_address: 127.0.0.1:$5
slice_patterns: ["^/"]
listen_address: 127.0.0.1:$3
metrics_endpoint:
  address: 127.0.0.1:$4
enable_l2_cache: true
l2_cache_dir: $work/$1/cache
cache_size: 1GiB
YAML
    "$2" "$work/$1/pingora_slice.yaml" 2>/dev/null &
    pids+=($!)
}

compare() { # first second results
    mkdir -p "$work/www" "$work/origin"
    read -r origin port_a metrics_a port_b metrics_b < <($tool ports --count 5)
    [ -e "$work/www/object.bin" ] || $tool content --file "$work/www/object.bin" --bytes $object_bytes >/dev/null
    temp=$(for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/origin/$kind;"; done)
    user=$([ "$(id -u)" != 0 ] || echo "user root;")
    cat >"$work/origin/nginx.conf" <<NGINX
$user
daemon off; worker_processes 1; pid $work/origin/nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http { $temp access_log off; sendfile on; server { listen 127.0.0.1:$origin; root $work/www; } }
NGINX
    nginx -p "$work/origin" -c "$work/origin/nginx.conf" -e stderr &
    pids+=($!)
    serve a "$1" "$port_a" "$metrics_a" "$origin"
    a=${pids[-1]}
    serve b "$2" "$port_b" "$metrics_b" "$origin"
    b=${pids[-1]}
    sleep 1
    for port in "$port_a" "$port_b"; do
        $tool load full --target "http://127.0.0.1:$port/object.bin" --clients 1 --rounds 2 >/dev/null
    done

    for size in ${SIZES:-4096 65536 1048576}; do
        for _ in $(seq "${ROUNDS:-5}"); do
            for side in "a $port_a $a" "b $port_b $b"; do
                read -r name port pid <<<"$side"
                $tool load range --target "http://127.0.0.1:$port/object.bin" --clients 32 --size $size --object-bytes $object_bytes \
                    --seconds 2 --side "$name" --work "$size" --pid "$pid" --results "$3" >/dev/null
            done
        done
    done
    stop
    rm -rf "$work/a" "$work/b"
    $tool report --results "$3" --base a
}

echo "a is $old, b is $new"
compare "$old" "$new" "$work/first"
echo "a is $new, b is $old"
compare "$new" "$old" "$work/second"
