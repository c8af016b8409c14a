#!/usr/bin/env bash
# Installs what the tests need, when it is missing and may be installed, and runs all of them.
# The last line is "N passed, N failed"; the exit code is 0 when all passed.
#
#   bash test.sh                 everything
#   bash test.sh --no-install    fail instead of installing
#
# PINGORA_SLICE_BINARY names a published binary for the tests that run the product as a process; by default they run the build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

install=1
case ${1:-} in
    "") ;;
    --no-install) install=0 ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "test.sh: $1: unknown option, allowed: --no-install" >&2; exit 64 ;;
esac

die() { echo "test.sh: $*" >&2; exit 1; }

# program package, as Debian names them; a library stands by a file of its own.
needed='nginx nginx-light
haproxy haproxy
apache2 apache2
lighttpd lighttpd
caddy caddy
redis-server redis-server
redis-cli redis-tools
python3 python3
git git
rclone rclone
docker-registry docker-registry
skopeo skopeo
curl curl
aria2c aria2
wget wget
zsync zsync
dpkg-deb dpkg
logrotate logrotate
chromium chromium
promtool prometheus
/usr/lib/python3/dist-packages/prometheus_client/openmetrics/parser.py python3-prometheus-client
readelf binutils
lintian lintian
groff groff-base
mandoc mandoc
zsh zsh
fish fish
memcached memcached
valgrind valgrind'

missing=()
while read -r program package; do
    # Servers are in /usr/sbin, which is not on the path of an ordinary user.
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || [ -e "$program" ] || missing+=("$package")
done <<<"$needed"

if [ ${#missing[@]} != 0 ]; then
    as_root=
    if [ "$(id -u)" != 0 ]; then as_root='sudo -n'; fi
    how="apt-get install --no-install-recommends ${missing[*]}"
    [ $install = 1 ] || die "missing: $how"
    command -v apt-get >/dev/null || die "missing: ${missing[*]} (the names of Debian's packages; there is no apt-get here)"
    [ -z "$as_root" ] || $as_root true 2>/dev/null || die "missing, and not permitted to install: $how"
    echo "installing ${missing[*]}" >&2
    # The packages of servers start them, on ports that are not ours to take; this is Debian's way to say no.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
        $as_root chmod 755 $policy
        trap '$as_root rm -f $policy' EXIT
    fi
    $as_root apt-get update -q >/dev/null || die "apt-get update failed"
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null || die "failed: $how"
fi

log=$(mktemp "${TMPDIR:-/tmp}/pingora-slice-test.XXXXXX")
status=0
dotnet test --solution pingora-slice.sln -c Release --output Normal 2>&1 | tee "$log" || status=$?

# The runner's summary, in a form that a script can read.
count() { sed -n "s/^ *$1: *\([0-9]*\).*/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded)
failed=$(count failed)
rm -f "$log"
if [ -z "$passed" ] || [ -z "$failed" ]; then die "no summary of tests: the build failed, or the runner did"; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] || exit 1
exit $status
