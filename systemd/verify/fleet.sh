# Three instances of the template unit behind balancers (balancers.sh), watched by Debian's Prometheus with the shipped rules; their logs in
# files that logrotate rotates, and in the journal.

fleet() {
    section "Three instances"
    local port
    say 'sudo systemctl enable --now pingora-slice@8080 pingora-slice@8081 pingora-slice@8082'
    for port in 8080 8081 8082; do check "the instance on $port serves" within 10 same http://localhost:$port small2.bin; done
    for port in 9090 9091 9092; do check "and has its metrics on $port" health_says $port '"cache":"disk"'; done
    prometheus_begins
    behind_haproxy
    behind_nginx
    behind_the_guides_own
    logs
    prometheus_alerts
    say 'sudo systemctl disable --now pingora-slice@8080 pingora-slice@8081 pingora-slice@8082'
    check "a stop ends each with code 0" bash -c \
        'for port in 8080 8081; do test "$(systemctl show -p Result -p ExecMainStatus --value pingora-slice@$port | tr "\n" " ")" = "success 0 " || exit 1; done'
    systemctl stop haproxy nginx prometheus
}

logs() {
    section "Logs"
    local configuration=/opt/pingora-slice/pingora_slice.yaml
    printf 'access_log:\n  path: /var/log/pingora-slice/access.log\n  format: combined\n' >>$configuration
    say 'sudo systemctl reload pingora-slice@8080 pingora-slice@8081'
    same http://localhost:8080 small3.bin >/dev/null
    check "the access log has a line for a request, as nginx writes it" within 5 has_line /var/log/pingora-slice/access.log \
        '^127.0.0.1 - - \[.*\] "GET /downloads/small3.bin HTTP/1.1" 200 16000 '
    say 'sudo install -m 644 /verify/systemd/logrotate /etc/logrotate.d/pingora-slice'
    say 'sudo logrotate -f /etc/logrotate.d/pingora-slice'
    check "logrotate has put the file aside" has_line /var/log/pingora-slice/access.log.1 small3.bin
    same http://localhost:8080 small4.bin >/dev/null
    same http://localhost:8081 small5.bin >/dev/null
    check "lines go into the new one, of one instance" within 5 has_line /var/log/pingora-slice/access.log small4.bin
    check "and of the other" within 5 has_line /var/log/pingora-slice/access.log small5.bin
    check "and no more into the old one" not has_line /var/log/pingora-slice/access.log.1 'small[45].bin'
    say 'sudo logrotate -f /etc/logrotate.d/pingora-slice'
    check "rotated twice, the older one is compressed" bash -c 'zcat /var/log/pingora-slice/access.log.2.gz | grep small3.bin'

    sed -i 's:path. /var/log/pingora-slice/access.log:path\: journal:; s:format. combined:format\: json:' $configuration
    say 'sudo systemctl reload pingora-slice@8080'
    same http://localhost:8080 small6.bin >/dev/null
    check "access_log.path: journal sends lines to journald" within 5 journal_has '"target":"/downloads/small6.bin"' -t pingora-slice-access
    check "under the unit of the instance" within 5 journal_has small6.bin -u pingora-slice@8080 -t pingora-slice-access
    check "journalctl --vacuum-time=7d works beside it" journalctl --vacuum-time=7d
}

prometheus_begins() {
    section "Prometheus"
    say 'sudo install -d /etc/prometheus/pingora-slice'
    say 'sudo install -m 644 /verify/systemd/monitoring/alerts-guide.yml /verify/systemd/monitoring/alerts.yml /verify/systemd/monitoring/recording.yml /etc/prometheus/pingora-slice/'
    # Every second instead of every 15, as nobody waits here.
    sed 's/: 15s/: 1s/; s/: 10s/: 1s/' /verify/systemd/monitoring/prometheus-three.yml >/etc/prometheus/prometheus.yml
    say 'sudo promtool check config /etc/prometheus/prometheus.yml'
    echo 'ARGS="--web.listen-address=127.0.0.1:9190"' >/etc/default/prometheus
    say 'sudo systemctl restart prometheus'
    check "it scrapes three instances" within 20 asked 'sum(up{job="pingora-slice"})' '"3"'
    check "the guide's alerts are loaded, and ours" bash -c \
        'curl -fs http://127.0.0.1:9190/api/v1/rules >/var/tmp/verify/rules; for name in HighCacheMissRate HighSubrequestFailureRate ServiceDown PingoraSliceCacheInMemory; do grep -q "\"$name\"" /var/tmp/verify/rules || exit 1; done'
}

prometheus_alerts() {
    section "Prometheus, after all that"
    local query
    for query in 'rate(pingora_slice_requests_total[5m])' pingora_slice_cache_hit_rate pingora_slice_subrequest_failure_rate \
        'rate(pingora_slice_bytes_to_client_total[5m])' pingora_slice_request_duration_ms_avg; do
        check "the guide's panel has values: $query" asked "$query" '"value":\[[0-9.]*,"[0-9]'
    done
    check "no alert of the guide fires" not asked 'ALERTS{alertname=~"ServiceDown|High.*",alertstate="firing"}' '"value"'
    say 'sudo systemctl stop pingora-slice@8082'
    check "an instance down, ServiceDown fires after its minute" within 75 asked 'ALERTS{alertname="ServiceDown",alertstate="firing",instance="localhost:9092"}' '"value"'
    say 'sudo systemctl start pingora-slice@8082'
    check "the instance back, it stops" within 10 not asked 'ALERTS{alertname="ServiceDown",alertstate="firing"}' '"value"'
}

asked() { curl -fs --get http://127.0.0.1:9190/api/v1/query --data-urlencode "query=$1" | grep -E -e "$2"; }
