#!/usr/bin/env bash
# Builds the Debian package of this commit. Needs no root and no debhelper: dpkg-deb, gzip, and objdump or readelf (both of binutils).
#
#   bash systemd/package.sh                       publishes the binary, then packs it
#   bash systemd/package.sh --binary FILE         packs a binary that is there
#   bash systemd/package.sh --output DIRECTORY    where the .deb goes; out/ by default
#   bash systemd/package.sh --version VERSION      another version than that of Directory.Build.props
#
# The last line of standard output is the path of the package. One commit and one binary give the same bytes each time: all times are those of the
# commit, or SOURCE_DATE_EPOCH. What the package does on a machine is in systemd/debian; docs/installing.md tells it to operators.
set -euo pipefail
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$here")

usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }
die() { echo "package.sh: $*" >&2; exit 1; }

binary=
output=$top/out
version=
while [ $# -gt 0 ]; do
    case $1 in
        --binary) binary=$(realpath "${2:?--binary needs a file}"); shift 2 ;;
        --output) output=$(realpath -m "${2:?--output needs a directory}"); shift 2 ;;
        --version) version=${2:?--version needs a version}; shift 2 ;;
        -h | --help) usage; exit 0 ;;
        *) echo "package.sh: $1: unknown option" >&2; usage >&2; exit 64 ;;
    esac
done
command -v dpkg-deb >/dev/null || die "needs dpkg-deb (Debian: dpkg)"

work=$(mktemp -d "${TMPDIR:-/tmp}/pingora-slice-package.XXXXXX")
trap 'rm -rf "$work"' EXIT

# --- What is packed, and of when -------------------------------------------------------------------------------------------

git() { command git -C "$top" "$@" 2>/dev/null; }

[ -n "$version" ] || version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$top/Directory.Build.props")
commit=$(git rev-parse --short=7 HEAD || echo unknown)
if [ "$commit" != unknown ]; then
    export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
    # Before the release of a version are its snapshots, in the order of their commits: 0.1.0~git… is older than 0.1.0.
    if [ "$(git describe --exact-match --tags HEAD)" != "v$version" ]; then
        version="$version~git$(date -u -d "@$(git log -1 --format=%ct)" +%Y%m%d%H%M%S).$commit"
        # Not what the commit says, and so not reproducible.
        git diff --quiet HEAD || version=$version.dirty
    fi
else
    export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$top/Directory.Build.props")}
fi
version=$version-1

if [ -z "$binary" ]; then
    command -v dotnet >/dev/null || die "needs the .NET SDK 10 (dotnet), or --binary FILE"
    dotnet publish "$top/Slice.Host" -c Release -o "$work/publish" -v quiet -nologo >&2
    binary=$work/publish/pingora-slice
fi

header=$(LC_ALL=C readelf -h "$binary" 2>/dev/null) || die "$binary: not a binary (readelf of binutils reads it)"
case $(sed -n 's/.*Machine: *//p' <<<"$header") in
    *X86-64*) architecture=amd64 ;;
    *AArch64*) architecture=arm64 ;;
    *) die "$binary: for a machine that has no name here" ;;
esac
libc=$(LC_ALL=C readelf --dyn-syms -W "$binary" | grep -oE 'GLIBC_2\.[0-9.]+' | sort -Vu | tail -n 1)
[ -n "$libc" ] || die "$binary: does not say which libc6 it needs"

# --- The files -------------------------------------------------------------------------------------------------------------

root=$work/root
put() { install -D -m "$1" "$2" "$root/$3"; }             # mode source target
put_compressed() { mkdir -p "$(dirname "$root/$2")"; gzip -9n <"$1" >"$root/$2.gz"; chmod 644 "$root/$2.gz"; }

put 755 "$binary" opt/pingora-slice/pingora-slice
mkdir -p "$root/usr/bin"
ln -s /opt/pingora-slice/pingora-slice "$root/usr/bin/pingora-slice"
# The group comes with postinst: it need not exist when the archive is unpacked.
put 640 "$here/pingora_slice.yaml" etc/pingora-slice/pingora_slice.yaml
for unit in "$here"/*.service "$here"/*.socket; do
    [ ! -e "$unit" ] || put 644 "$unit" "lib/systemd/system/$(basename "$unit")"
done
put 644 "$here/debian/sysusers.conf" usr/lib/sysusers.d/pingora-slice.conf
[ ! -e "$here/logrotate" ] || put 644 "$here/logrotate" etc/logrotate.d/pingora-slice

put_compressed "$here/man/pingora-slice.1" usr/share/man/man1/pingora-slice.1
put_compressed "$here/man/pingora_slice.yaml.5" usr/share/man/man5/pingora_slice.yaml.5
"$binary" completion bash >"$work/bash" || die "$binary: does not run here, or is too old to know 'completion'"
"$binary" completion zsh >"$work/zsh"
"$binary" completion fish >"$work/fish"
put 644 "$work/bash" usr/share/bash-completion/completions/pingora-slice
put 644 "$work/zsh" usr/share/zsh/vendor-completions/_pingora-slice
put 644 "$work/fish" usr/share/fish/vendor_completions.d/pingora-slice.fish

doc=usr/share/doc/pingora-slice
put 644 "$here/debian/copyright" $doc/copyright
put 644 "$top/README.md" $doc/README.md
for document in "$top"/docs/*.md; do put 644 "$document" "$doc/docs/$(basename "$document")"; done
for example in haproxy.cfg nginx.conf pingora_slice.yaml; do put 644 "$here/$example" "$doc/examples/$example"; done
if [ -d "$here/monitoring" ]; then
    (cd "$here" && find monitoring -type f | LC_ALL=C sort) | while read -r file; do put 644 "$here/$file" "$doc/examples/$file"; done
fi
put_compressed "$top/CHANGELOG.md" $doc/changelog
maintainer=$(sed -n 's/^Maintainer: //p' "$here/debian/control")
{
    printf 'pingora-slice (%s) unstable; urgency=medium\n\n' "$version"
    printf '  * Package of commit %s. What has changed is in changelog.gz.\n\n' "$commit"
    printf ' -- %s  %s\n' "$maintainer" "$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")"
} >"$work/changelog"
put_compressed "$work/changelog" $doc/changelog.Debian
put 644 "$here/debian/lintian-overrides" usr/share/lintian/overrides/pingora-slice

# --- The package -----------------------------------------------------------------------------------------------------------

mkdir "$root/DEBIAN"
size=$(du -k --apparent-size -s --exclude=DEBIAN "$root" | cut -f 1)
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@LIBC@/${libc#GLIBC_}/; s/@SIZE@/$size/" "$here/debian/control" >"$root/DEBIAN/control"
(cd "$root" && find etc -type f | LC_ALL=C sort | sed 's:^:/:') >"$root/DEBIAN/conffiles"
(cd "$root" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
for script in postinst prerm postrm; do install -m 755 "$here/debian/$script" "$root/DEBIAN/$script"; done
chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/conffiles" "$root/DEBIAN/md5sums"
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

mkdir -p "$output"
deb=$output/pingora-slice_${version}_$architecture.deb
# One thread: the compressed bytes depend on how many there are.
DPKG_DEB_THREADS_MAX=1 dpkg-deb --root-owner-group -Zxz --build "$root" "$deb" >/dev/null
echo "$deb"
