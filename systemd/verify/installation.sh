# The guide's installation by hand, with its own configuration and its own unit, unchanged.

installation() {
    section "Installation by hand"
    say 'sudo useradd -r -s /bin/false -d /opt/pingora-slice pingora-slice'
    say 'sudo mkdir -p /opt/pingora-slice && sudo chown pingora-slice:pingora-slice /opt/pingora-slice'
    say 'sudo cp /verify/pingora-slice.older /opt/pingora-slice/pingora-slice'
    guide_configuration >/opt/pingora-slice/pingora_slice.yaml
    say 'sudo chown pingora-slice:pingora-slice /opt/pingora-slice/pingora-slice /opt/pingora-slice/pingora_slice.yaml'
    say 'sudo chmod 755 /opt/pingora-slice/pingora-slice && sudo chmod 644 /opt/pingora-slice/pingora_slice.yaml'
    say 'sudo mkdir -p /var/cache/pingora-slice /var/log/pingora-slice'
    say 'sudo chown pingora-slice:pingora-slice /var/cache/pingora-slice /var/log/pingora-slice'
    say 'sudo chmod 755 /var/cache/pingora-slice /var/log/pingora-slice'
    check "--version names version, commit and runtime" bash -c '/opt/pingora-slice/pingora-slice --version | grep -E "^pingora-slice [0-9.]+ \(commit [^,]+, \.NET 1[0-9]"'
    check "the bare --check-config finds the configuration beside the binary, from any directory" bash -c \
        'cd / && sudo -u pingora-slice /opt/pingora-slice/pingora-slice --check-config 2>&1 | grep "configuration ok"'
    sed 's/slice_size: 1048576/slice_size: 1/' /opt/pingora-slice/pingora_slice.yaml >$work/wrong.yaml
    check "a wrong value is an error with its key, and exit code 78" bash -c \
        "/opt/pingora-slice/pingora-slice --check-config $work/wrong.yaml >$work/errors 2>&1; [ \$? = 78 ] && grep slice_size $work/errors"
    sudo -u pingora-slice /opt/pingora-slice/pingora-slice >$work/bare.log 2>&1 &
    check "started bare as the service's user, it answers" within 10 answers http://localhost:8080/health
    check "it says at its start which cache it has" grep -iE 'cache.*(/var/cache/pingora-slice|disk)' $work/bare.log
    say 'sudo pkill pingora-slice'
    check "and it ends" within 10 not pgrep -x pingora-slice
    wait
    bare_instances
    guide_unit
}

bare_instances() {
    local port pids=()
    for port in 8080 8081 8082; do (cd / && exec sudo -u pingora-slice /opt/pingora-slice/pingora-slice --port $port) >>$work/three.log 2>&1 & pids+=($!); done
    for port in 8080 8081 8082; do check "--port $port runs beside the others" within 10 same http://localhost:$port small0.bin; done
    for port in 9090 9091 9092; do check "its metrics are on $port" answers http://localhost:$port/health; done
    pkill pingora-slice
    wait "${pids[@]}"
    rm -rf /var/cache/pingora-slice/*
}

guide_unit() {
    section "The guide's own unit"
    guide_service >/etc/systemd/system/pingora-slice.service
    say 'sudo systemctl daemon-reload'
    say 'sudo systemctl start pingora-slice'
    check "it serves" within 10 same http://localhost:8080 small0.bin
    say 'sudo systemctl reload pingora-slice'
    say 'sudo systemctl restart pingora-slice'
    check "and serves after a restart" within 10 same http://localhost:8080 small0.bin
    check "cold and warm, every byte is right" same http://localhost:8080 large0.iso
    check "the second time from the cache" cached http://localhost:8080 large0.iso
    check "which is on disk, as the guide's template has it" bash -c 'test "$(du -sm /var/cache/pingora-slice | cut -f 1)" -ge 19'
    say 'sudo systemctl stop pingora-slice'
}

guide_configuration() {
    cat <<'END'
# Production configuration for Pingora Slice Module

# Slice size: 1MB for balanced performance
slice_size: 1048576

# Concurrency: 4 concurrent subrequests
max_concurrent_subrequests: 4

# Retries: 3 attempts with exponential backoff
max_retries: 3

# URL patterns: Adjust based on your content
slice_patterns:
  - "^/downloads/.*"
  - "^/files/.*\\.(bin|iso|zip|tar\\.gz)$"

# Cache: Enabled with 1 hour TTL
enable_cache: true
cache_ttl: 3600

# Upstream: Your origin server
upstream_address: "origin.example.com:80"

# Metrics: Enabled on localhost only
metrics_endpoint:
  enabled: true
  address: "127.0.0.1:9090"
END
}

# RUST_LOG and RUST_BACKTRACE are of another implementation; SLICE_LOG stands for the first.
guide_service() {
    cat <<'END'
[Unit]
Description=Pingora Slice Module
After=network.target
Wants=network-online.target

[Service]
Type=simple
User=pingora-slice
Group=pingora-slice
WorkingDirectory=/opt/pingora-slice
ExecStart=/opt/pingora-slice/pingora-slice /opt/pingora-slice/pingora_slice.yaml
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5s
StandardOutput=journal
StandardError=journal
SyslogIdentifier=pingora-slice

# Security settings
NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=strict
ProtectHome=true
ReadWritePaths=/var/cache/pingora-slice /var/log/pingora-slice

# Resource limits
LimitNOFILE=65536
LimitNPROC=4096

# Environment
Environment="SLICE_LOG=info"

[Install]
WantedBy=multi-user.target
END
}
