# What the parts of the play have in common. A promise is a line, "ok" or "FAIL"; after a failure come its command's last lines.

work=/var/tmp/verify
mkdir -p $work

section() { printf '\n## %s\n\n' "$*"; }

# say COMMAND: shows a command of the guide, and runs it.
say() {
    printf '  $ %s\n' "$*"
    bash -c "$*" >$work/said 2>&1 && return
    local code=$?
    echo "FAIL that command ends with $code:"
    tail -n 10 $work/said | sed 's/^/       /'
}

check() { # promise command...
    local promise=$1
    shift
    if "$@" >$work/checked 2>&1; then
        echo "ok   $promise"
    else
        echo "FAIL $promise"
        tail -n 15 $work/checked | sed 's/^/       /'
    fi
}

not() { ! "$@"; }

# within SECONDS COMMAND...: whether the condition comes true in that time; shows the last try.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >$work/tried 2>&1; do
        [ $SECONDS -lt $end ] || { cat $work/tried; return 1; }
        sleep 0.1
    done
}

status_is() { local status; status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 "$2"); [ "$status" = "$1" ] || { echo "$2: $status"; return 1; }; }
answers() { status_is 200 "$1"; }
same() { curl -fsS --max-time 60 "$1/downloads/$2" | cmp - "$files/downloads/$2"; }
cached() { curl -fsS -o /dev/null -D - --max-time 60 "$1/downloads/$2" | grep -i '^x-cache: HIT'; }
missed() { curl -fsS -o /dev/null -D - --max-time 60 "$1/downloads/$2" | grep -i '^x-cache: MISS'; }
main_pid() { systemctl show -p MainPID --value "$1"; }
other_main_pid() { local pid; pid=$(main_pid "$1"); [ "$pid" != 0 ] && [ "$pid" != "$2" ]; }
restarts_are() { [ "$(systemctl show -p NRestarts --value "$1")" = "$2" ] || { systemctl show -p NRestarts "$1"; return 1; }; }
journal_has() { journalctl --no-pager -o cat "${@:2}" | grep -e "$1"; }
has_line() { grep -e "$2" "$1"; }
ended() { ! kill -0 "$1" 2>/dev/null; }
health_says() { curl -sS --max-time 5 "http://127.0.0.1:$1/health" | tee $work/health | grep -F "$2" || { cat $work/health; return 1; }; }
cleared() { systemctl reset-failed "$@" 2>/dev/null || :; }

# The origin is a machine of its own, as far as the proxy can tell: a network namespace, and the name of the guide for its address.
files=/srv/origin
origin() {
    mkdir -p $files/downloads
    local n
    for n in 0 1 2 3 4 5; do head -c 20000000 /dev/urandom >$files/downloads/large$n.iso; done
    for n in $(seq 0 63); do head -c 16000 /dev/urandom >$files/downloads/small$n.bin; done
    touch -d '2026-01-01' $files/downloads/*
    ip netns add origin
    ip link add toorigin type veth peer name eth0 netns origin
    ip addr add 10.99.0.1/24 dev toorigin
    ip link set toorigin up
    ip -n origin addr add 10.99.0.2/24 dev eth0
    ip -n origin link set eth0 up
    ip -n origin link set lo up
    echo '127.0.0.1 localhost slicebox cdn.example.com
10.99.0.2 origin.example.com' >/etc/hosts
    cat >/etc/origin.conf <<END
user www-data; worker_processes 1; pid /run/origin.pid; error_log stderr warn; daemon off;
events { worker_connections 1024; }
http { access_log off; server { listen 80; root $files; } }
END
    printf '[Service]\nNetworkNamespacePath=/run/netns/origin\nExecStart=/usr/sbin/nginx -c /etc/origin.conf\n' >/etc/systemd/system/origin.service
    systemctl daemon-reload
    systemctl start origin
    within 10 curl -fs -o /dev/null http://origin.example.com/downloads/small0.bin || echo "FAIL the origin of the play answers"
}

# Clients that compare every byte (load.py), with wrk beside them; "load URL OPTIONS", then "load_ends", then the promises below.
load() { # host:port options...
    python3 /verify/systemd/verify/load.py "$1" $files/downloads "${@:2}" >$work/load 2>&1 &
    load_pid=$!
    wrk -t 1 -c 16 -d 90 --timeout 20s "http://$1/downloads/small1.bin" >$work/wrk 2>&1 &
    wrk_pid=$!
    sleep 1
}
load_ends() {
    sleep 1
    kill -INT $wrk_pid
    kill -TERM $load_pid
    wait $wrk_pid $load_pid
    sed 's/^/       /' $work/load
    grep -E 'requests in|Socket errors|Non-2xx' $work/wrk | sed 's/^ */       wrk: /'
}
figure() { sed -n "1s/.*\b$1 \([0-9.]*\).*/\1/p" $work/load; }
load_is_content() { [ "$(figure failed)" = 0 ] && [ "$(figure wrong)" = 0 ] && grep 'requests in' $work/wrk && ! grep -E 'Socket errors|Non-2xx' $work/wrk; }
load_is_quick() { awk -v slowest="$(figure slowest)" 'BEGIN { exit !(slowest != "" && slowest <= 2) }'; }
load_is_at_least() { [ $(($(figure requests) + $(awk '/requests in/ { print $1 }' $work/wrk))) -ge "$1" ]; }
