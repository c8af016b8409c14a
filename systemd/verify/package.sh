# The Debian package: installed, upgraded with the service running, removed, purged.

package() {
    section "Package"
    rm -rf /opt/pingora-slice /etc/systemd/system/pingora-slice* /var/cache/pingora-slice /var/log/pingora-slice /etc/logrotate.d/pingora-slice
    userdel pingora-slice
    systemctl daemon-reload
    cleared 'pingora-slice*'
    local configuration=/etc/pingora-slice/pingora_slice.yaml pid since
    say 'sudo dpkg -i /verify/older.deb'
    check "the configuration is 0640 root:pingora-slice" bash -c "stat -c '%a %U:%G' $configuration | grep '^640 root:pingora-slice$'"
    check "nothing is started before it has an origin" not pgrep -x pingora-slice
    say "sudo sed -i 's/^upstream_address:.*/upstream_address: origin.example.com/' $configuration"
    check "sudo -u pingora-slice pingora-slice --check-config" bash -c 'cd / && sudo -u pingora-slice pingora-slice --check-config | grep "configuration ok"'
    say 'sudo systemctl enable --now pingora-slice'
    check "it serves" same http://localhost:8080 large5.iso
    check "pingora-slice health says so" pingora-slice health
    check "systemd-analyze security: at most 1.5" systemd-analyze security --no-pager --threshold=15 pingora-slice.service

    pid=$(main_pid pingora-slice)
    since=$(date '+%Y-%m-%d %H:%M:%S')
    load localhost:8080 --slow 2
    say 'sudo dpkg -i /verify/newer.deb'
    check "the running service has the new binary" bash -c "cmp /proc/\$(systemctl show -p MainPID --value pingora-slice)/exe /verify/pingora-slice"
    check "in another process, which systemd has not restarted" bash -c "test \$(systemctl show -p MainPID --value pingora-slice) != $pid && test \$(systemctl show -p NRestarts --value pingora-slice) = 0"
    load_ends
    promises "the upgrade of the package"
    check "nobody in the journal misses a child" not journal_has 'not our child' --since "$since"
    check "the configuration is as it was" has_line $configuration '^upstream_address: origin.example.com$'
    check "the old process gone, the new one has the cache directory" within 40 health_says 9090 '"cache":"disk"'
    check "which is warm" cached http://localhost:8080 large5.iso

    say 'sudo dpkg -r pingora-slice'
    check "removed, no process is left" within 5 not pgrep -x pingora-slice
    check "configuration and cache stay" bash -c "ls $configuration && ls /var/cache/pingora-slice/* "
    say 'sudo dpkg -P pingora-slice'
    check "purged, cache, logs, configuration and user are gone" bash -c \
        '! ls -d /var/cache/pingora-slice /var/log/pingora-slice /etc/pingora-slice /opt/pingora-slice 2>/dev/null && ! getent passwd pingora-slice'
    check "and systemd knows no unit of it" bash -c '! systemctl list-unit-files --no-legend "pingora-slice*" | grep .'
}
