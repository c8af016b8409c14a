#!/usr/bin/env bash
# Makes the root of the container image: the binary, the libraries of this machine that it needs, certificates of authorities, a user.
# No shell, no package manager. Used by the Containerfile in its build stage; works on any machine with glibc and OpenSSL 3.
#
#   bash systemd/container-root.sh BINARY DIRECTORY
set -euo pipefail
umask 022

binary=${1:?usage: bash systemd/container-root.sh BINARY DIRECTORY}
root=${2:?usage: bash systemd/container-root.sh BINARY DIRECTORY}

# libssl is loaded by name when the first TLS connection is made: ldd does not list it.
ssl=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p | awk '$1 == "libssl.so.3" { print $NF; exit }')
[ -n "$ssl" ] || { echo "container-root.sh: no libssl.so.3 here (Debian: libssl3)" >&2; exit 1; }
certificates=/etc/ssl/certs/ca-certificates.crt
[ -s $certificates ] || { echo "container-root.sh: no $certificates here (Debian: ca-certificates)" >&2; exit 1; }

install -D -m 755 "$binary" "$root/opt/pingora-slice/pingora-slice"
{ echo "$ssl"; ldd "$binary" "$ssl" | grep -oE '/[^ ]+' | grep -v ':$'; } | sort -u | while read -r library; do
    # A library goes where the loader looks for it by default: beside its name, and the loader itself to its fixed path.
    install -D -m 755 "$(realpath "$library")" "$root$library"
done

mkdir -p "$root/etc/pingora-slice" "$root/usr/bin"
ln -s /opt/pingora-slice/pingora-slice "$root/usr/bin/pingora-slice"
install -D -m 644 $certificates "$root$certificates"
# The number is that of distroless's "nonroot", so that volumes of others fit.
echo 'pingora-slice:x:65532:65532:pingora-slice:/:/usr/sbin/nologin' >"$root/etc/passwd"
echo 'pingora-slice:x:65532:' >"$root/etc/group"
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
install -d -m 1777 "$root/tmp"
