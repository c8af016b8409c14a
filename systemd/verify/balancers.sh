# HAProxy and nginx before three instances, with the shipped configurations and with those of the guide.

behind_haproxy() {
    section "Behind HAProxy, under load: one killed, one upgraded, one reloaded"
    say 'sudo install -m 644 /verify/systemd/haproxy.cfg /etc/haproxy/haproxy.cfg'
    say 'sudo haproxy -c -f /etc/haproxy/haproxy.cfg'
    say 'sudo systemctl restart haproxy'
    check "HAProxy's checks find the instances" within 10 same http://localhost:80 small2.bin
    local killed upgraded since
    since=$(date '+%Y-%m-%d %H:%M:%S')
    killed=$(main_pid pingora-slice@8080)
    upgraded=$(main_pid pingora-slice@8081)
    load localhost:80 --slow 6
    sleep 1
    say 'sudo systemctl kill -s KILL --kill-whom=main pingora-slice@8080'
    sleep 1
    say 'sudo systemctl kill -s USR2 --kill-whom=main pingora-slice@8081'
    sleep 1
    say 'sudo systemctl reload pingora-slice@8082'
    check "the one that was upgraded has another main process" within 30 other_main_pid pingora-slice@8081 "$upgraded"
    check "the old one ends" within 40 ended "$upgraded"
    check "the one that was killed is started again" within 20 other_main_pid pingora-slice@8080 "$killed"
    check "and gets requests again" within 20 bash -c "curl -s http://localhost:9090/metrics | awk '\$1 == \"pingora_slice_requests_total\" { exit !(\$2 > 100) }'"
    load_ends
    promises "all that"
    check "its cache is on disk again" health_says 9090 '"cache":"disk"'
    check "the one that was upgraded has its cache again" within 20 health_says 9091 '"cache":"disk"'
    check "nobody in the journal misses a child" not journal_has 'not our child' --since "$since"

    load localhost:80 --slow 2
    say 'sudo systemctl restart pingora-slice@8082'
    load_ends
    promises "the restart of an instance"
    systemctl stop haproxy
}

behind_nginx() {
    section "Behind nginx"
    say 'sudo install -m 644 /verify/systemd/nginx.conf /etc/nginx/conf.d/pingora-slice.conf'
    say 'sudo rm -f /etc/nginx/sites-enabled/default'
    say 'sudo nginx -t'
    say 'sudo systemctl restart nginx'
    check "a download through it is right" same http://localhost:80 large4.iso
    check "/health through it" answers http://localhost/health
    check "/metrics through it, for this machine" bash -c 'curl -fs http://localhost/metrics | grep pingora_slice_requests_total'
    check "PURGE through it is refused" bash -c 'curl -s -o /dev/null -w "%{http_code}" -X PURGE http://localhost/downloads/large4.iso | grep 403'
    load localhost:80 --slow 2
    say 'sudo systemctl restart pingora-slice@8080'
    load_ends
    promises "the restart of an instance"
    systemctl stop nginx
}

behind_the_guides_own() {
    section "Behind HAProxy and nginx with the guide's own configurations"
    say 'sudo install -m 644 /verify/systemd/verify/guide-haproxy.cfg /etc/haproxy/haproxy.cfg'
    say 'sudo systemctl restart haproxy'
    check "a download through HAProxy is right" within 10 same http://localhost:80 large5.iso
    load localhost:80 --slow 2
    # Its checks take up to 7 s to notice, which is the template unit's --drain-delay.
    say 'sudo systemctl restart pingora-slice@8081'
    load_ends
    promises "the restart of an instance"
    systemctl stop haproxy

    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=cdn.example.com -addext subjectAltName=DNS:cdn.example.com \
        -keyout /etc/ssl/private/cdn.example.com.key -out /etc/ssl/certs/cdn.example.com.crt 2>/dev/null
    rm /etc/nginx/conf.d/pingora-slice.conf
    cp /verify/systemd/verify/guide-nginx.conf /etc/nginx/sites-available/pingora-slice
    say 'sudo ln -s /etc/nginx/sites-available/pingora-slice /etc/nginx/sites-enabled/'
    say 'sudo nginx -t'
    say 'sudo systemctl restart nginx'
    check "a download through nginx is right, by TLS and HTTP/2" bash -c \
        "curl -fsS --http2 --cacert /etc/ssl/certs/cdn.example.com.crt https://cdn.example.com/downloads/large5.iso | cmp - $files/downloads/large5.iso"
    check "/health through it" bash -c 'curl -fsS --cacert /etc/ssl/certs/cdn.example.com.crt https://cdn.example.com/health | grep healthy'
    check "/metrics through it, from 10.0.0.0/8" bash -c \
        'curl -fsS --cacert /etc/ssl/certs/cdn.example.com.crt --resolve cdn.example.com:443:10.99.0.1 https://cdn.example.com/metrics | grep pingora_slice_requests_total'
    check "and from nowhere else" bash -c \
        'curl -s -o /dev/null -w "%{http_code}" --cacert /etc/ssl/certs/cdn.example.com.crt https://cdn.example.com/metrics | grep 403'
    systemctl stop nginx
}
