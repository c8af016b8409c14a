# A machine with a real systemd as PID 1: a Debian root that systemd-nspawn boots in namespaces of its own, network included, so that all ports
# are free and loopback is all there is. Sourced by verify.sh, as root.

# What the play needs inside; a change of this list makes the root anew.
machine_base=systemd,systemd-sysv,dbus,sudo,curl,ca-certificates,procps,iproute2,lsof,net-tools,logrotate,openssl,adduser
machine_packages="nginx-light haproxy prometheus wrk python3-minimal"
machine_suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-unknown}")
# The process that systemd-nspawn runs under, while there is one.
machine_outer=

# Says what is missing for a machine, and fails; installs the two packages when that is all.
machine_tools() {
    local mount tried=
    for mount in /sys/fs/cgroup/systemd /sys/fs/cgroup; do
        if mkdir "$mount/pingora-slice-verify.$$" 2>/dev/null; then rmdir "$mount/pingora-slice-verify.$$"; tried=1; break; fi
    done
    [ -n "$tried" ] || { echo "no control group can be made in /sys/fs/cgroup"; return 1; }
    command -v dpkg-deb >/dev/null || { echo "needs Debian or Ubuntu"; return 1; }
    if ! command -v debootstrap >/dev/null || ! command -v systemd-nspawn >/dev/null; then
        timeout 120 apt-get update -q >/dev/null 2>&1 &&
            DEBIAN_FRONTEND=noninteractive timeout 180 apt-get install -q -y --no-install-recommends debootstrap systemd-container >/dev/null 2>&1 ||
            { echo "debootstrap and systemd-container cannot be installed"; return 1; }
    fi
}

# machine_image STORE SECONDS: makes STORE/root within that time, unless it is there and has what is needed.
machine_image() {
    local root=$1/root stamp mirror begun=$SECONDS
    stamp="$machine_suite $machine_base $machine_packages"
    [ "$(cat "$1/stamp" 2>/dev/null)" != "$stamp" ] || return 0
    rm -rf "$root" "$1/stamp"
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | awk '$1 == "URIs:" { print $2; exit } $1 == "deb" { sub(/\[[^]]*\] */, ""); print $2; exit }')
    timeout "$2" debootstrap --variant=minbase --include="$machine_base" "$machine_suite" "$root" ${mirror:+"$mirror"} || return 1
    echo slicebox >"$root/etc/hostname"
    cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || :
    # Servers start when the play says so, and not by their installation.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    # Not quoted: a list.
    timeout $(($2 - SECONDS + begun)) chroot "$root" sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install -q -y --no-install-recommends "$@"' \
        sh $machine_packages || return 1
    chroot "$root" systemctl disable nginx haproxy prometheus apt-daily.timer apt-daily-upgrade.timer
    rm -rf "$root/usr/sbin/policy-rc.d" "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    echo "$stamp" >"$1/stamp"
}

# machine_copy ROOT RUN: RUN/root is ROOT, and what is written to it is in RUN.
machine_copy() {
    mkdir "$2/root" "$2/upper" "$2/work"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root" 2>/dev/null || cp -a "$1/." "$2/root"
}

# The machine's PID 1 as seen from outside: a child or grandchild of systemd-nspawn.
machine_first() {
    local child grandchild
    [ -n "$machine_outer" ] && kill -0 "$machine_outer" 2>/dev/null || return 1
    for child in $(ps -o pid= --ppid "$machine_outer"); do
        for grandchild in $(ps -o pid= --ppid "$child") $(ps -o pid= --ppid "$(ps -o pid= --ppid "$child" | head -n 1 || echo 0)" 2>/dev/null); do
            case $(tr '\0' ' ' <"/proc/$grandchild/cmdline" 2>/dev/null) in */systemd/systemd*) echo "$grandchild"; return 0 ;; esac
        done
    done
    return 1
}

machine_enter() { local pid=$1; shift; nsenter -t "$pid" -m -u -i -n -p -C -- "$@"; }

# machine_boot RUN SECONDS: boots RUN/root; whatever happens, the machine ends after SECONDS.
machine_boot() {
    local pid unit=--keep-unit
    # Without a systemd outside there is none to ask for a unit.
    [ ! -d /run/systemd/system ] || unit=
    setsid timeout -k 5 "$2" systemd-nspawn --quiet --boot --register=no $unit --settings=no --link-journal=no --machine="slicebox-$$" \
        --private-network --console=pipe -D "$1/root" </dev/null >"$1/console" 2>&1 8>&- &
    machine_outer=$!
    for _ in $(seq 150); do
        sleep 0.2
        kill -0 "$machine_outer" 2>/dev/null || return 1
        pid=$(machine_first) || continue
        case $(machine_enter "$pid" systemctl is-system-running 2>/dev/null || :) in running | degraded) return 0 ;; esac
    done
    return 1
}

# machine_run RUN COMMAND...: runs a command inside, with the environment and the limits of a login.
machine_run() {
    local pid
    pid=$(machine_first) || { echo "the machine is not up"; return 1; }
    shift
    (cd / && exec env -i TERM=dumb LANG=C.UTF-8 HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        nsenter -t "$pid" -m -u -i -n -p -C -- sh -c 'cd; ulimit -Sn 1024; exec "$@"' sh "$@" </dev/null)
}

# Ends the machine, if there is one: with its PID 1 all of its processes go.
machine_end() {
    local pid
    [ -n "$machine_outer" ] || return 0
    if pid=$(machine_first); then
        # Who has entered goes first: PID 1 cannot end before its namespace's last process, and that one is for its parent out here to bury.
        pgrep -f "^nsenter -t $pid " | xargs -r kill -KILL 2>/dev/null || :
        kill -KILL "$pid" 2>/dev/null || :
        for _ in $(seq 50); do kill -0 "$machine_outer" 2>/dev/null || break; sleep 0.1; done
    fi
    kill -KILL -- "-$machine_outer" 2>/dev/null || :
    wait "$machine_outer" 2>/dev/null || :
    machine_outer=
}
