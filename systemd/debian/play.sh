#!/usr/bin/env bash
# Plays the life of the package without systemd, as in a container: install, upgrade, downgrade, remove, purge; then install.sh's.
# Runs in an overlay over this machine's own root, in a mount namespace: real dpkg, adduser and useradd, and nothing outside changes.
#
#   unshare --mount bash systemd/debian/play.sh OLD.deb NEW.deb BINARY [run]      as root; "run" also starts the binary
#
# Each promise is a line, "ok" or "FAILED"; the last line is "N passed, N failed". Under a real systemd: systemd/verify.sh.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
passed=0
failed=0
check() { # text command...
    local text=$1 out
    shift
    if out=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok      $text"
    else
        failed=$((failed + 1))
        echo "FAILED  $text"
        tail -n 15 <<<"$out" | while IFS= read -r line; do echo "        $line"; done
    fi
}

if [ "${1:-}" != --inside ]; then
    # The upper layer is in memory: a few files of dpkg's database and the package.
    base=$(mktemp -d /tmp/pingora-slice-play.XXXXXX)
    mount -t tmpfs -o size=512m tmpfs "$base" || { echo "0 passed, 1 failed"; exit 1; }
    mkdir "$base/upper" "$base/work" "$base/root" "$base/files"
    cp -r "$(dirname "$here")" "$base/files/systemd"
    cp "$1" "$base/files/old.deb" && cp "$2" "$base/files/new.deb" && cp "$3" "$base/files/pingora-slice"
    trap 'umount -l "$base/root" "$base" 2>/dev/null; rmdir "$base"' EXIT
    if ! {
        mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root" &&
            mount -t tmpfs tmpfs "$base/root/run" &&
            mount -t proc proc "$base/root/proc" &&
            mount --rbind /dev "$base/root/dev" &&
            mkdir "$base/root/play" &&
            mount --bind "$base/files" "$base/root/play"
    }; then
        echo "0 passed, 1 failed"
        exit 1
    fi
    # A launcher of assemblies has them beside it.
    binary=$(realpath "$3")
    [ -e "$base/root$binary" ] || binary=/play/pingora-slice
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root \
        RUN="${4:-}" BINARY="$binary" chroot "$base/root" bash /play/systemd/debian/play.sh --inside
    exit
fi

configuration=/etc/pingora-slice/pingora_slice.yaml
mode() { stat -c '%a %U:%G' "$1"; }
has_mode() { [ "$(mode "$2")" = "$1" ] || { echo "$2 is $(mode "$2"), not $1"; return 1; }; }
gone() { local path; for path; do ! ls -d "$path" 2>/dev/null || return 1; done; }
clean() { dpkg -P pingora-slice; userdel pingora-slice; rm -rf /opt/pingora-slice /var/cache/pingora-slice /var/log/pingora-slice /etc/pingora-slice; }
contains() { grep -q -- "$2" "$1"; }
quiet() { local out; out=$("$@" 2>&1) || { echo "$out"; return 1; }; ! grep -iE 'warning|error|cannot|unable' <<<"$out"; }
# The index of manual pages takes longer than all that is played here; this file is man-db's switch.
rm -f /var/lib/man-db/auto-update
clean >/dev/null 2>&1

check "installs without systemd" quiet dpkg -i /play/old.deb
check "the user has no shell and no password" bash -c 'getent passwd pingora-slice | grep -E ":/opt/pingora-slice:.*/nologin$" && getent shadow pingora-slice | grep -E "^pingora-slice:[!*]"'
check "the configuration is root's, and the group of the service reads it" has_mode '640 root:pingora-slice' $configuration
check "the cache is the user's alone" has_mode '700 pingora-slice:pingora-slice' /var/cache/pingora-slice
check "the logs are the user's" has_mode '755 pingora-slice:pingora-slice' /var/log/pingora-slice
check "the binary is root's" has_mode '755 root:root' /opt/pingora-slice/pingora-slice
check "and on the path" test "$(readlink -f /usr/bin/pingora-slice)" = /opt/pingora-slice/pingora-slice
check "the place that units name leads to the configuration" test "$(readlink -f /opt/pingora-slice/pingora_slice.yaml)" = $configuration
check "dpkg finds every file as it was packed" bash -c '! dpkg -V pingora-slice | grep .'
if [ "${RUN:-}" = run ]; then
    check "the binary runs" bash -c 'pingora-slice --version | grep "Native AOT"'
    check "the service's user can read the configuration, from any directory" \
        bash -c 'cd / && setpriv --reuid pingora-slice --regid pingora-slice --clear-groups pingora-slice --check-config | tail -n 1 | grep "configuration ok"'
fi

sed -i 's/^upstream_address:.*/upstream_address: "mine.example.com:80"/' $configuration
chmod 600 $configuration
touch /var/cache/pingora-slice/slices.0 /etc/pingora-slice/key.pem
check "an upgrade works" quiet dpkg -i /play/new.deb
check "and keeps the configuration" contains $configuration mine.example.com
check "and the mode that an administrator has chosen" has_mode '600 root:pingora-slice' $configuration
chown root:root $configuration
quiet dpkg -i /play/new.deb
check "a configuration that is root's alone stays so" has_mode '600 root:root' $configuration
check "and the cache" test -e /var/cache/pingora-slice/slices.0
check "the same version installs again" quiet dpkg -i /play/new.deb
check "a downgrade works" dpkg -i /play/old.deb
check "and keeps the configuration" contains $configuration mine.example.com

check "it is removed" quiet dpkg -r pingora-slice
check "binary, units and links are gone" gone /opt/pingora-slice /usr/bin/pingora-slice /lib/systemd/system/pingora-slice* /usr/share/man/man?/pingora?slice*
check "configuration, cache and logs stay" ls $configuration /var/cache/pingora-slice/slices.0 /var/log/pingora-slice
check "it is installed again" quiet dpkg -i /play/new.deb
check "with the configuration that was there" contains $configuration mine.example.com
check "it is purged" dpkg -P pingora-slice
check "cache, logs, configuration and links are gone" gone /var/cache/pingora-slice /var/log/pingora-slice $configuration /opt/pingora-slice \
    /etc/systemd/system/pingora-slice* /etc/logrotate.d/pingora-slice /usr/share/doc/pingora-slice
check "and so are user and group" bash -c '! getent passwd pingora-slice && ! getent group pingora-slice'
check "a key beside the configuration is the administrator's" test -e /etc/pingora-slice/key.pem
rm -rf /etc/pingora-slice

# A machine that was set up by hand, as the deployment guide says.
useradd -r -s /bin/false -d /opt/pingora-slice pingora-slice
mkdir -p /opt/pingora-slice && chown pingora-slice:pingora-slice /opt/pingora-slice
cp /play/pingora-slice /opt/pingora-slice/
echo 'upstream_address: "byhand.example.com:80"' >/opt/pingora-slice/pingora_slice.yaml
check "it is installed over an installation by hand, and says which configuration is read" \
    bash -c 'dpkg -i /play/new.deb 2>&1 | grep "pingora_slice.yaml is a file: the service reads it"'
check "that configuration is as it was" contains /opt/pingora-slice/pingora_slice.yaml byhand.example.com
check "and stays when the package goes" bash -c 'dpkg -P pingora-slice && test -e /opt/pingora-slice/pingora_slice.yaml'
clean >/dev/null 2>&1

# install.sh, for distributions without the package.
installer() { bash /play/systemd/install.sh --binary "$BINARY" "$@"; }
check "install.sh installs" installer
check "the same again changes nothing" bash -c 'bash /play/systemd/install.sh --binary "$BINARY" | grep "^nothing to do"'
check "its configuration is root's, and the group of the service reads it" has_mode '640 root:pingora-slice' /opt/pingora-slice/pingora_slice.yaml
check "its cache is the user's alone" has_mode '700 pingora-slice:pingora-slice' /var/cache/pingora-slice
check "its units are there" ls /etc/systemd/system/pingora-slice.service /etc/systemd/system/pingora-slice@.service
if [ "${RUN:-}" = run ]; then check "its binary runs" bash -c 'pingora-slice --version | grep "Native AOT"'; fi
echo 'upstream_address: "mine.example.com:80"' >/opt/pingora-slice/pingora_slice.yaml
check "brought up to date, it keeps the configuration" bash -c \
    'bash /play/systemd/install.sh --binary "$BINARY" >/dev/null && grep mine.example.com /opt/pingora-slice/pingora_slice.yaml'
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s /etc/systemd/system/pingora-slice@.service /etc/systemd/system/multi-user.target.wants/pingora-slice@8080.service
check "uninstalled, binary and units are gone" bash -c 'bash /play/systemd/install.sh --uninstall >/dev/null &&
    ! ls -d /opt/pingora-slice/pingora-slice /usr/local/bin/pingora-slice /etc/systemd/system/pingora-slice* /etc/systemd/system/*.wants/pingora-slice* 2>/dev/null'
check "and configuration and cache stay" ls /opt/pingora-slice/pingora_slice.yaml /var/cache/pingora-slice
check "purged, they and the user are gone" bash -c 'bash /play/systemd/install.sh --uninstall --purge >/dev/null &&
    ! ls -d /opt/pingora-slice /var/cache/pingora-slice /var/log/pingora-slice 2>/dev/null && ! getent passwd pingora-slice'
check "nothing is left to uninstall" bash -c "bash /play/systemd/install.sh --uninstall --purge | grep '^nothing to do'"
check "another prefix stands in the units" bash -c 'bash /play/systemd/install.sh --binary "$BINARY" --prefix /srv/slice >/dev/null &&
    grep -q "ExecStart=/srv/slice/pingora-slice /srv/slice/pingora_slice.yaml" /etc/systemd/system/pingora-slice.service &&
    bash /play/systemd/install.sh --prefix /srv/slice --uninstall --purge >/dev/null && ! ls -d /srv/slice 2>/dev/null'
mkdir -p /image/etc && touch /image/etc/passwd /image/etc/group /image/etc/shadow /image/etc/gshadow
check "the root of an image gets it without a change here" bash -c 'bash /play/systemd/install.sh --binary "$BINARY" --root /image >/dev/null &&
    test -x /image/opt/pingora-slice/pingora-slice && grep -q ^pingora-slice: /image/etc/passwd && ! getent passwd pingora-slice && ! ls -d /opt/pingora-slice 2>/dev/null'
check "nobody but root installs" bash -c '! setpriv --reuid nobody --regid nogroup --clear-groups bash /play/systemd/install.sh'

echo "$passed passed, $failed failed"
[ $failed = 0 ]
