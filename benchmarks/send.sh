#!/usr/bin/env bash
# What sending a file in the page cache costs by each way that the kernel offers: send of a mapping, sendfile, MSG_ZEROCOPY. One thread on
# one core sends, a receiver on the other drops the bytes uncopied; over loopback, and as root across a veth pair, too.
set -euo pipefail
# A run that fails ends the script, also inside $( ).
shopt -s inherit_errexit

usage() {
    cat <<'END'
send.sh [options]

  --rounds N       default 5; a figure is the median of the rounds, which take turns
  --piece BYTES    what one system call is given at most (default: 1 MiB, a slice)
  --output FILE    the record, Markdown (default: standard output)

Takes six minutes. Needs two cores; for the veth pair root and ip (Debian's package iproute2). Close everything else.
END
}

source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

rounds=5 piece=$((1 << 20)) output=/dev/stdout
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=${2:?--rounds needs a number}; shift ;;
        --piece) piece=${2:?--piece needs a number}; shift ;;
        --output) output=$(realpath -m "${2:?--output needs a path}"); shift ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 64 ;;
    esac
    shift
done
prepare

# 256 MiB, as the object of compare-all.
"$tool" content --file "$work/file" --bytes $((256 << 20))
total=$((4 << 30)) methods=(mapping sendfile zerocopy) lanes=(loopback)
space=pslice-send-$$
if [ "$(id -u)" = 0 ] && command -v ip >/dev/null && ip netns add "$space" 2>/dev/null; then
    # In a namespace of its own, or the kernel would take the short way over loopback.
    trap 'status=$?; ip netns del "$space" || true; finish $status' EXIT
    ip link add psend0 type veth peer name psend1 netns "$space"
    ip address add 10.213.71.1/30 dev psend0
    ip link set psend0 up
    ip netns exec "$space" ip address add 10.213.71.2/30 dev psend1
    ip netns exec "$space" ip link set psend1 up
    lanes+=(veth)
else
    echo "send: no veth pair: that needs root and ip" >&2
fi

# once LANE METHOD CONNECTIONS: a line of figures in $figures.
once() {
    local address=127.0.0.1 inside=() port
    if [ "$1" = veth ]; then address=10.213.71.1 inside=(ip netns exec "$space"); fi
    port=$("$tool" ports --count 1)
    "${inside[@]}" taskset -c 1 "$tool" drain --target "$address:$port" --connections "$3" --bytes $((total / $3)) &
    pids+=($!)
    figures=$(taskset -c 0 "$tool" send --listen "$address:$port" --file "$work/file" --method "$2" --connections "$3" --bytes $((total / $3)) --piece "$piece")
    wait "${pids[-1]}" || die "$1, $2, $3 connections: the receiver failed"
    unset 'pids[-1]'
}
for round in $(seq "$rounds"); do
    for lane in "${lanes[@]}"; do
        for connections in 1 4 32; do
            for method in "${methods[@]}"; do
                once "$lane" "$method" "$connections"
                printf '%s\t%s\t%s\t%s\n' "$lane" "$connections" "$method" "$figures" | tee -a "$work/runs" >&2
            done
        done
    done
done

{
    echo "# What sending costs"
    echo
    echo "\`bash benchmarks/send.sh --rounds $rounds --piece $piece\`: a file of 256 MiB in the page cache, 4 GiB in all, pieces of at most $((piece >> 10)) KiB; medians, with the least and the most. CPU of the sender, on a core of its own."
    echo "$(sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo), kernel $(uname -r), commit $(git -C "$benchmarks" rev-parse --short HEAD)."
    echo
    echo "| | connections | way | CPU s/GiB | GiB/s | KiB per call | copied all the same |"
    echo "| --- | --: | --- | --: | --: | --: | --: |"
    for lane in "${lanes[@]}"; do
        for connections in 1 4 32; do
            for method in "${methods[@]}"; do
                # column NUMBER: median of a figure, then least and most.
                column() {
                    awk -F '\t' -v lane="$lane" -v count="$connections" -v way="$method" -v column="$1" \
                        '$1 == lane && $2 == count && $3 == way { print $column }' "$work/runs" | sort -g |
                        awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)], all[1], all[NR] }'
                }
                read -r cpu least most < <(column 4)
                read -r speed _ < <(column 5)
                read -r per_call _ < <(column 6)
                read -r copied _ < <(column 7)
                echo "| $lane | $connections | $method | $cpu ($least–$most) | $speed | $per_call | $([ "$method" = zerocopy ] && awk "BEGIN { printf \"%.0f %%\", 100 * $copied }") |"
            done
        done
    done
} >"$output"
