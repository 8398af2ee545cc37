#!/usr/bin/env bash
# build.sh OUT: the installer image and the update bundle, with their checksums, their list of packages and their SBOM.
#
#   VERSION=…        of the image; the workspace's otherwise
#   DEB=FILE         our package, if it was made before; iso/daemon.sh makes it otherwise
#   HARDWARE=no      without firmware and GPU drivers, as the tests have it
#   COMPRESSION=…    xz (releases) or gzip (quick, larger)
#   UPDATE_KEY=FILE UPDATE_CERT=FILE UPDATE_KEYRING=FILE   what signs updates, and whom the box believes; test keys otherwise
#   SUITE=bookworm  another Debian than the box's, as the short test has it
#   FROZEN=yes       fails when a package has another version than in packages.lock
set -euo pipefail
umask 022
ROOT=$(cd "$(dirname "$0")/.." && pwd)
. "$ROOT/iso/common.sh"
OUT=$(realpath -m "${1:?usage: build.sh OUT}")
VERSION=${VERSION:-$(version)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$ROOT" log -1 --format=%ct)}
export SUITE SOURCE_DATE_EPOCH HARDWARE=${HARDWARE:-yes} COMPRESSION=${COMPRESSION:-xz}

compare_with_lock() {
  [ "$SUITE" = trixie ] || return 0
  local lock=$ROOT/iso/packages.lock differ
  differ=$(join -a 1 -j 1 <(cut -d' ' -f1,2 "$OUT/packages.txt" | sort) <(cut -d' ' -f1,2 "$lock" | sort) | awk '$2 != $3 { print $1, $2, "not", $3 }' | grep -v '^forebay ' || true)
  [ -n "$differ" ] || return 0
  printf 'Other versions than in packages.lock:\n%s\n' "$differ"
  [ "${FROZEN:-no}" = no ] || fail "the packages are not those of packages.lock"
}

sums() { (cd "$OUT" && sha256sum "$(basename "$ISO")" "$(basename "$BUNDLE")" packages.txt sbom.cdx.json >SHA256SUMS); }

[ "$(id -u)" = 0 ] || fail "a root file system can only be made as root"
need mmdebstrap unshare mksquashfs xorriso mkfs.vfat mcopy rauc openssl python3
mkdir -p "$OUT"
if [ -z "${DEB:-}" ]; then
  "$ROOT/iso/daemon.sh" "$OUT"
  DEB=$OUT/forebay_$(version)_amd64.deb
fi
"$ROOT/iso/keys.sh" "$OUT"
"$ROOT/iso/root.sh" "$OUT" "$DEB" "$VERSION"
chroot "$OUT/root" dpkg-query -W -f='${Package} ${Version} ${Architecture} ${source:Package}\n' >"$OUT/packages.txt"
"$ROOT/iso/sbom.py" "$VERSION" "$OUT/packages.txt" "$ROOT/Cargo.lock" >"$OUT/sbom.cdx.json"
compare_with_lock
step "packing the file system ($COMPRESSION)"
SLOT=$OUT/slot-$VERSION.squashfs
"$ROOT/iso/squash.sh" "$OUT/root" "$SLOT"
step "writing the image"
ISO=$OUT/forebay-$VERSION-amd64.iso
"$ROOT/iso/medium.sh" "$OUT/root" "$SLOT" "$ISO"
step "signing the update bundle"
BUNDLE=$OUT/forebay-$VERSION.raucb
"$ROOT/iso/bundle.sh" "$OUT" "$SLOT" "$VERSION" "$BUNDLE"
sums
echo "Packages:"
cut -d' ' -f1,2 "$OUT/packages.txt" | column -c 160
printf '%s: %d packages; image %d MB, bundle %d MB; %d s\n' "$(basename "$ISO")" "$(wc -l <"$OUT/packages.txt")" \
  $(($(stat -c %s "$ISO") / 1000000)) $(($(stat -c %s "$BUNDLE") / 1000000)) $((SECONDS - started_at))
