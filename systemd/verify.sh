#!/usr/bin/env bash
# Plays the deployment guide, from the installation to the rollback, under a real systemd with real nginx, HAProxy, Prometheus and logrotate,
# and checks each promise.
#
#   bash systemd/verify.sh [BINARY]      as root, on Debian or Ubuntu; publishes the binary when none is given; 5 minutes, at most 10
#
# The machine for that is a Debian root in namespaces of its own (verify/machine.sh): nothing outside is started or changed, except that
# debootstrap and systemd-container are installed when they are missing. The root is kept in PINGORA_SLICE_MACHINE, by default
# ~/.cache/pingora-slice-verify; the first run makes it, which takes two minutes more, at most 5.
#
# A promise is a line, "ok" or "FAIL"; the last line is "N passed, N failed". Where there can be no machine, that is one line,
# "skipped: REASON", and exit code 69.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case ${1:-} in -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;; esac
# A mount namespace of its own: what is mounted here is gone with the last process of this run, however that ends.
if [ -z "${PINGORA_SLICE_UNSHARED:-}" ]; then
    [ "$(id -u)" = 0 ] || { echo "skipped: verify.sh needs root"; exit 69; }
    unshare --mount --pid --net --ipc --uts --fork true 2>/dev/null || { echo "skipped: verify.sh needs namespaces, and unshare is refused"; exit 69; }
    PINGORA_SLICE_UNSHARED=1 exec unshare --mount --propagation private -- bash "$0" "$@"
fi

. "$here/verify/machine.sh"
cannot() { echo "skipped: verify.sh: $*"; exit 69; }
left() { echo $((deadline - SECONDS > 1 ? deadline - SECONDS : 1)); }

store=${PINGORA_SLICE_MACHINE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/pingora-slice-verify}
mkdir -p "$store" 2>/dev/null || cannot "$store cannot be made"
run=$(mktemp -d "$store/run.XXXXXX")
finish() {
    machine_end
    umount -l "$run/root" 2>/dev/null || :
    rm -rf "$run"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

reason=$(machine_tools 2>&1) || cannot "$reason"
exec 8>"$store/lock"
flock -w 300 8 || cannot "another run uses $store"
if ! machine_image "$store" 290 >"$store/make.log" 2>&1; then cannot "no Debian root could be made: $(tail -n 1 "$store/make.log")"; fi
deadline=$((SECONDS + 590))
machine_copy "$store/root" "$run"

mkdir "$run/root/verify"
if [ -n "${1:-}" ]; then
    cp "$1" "$run/root/verify/pingora-slice"
else
    timeout "$(left)" dotnet publish "$here/../Slice.Host" -c Release -o "$run/publish" -nodeReuse:false -v quiet -nologo >&2
    cp "$run/publish/pingora-slice" "$run/root/verify/pingora-slice"
fi
# An older binary, to come from and go back to: bytes after an ELF file's end mean nothing.
{ cat "$run/root/verify/pingora-slice"; echo older; } >"$run/root/verify/pingora-slice.older"
chmod 755 "$run/root/verify/"pingora-slice*
cp -r "$here" "$run/root/verify/systemd"
mkdir "$run/deb"
for package in older:pingora-slice.older:0.0.1 newer:pingora-slice:999.0.0; do
    IFS=: read -r name binary version <<<"$package"
    bash "$here/package.sh" --binary "$run/root/verify/$binary" --version "$version" --output "$run/deb/$name" >/dev/null
    cp "$run/deb/$name"/*.deb "$run/root/verify/$name.deb"
done

machine_boot "$run" $(($(left) + 15)) || cannot "systemd does not boot here: $(tail -n 1 "$run/console")"
# In the background, as a trap waits for what is in the foreground.
: >"$run/transcript"
machine_run "$run" timeout -k 5 "$(left)" bash /verify/systemd/verify/guide.sh 8>&- | tee "$run/transcript" &
wait $! || :
grep -qx "## End" "$run/transcript" || echo "FAIL the play ends within its time" | tee -a "$run/transcript"
failed=$(grep -c '^FAIL ' "$run/transcript" || :)
echo "$(grep -c '^ok ' "$run/transcript" || :) passed, $failed failed"
[ "$failed" = 0 ]
