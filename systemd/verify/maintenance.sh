# Backup, restore, update and rollback, by the guide's commands.

maintenance() {
    section "Backup and recovery"
    say 'sudo systemctl start pingora-slice'
    same http://localhost:8080 large3.iso >/dev/null
    say 'sudo mkdir -p /var/backups/pingora-slice'
    say 'sudo tar -czf /var/backups/pingora-slice/config.tar.gz /opt/pingora-slice/pingora_slice.yaml /etc/systemd/system/pingora-slice.service'
    say 'sudo rm /opt/pingora-slice/pingora_slice.yaml /etc/systemd/system/pingora-slice.service'
    say 'sudo tar -xzf /var/backups/pingora-slice/config.tar.gz -C /'
    say 'sudo systemctl daemon-reload'
    say 'sudo systemctl restart pingora-slice'
    check "restored, it serves" health_says 9090 healthy
    say 'sudo tar -C / -cf /var/backups/pingora-slice/cache.tar var/cache/pingora-slice'
    say 'sudo systemctl stop pingora-slice'
    say "sudo sh -c 'rm -rf /var/cache/pingora-slice/*'"
    say 'sudo tar -C / -xpf /var/backups/pingora-slice/cache.tar'
    say 'sudo systemctl start pingora-slice'
    check "a cache that was copied while in use is right" same http://localhost:8080 large3.iso

    section "Update and rollback"
    local version
    version=$(sha256sum </verify/pingora-slice)
    cp --remove-destination /verify/pingora-slice.older /opt/pingora-slice/pingora-slice
    systemctl restart pingora-slice
    say 'sudo systemctl stop pingora-slice'
    say 'sudo cp /opt/pingora-slice/pingora-slice /opt/pingora-slice/pingora-slice.backup'
    say 'sudo cp /verify/pingora-slice /opt/pingora-slice/'
    say 'sudo chown pingora-slice:pingora-slice /opt/pingora-slice/pingora-slice'
    say 'sudo systemctl start pingora-slice'
    say 'sudo systemctl status pingora-slice'
    check "updated, it serves" health_says 9090 healthy
    check "with the new binary" running /verify/pingora-slice
    check "and a warm cache" cached http://localhost:8080 large3.iso
    say 'sudo mv /opt/pingora-slice/pingora-slice.backup /opt/pingora-slice/pingora-slice'
    say 'sudo systemctl restart pingora-slice'
    check "rolled back, it serves" health_says 9090 healthy
    check "with the old binary" running /verify/pingora-slice.older
    check "and a warm cache" cached http://localhost:8080 large3.iso
    say 'sudo install -m 755 /verify/pingora-slice /opt/pingora-slice/pingora-slice'
    say 'sudo systemctl disable --now pingora-slice'
}

running() { cmp "/proc/$(main_pid pingora-slice)/exe" "$1"; }
