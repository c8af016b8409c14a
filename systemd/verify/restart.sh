# Under load: restarts with the sockets in systemd's hands, and upgrades of the binary by SIGUSR2. No request fails, and no connection waits.

restart() {
    section "Restart with socket activation, under load"
    say 'sudo systemctl stop pingora-slice'
    say 'sudo systemctl enable --now pingora-slice.socket'
    check "the first client starts the service" within 10 answers http://localhost:8080/health
    same http://localhost:8080 large2.iso >/dev/null
    restarts
    # Whatever else this machine does may hold a process up for a second, but hardly twice.
    if load_is_content >/dev/null && ! load_is_quick; then
        echo "       played again, for the wait"
        restarts
    fi
    promises "three restarts"
    check "a slow download through them is right" cmp $work/slow $files/downloads/large2.iso
    check "the cache is warm after them" cached http://localhost:8080 large2.iso

    section "Upgrade of the binary, under load"
    local pid since slow
    pid=$(main_pid pingora-slice)
    since=$(date '+%Y-%m-%d %H:%M:%S')
    load localhost:8080
    curl -fsS --limit-rate 4M -o $work/slow http://localhost:8080/downloads/large2.iso 2>$work/slow.err &
    slow=$!
    sleep 1
    say 'sudo install -m 755 /verify/pingora-slice /opt/pingora-slice/pingora-slice'
    say 'sudo systemctl kill -s USR2 --kill-whom=main pingora-slice'
    check "the main process is another one" within 30 other_main_pid pingora-slice "$pid"
    check "the old one finishes and ends" within 40 ended "$pid"
    wait $slow
    check "a slow download through it is right" cmp $work/slow $files/downloads/large2.iso
    check "the new one has taken the cache over" within 20 health_says 9090 '"cache":"disk"'
    check "it is the new binary" bash -c 'cmp /proc/$(systemctl show -p MainPID --value pingora-slice)/exe /verify/pingora-slice'
    systemctl reload pingora-slice
    load_ends
    promises "an upgrade and a reload"
    check "systemd has it active, and has restarted nothing" bash -c 'systemctl is-active pingora-slice'
    check "NRestarts is 0" restarts_are pingora-slice 0
    check "nobody in the journal misses a child" not journal_has 'not our child' --since "$since"

    pid=$(main_pid pingora-slice)
    load localhost:8080
    say 'sudo systemctl restart pingora-slice'
    check "a restart after the upgrade is one of the new process" other_main_pid pingora-slice "$pid"
    load_ends
    promises "that restart"
    say 'sudo systemctl disable --now pingora-slice.socket'
    say 'sudo systemctl stop pingora-slice'
}

restarts() {
    load localhost:8080
    curl -fsS --limit-rate 4M -o $work/slow http://localhost:8080/downloads/large2.iso 2>$work/slow.err &
    local slow=$! since
    # A download that begins in the moment of the stop may hold the next process up.
    within 10 test -s $work/slow || echo "FAIL the slow download begins"
    since=$(date '+%Y-%m-%d %H:%M:%S')
    for _ in 1 2 3; do
        say 'sudo systemctl restart pingora-slice'
        sleep 2
    done
    wait $slow
    load_ends
    if ! load_is_quick; then
        echo "       which part of a restart took so long:"
        journalctl --no-pager -o short-precise -u pingora-slice -u pingora-slice.socket --since "$since" | tail -n 60 | sed 's/^/       /'
    fi
}

promises() {
    check "of the requests during $1, none failed and no byte is wrong" load_is_content
    check "they were 10,000 at least" load_is_at_least 10000
    check "none waited for more than 2 s" load_is_quick
}
