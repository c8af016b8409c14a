#!/usr/bin/env bash
# Installs pingora-slice under systemd, on distributions that have no package of it (Debian and Ubuntu: package.sh). As root; asks nothing.
#
#   bash systemd/install.sh                       installs, or brings an installation up to date; the same again changes nothing
#   bash systemd/install.sh --uninstall           removes binary and units; configuration, cache, logs and user stay
#   bash systemd/install.sh --uninstall --purge   removes these too
#
#   --binary FILE     the binary; out/pingora-slice beside this directory by default (dotnet publish Slice.Host -c Release -o out)
#   --prefix DIR      where binary and configuration go; /opt/pingora-slice by default, and the units name it
#   --root DIR        installs into the root of an image instead of this machine: nothing is started or stopped
#
# Each line of the output is something that was done. No instance is enabled, started or restarted.
set -euo pipefail
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() { sed -n '2,12s/^# \{0,1\}//p' "$0"; }
die() { echo "install.sh: $*" >&2; exit 1; }
wrong() { echo "install.sh: $*" >&2; usage >&2; exit 64; }

binary=$(dirname "$here")/out/pingora-slice
prefix=/opt/pingora-slice
root=
verb=install
purge=0
while [ $# -gt 0 ]; do
    case $1 in
        --binary) binary=${2:?--binary needs a file}; shift 2 ;;
        --prefix) prefix=${2:?--prefix needs a directory}; shift 2 ;;
        --root) root=$(realpath "${2:?--root needs a directory}"); shift 2 ;;
        --uninstall) verb=uninstall; shift ;;
        --purge) purge=1; shift ;;
        -h | --help) usage; exit 0 ;;
        *) wrong "$1: unknown option" ;;
    esac
done
# The path goes into units and through sed.
[[ $prefix =~ ^(/[A-Za-z0-9._-]+)+$ ]] || wrong "--prefix $prefix: an absolute path of letters, digits and . _ - is needed"
[ "$root" != / ] || root=
if [ $purge = 1 ] && [ $verb = install ]; then wrong "--purge goes with --uninstall"; fi
[ "$(id -u)" = 0 ] || die "needs root"
if [ -z "$root" ] && dpkg-query -W -f '${Status}' pingora-slice 2>/dev/null | grep -q ' installed$'; then
    die "the package pingora-slice is installed here; dpkg -r pingora-slice removes it"
fi

user=pingora-slice
units=$root/etc/systemd/system
changed=0
say() { changed=1; echo "$*"; }
runs_systemd() { [ -z "$root" ] && [ -d /run/systemd/system ]; }
# useradd and its like work on the files of another root with --prefix.
accounts() { local tool=$1; shift; command -v "$tool" >/dev/null || die "needs $tool (package shadow or passwd)"; "$tool" ${root:+--prefix "$root"} "$@"; }
number() { awk -F : -v name=$user '$1 == name { print $3 }' "$root/etc/$1" 2>/dev/null; }

# put MODE OWNER SOURCE TARGET: through a file beside the target, so that a running binary keeps its own.
put() {
    local target=$root$4
    if [ -f "$target" ] && cmp -s "$3" "$target" && [ "$(stat -c %a:%u:%g "$target")" = "$1:$2" ]; then return; fi
    install -D -m "$1" -o "${2%:*}" -g "${2#*:}" "$3" "$target.new"
    mv -f "$target.new" "$target"
    say "installed $4"
}

directory() { # mode owner path
    [ ! -d "$root$3" ] || return 0
    install -d -m "$1" -o "${2%:*}" -g "${2#*:}" "$root$3"
    say "made $3"
}

# Everything that comes from the shipped files, "source target" a line.
shipped() {
    local unit
    for unit in "$here"/*.service "$here"/*.socket; do
        [ ! -e "$unit" ] || echo "$unit /etc/systemd/system/$(basename "$unit")"
    done
    [ ! -e "$here/logrotate" ] || echo "$here/logrotate /etc/logrotate.d/pingora-slice"
    echo "$here/man/pingora-slice.1 /usr/local/share/man/man1/pingora-slice.1"
    echo "$here/man/pingora_slice.yaml.5 /usr/local/share/man/man5/pingora_slice.yaml.5"
}
completions='bash /usr/local/share/bash-completion/completions/pingora-slice
zsh /usr/local/share/zsh/site-functions/_pingora-slice
fish /usr/local/share/fish/vendor_completions.d/pingora-slice.fish'

install_all() {
    [ -x "$binary" ] || die "$binary: no binary; build it (dotnet publish Slice.Host -c Release -o out), or name it with --binary"
    "$binary" --version >/dev/null || die "$binary does not run on this machine"
    work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-install.XXXXXX")
    trap 'rm -rf "$work"' EXIT

    if [ -z "$(number group)" ]; then accounts groupadd --system $user && say "made group $user"; fi
    if [ -z "$(number passwd)" ]; then
        accounts useradd --system --gid $user --home-dir "$prefix" --no-create-home --shell /usr/sbin/nologin $user
        say "made user $user"
    fi
    local owner
    owner=$(number passwd):$(number group)

    put 755 0:0 "$binary" "$prefix/pingora-slice"
    if [ ! -e "$root$prefix/pingora_slice.yaml" ]; then
        put 640 "0:$(number group)" "$here/pingora_slice.yaml" "$prefix/pingora_slice.yaml"
    fi
    if [ "$(readlink "$root/usr/local/bin/pingora-slice" || :)" != "$prefix/pingora-slice" ]; then
        mkdir -p "$root/usr/local/bin"
        ln -sfn "$prefix/pingora-slice" "$root/usr/local/bin/pingora-slice"
        say "linked /usr/local/bin/pingora-slice"
    fi
    directory 700 "$owner" /var/cache/pingora-slice
    directory 755 "$owner" /var/log/pingora-slice

    local source target shell
    while read -r source target; do
        sed "s:/opt/pingora-slice:$prefix:g" "$source" >"$work/file"
        put 644 0:0 "$work/file" "$target"
    done < <(shipped)
    while read -r shell target; do
        "$binary" completion "$shell" >"$work/file"
        put 644 0:0 "$work/file" "$target"
    done <<<"$completions"

    # SELinux: systemd starts only files that are marked as programs.
    if [ -z "$root" ] && command -v selinuxenabled >/dev/null && selinuxenabled; then
        if command -v semanage >/dev/null && ! semanage fcontext -l -C | grep -q "^$prefix/pingora-slice "; then
            semanage fcontext -a -t bin_t "$prefix/pingora-slice" && say "SELinux: $prefix/pingora-slice is bin_t"
        fi
        restorecon -F "$prefix/pingora-slice" || echo "install.sh: restorecon failed; systemd may refuse to start the binary" >&2
    fi

    [ $changed = 1 ] || { echo "nothing to do: everything is as it should be"; return; }
    ! runs_systemd || systemctl daemon-reload
    if runs_systemd && [ -n "$(running)" ]; then
        echo "next: systemctl restart $(running | tr '\n' ' ')"
    else
        echo "next: set upstream_address in $prefix/pingora_slice.yaml, then systemctl enable --now pingora-slice"
    fi
}

running() { systemctl list-units --plain --no-legend 'pingora-slice.s*' 'pingora-slice@*.s*' | cut -d ' ' -f 1; }

remove() { # path...
    local path
    for path; do
        if [ -e "$root$path" ] || [ -L "$root$path" ]; then rm -rf "${root}${path:?}" && say "removed $path"; fi
    done
}

uninstall() {
    local unit link path
    if runs_systemd; then
        # Sockets first: a connection to one of them would start its service again.
        for unit in $(running | sort -t . -k 2,2r); do systemctl stop "$unit" && say "stopped $unit"; done
    fi
    for link in "$units"/*.wants/pingora-slice.s* "$units"/*.wants/pingora-slice@*; do
        [ ! -L "$link" ] || remove "${link#"$root"}"
    done
    while read -r _ path; do remove "$path"; done < <(shipped)
    while read -r _ path; do remove "$path"; done <<<"$completions"
    remove /usr/local/bin/pingora-slice "$prefix/pingora-slice"
    if [ $purge = 1 ]; then
        remove "$prefix/pingora_slice.yaml" /var/cache/pingora-slice /var/log/pingora-slice
        if [ -n "$(number passwd)" ]; then accounts userdel $user && say "removed user $user"; fi
        if [ -n "$(number group)" ]; then accounts groupdel $user && say "removed group $user"; fi
    fi
    # What else lies there is not ours.
    [ ! -d "$root$prefix" ] || rmdir --ignore-fail-on-non-empty "$root$prefix"
    ! runs_systemd || systemctl daemon-reload
    [ $changed = 1 ] || echo "nothing to do: nothing of it is here"
}

if [ $verb = install ]; then install_all; else uninstall; fi
