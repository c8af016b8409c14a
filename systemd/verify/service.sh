# The shipped units: start, status, endpoints, sandbox, reload, watchdog, and what an operator meets when something is wrong.

service() {
    section "Service"
    say 'sudo install -m 644 /verify/systemd/pingora-slice.service /verify/systemd/pingora-slice@.service /etc/systemd/system/'
    say 'sudo install -m 644 /verify/systemd/pingora-slice.socket /verify/systemd/pingora-slice@.socket /etc/systemd/system/'
    say 'sudo chmod 700 /var/cache/pingora-slice'
    say 'sudo systemctl daemon-reload'
    say 'sudo systemctl enable pingora-slice'
    say 'sudo systemctl start pingora-slice'
    check "start returns when it listens" answers http://localhost:8080/health
    check "it is enabled" systemctl is-enabled pingora-slice
    check "systemctl status says what it does" within 15 bash -c 'systemctl status --no-pager pingora-slice | grep -E "Status: .*answered; .*cache"'
    check "journalctl -u has its lines" journal_has 'event=listening' -u pingora-slice -n 100
    endpoints
    sandbox
    reload
    watchdog
    troubles
}

endpoints() {
    check "curl http://localhost:9090/health says healthy" health_says 9090 healthy
    check "and that the cache is on disk" health_says 9090 '"cache":"disk"'
    check "curl http://localhost:9090/metrics has the guide's figures" bash -c \
        'test "$(curl -s http://localhost:9090/metrics | grep -cE "^pingora_slice_(cache_hit_rate|subrequest_failure_rate|.*duration_ms_avg) ")" = 5'
    check "a download is right" same http://localhost:8080 large1.iso
    check "curl -r 0-0 is answered 206 with one byte" bash -c \
        'test "$(curl -s -r 0-0 -o /dev/null -w "%{http_code} %{size_download}" http://localhost:8080/downloads/large1.iso)" = "206 1"'
    check "and comes from the cache" cached http://localhost:8080 large1.iso
    say 'curl -X PURGE http://127.0.0.1:9090/downloads/large1.iso'
    check "after which the origin is asked again" missed http://localhost:8080 large1.iso
    check "PURGE on the port of clients is refused without a token" bash -c \
        'curl -s -o /dev/null -w "%{http_code}" -X PURGE http://localhost:8080/downloads/large1.iso | grep -E "40[135]"'
    check "lsof -i finds both ports" bash -c 'lsof -nP -i :8080 | grep LISTEN && lsof -nP -i :9090 | grep LISTEN'
    check "inspect shows what is cached" within 5 bash -c 'sudo -u pingora-slice /opt/pingora-slice/pingora-slice inspect /var/cache/pingora-slice | grep large1.iso'
    check "du -sh tells what is used, within 64 MiB and the index" bash -c 'size=$(du -sm /var/cache/pingora-slice | cut -f 1); echo $size; [ $size -ge 40 ] && [ $size -le 192 ]'
}

sandbox() {
    local unit exposure
    systemctl start pingora-slice@8081
    for unit in pingora-slice.service pingora-slice@8081.service; do
        exposure=$(systemd-analyze security --no-pager $unit | awk '/Overall exposure/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) print $i }')
        check "systemd-analyze security $unit: $exposure, at most 1.5" systemd-analyze security --no-pager --threshold=15 $unit
    done
    systemctl stop pingora-slice@8081
    # There are no manual pages in this small root.
    check "systemd-analyze verify finds nothing" bash -c \
        "! systemd-analyze verify pingora-slice.service pingora-slice@8081.service pingora-slice.socket pingora-slice@8081.socket 2>&1 | grep pingora | grep -v 'Command .man '"
}

reload() {
    section "Reload"
    local pid configuration=/opt/pingora-slice/pingora_slice.yaml
    pid=$(main_pid pingora-slice)
    say "sudo sed -i 's/cache_ttl: 3600/cache_ttl: 7200/' $configuration"
    check "systemctl reload takes a changed key" systemctl reload pingora-slice
    check "and says so" journal_has 'event=reloaded' -u pingora-slice
    cp $configuration $work/right.yaml
    printf 'slice_sise: 4\naccess_log:\n  path: /var/log/pingora-slice/wrong.log\n' >>$configuration
    check "systemctl reload fails when the configuration is wrong" not systemctl reload pingora-slice
    check "and the journal names the key" journal_has slice_sise -u pingora-slice
    check "and nothing has changed" bash -c \
        "curl -fs -o /dev/null http://localhost:8080/downloads/small1.bin && ! test -e /var/log/pingora-slice/wrong.log && test \$(systemctl show -p MainPID --value pingora-slice) = $pid"
    cp $work/right.yaml $configuration
    check "mended, it reloads again" systemctl reload pingora-slice
    check "all that by the same process" test "$(main_pid pingora-slice)" = "$pid"
}

watchdog() {
    section "Watchdog"
    check "it is armed with 30 s" bash -c 'systemctl show -p WatchdogUSec pingora-slice | grep "=30s"'
    mkdir -p /run/systemd/system/pingora-slice.service.d
    printf '[Service]\nWatchdogSec=3s\nRestartSec=100ms\n' >/run/systemd/system/pingora-slice.service.d/short.conf
    systemctl daemon-reload
    systemctl restart pingora-slice
    local pid
    pid=$(main_pid pingora-slice)
    sleep 4
    check "a process that serves is left alone (with 3 s, for this play)" test "$(main_pid pingora-slice)" = "$pid"
    kill -STOP "$pid"
    check "one that hangs is replaced" within 20 other_main_pid pingora-slice "$pid"
    check "and serves" within 10 same http://localhost:8080 large1.iso
    rm -r /run/systemd/system/pingora-slice.service.d
    systemctl daemon-reload
    systemctl restart pingora-slice
}

troubles() {
    section "What goes wrong"
    systemctl stop pingora-slice
    rm -rf /var/cache/pingora-slice/*
    timeout -s TERM 3 /opt/pingora-slice/pingora-slice /opt/pingora-slice/pingora_slice.yaml >/dev/null 2>&1
    check "files that a debugging run of root's has left stop the start" not systemctl start pingora-slice
    check "and the journal names the command that mends them" journal_has 'chown -R' -u pingora-slice
    systemctl stop pingora-slice
    say 'sudo chown -R pingora-slice:pingora-slice /var/cache/pingora-slice'
    cleared pingora-slice
    say 'sudo systemctl start pingora-slice'
    check "after it, it starts" same http://localhost:8080 large1.iso
    say "sudo sh -c 'rm -rf /var/cache/pingora-slice/*'"
    check "the cache emptied under the running service costs no byte" same http://localhost:8080 large1.iso
    sleep 2
    check "and fills again" bash -c 'curl -s -o /dev/null http://localhost:8080/downloads/large1.iso; curl -s -o /dev/null -D - http://localhost:8080/downloads/large1.iso | grep -i "^x-cache: HIT"'
    systemctl stop origin
    check "what is cached is served without the origin" same http://localhost:8080 large1.iso
    check "what is not is a 502 or 504" bash -c 'curl -s -o /dev/null -w "%{http_code}" http://localhost:8080/downloads/small63.bin | grep -E "50[24]"'
    check "and the journal says why" within 5 journal_has 'event=origin_failed.*connection_refused' -u pingora-slice
    systemctl start origin
    check "the origin back, it serves again" within 20 same http://localhost:8080 small63.bin
}
