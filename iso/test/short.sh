#!/usr/bin/env bash
# short.sh OUT BINARY: what of the image is tested each time: it is built, looked at, and started from its medium in an emulated machine,
# where it is claimed and a channel of it is read. `make test-iso` is the long form, with the disk, updates and power cuts.
#
# It is built from this machine's own Debian rather than the box's, so that BINARY, which was just made here, runs on it.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/iso/common.sh"
OUT=$(realpath -m "${1:?usage: short.sh OUT BINARY}") BINARY=${2:?usage: short.sh OUT BINARY}

left_out() {
  echo "THE IMAGE IS NOT TESTED: $*"
  exit 0
}

look() { # what, pattern, in the answer of
  "${@:3}" 2>/dev/null | grep -Eq "$2" || fail "$1: no $2 in the answer of ${*:3}"
}

structure() {
  local disc=$OUT/disc file
  look "BIOS" 'El Torito boot img : +1 +BIOS +y' xorriso -indev "$ISO" -report_el_torito plain
  look "UEFI" 'El Torito boot img : +2 +UEFI +y' xorriso -indev "$ISO" -report_el_torito plain
  look "a stick by BIOS" 'System area options: .*|System area summary: MBR .*grub2-mbr' xorriso -indev "$ISO" -report_system_area plain
  look "a stick by UEFI" 'GPT|MBR partition +: +2 .*0xef' xorriso -indev "$ISO" -report_system_area plain
  rm -rf "$disc"
  xorriso -osirrox on -indev "$ISO" -extract / "$disc" 2>/dev/null
  chmod -R u+w "$disc"
  (cd "$disc" && sha256sum --quiet --check SHA256SUMS)
  grub-script-check "$disc/boot/grub/grub.cfg"
  for file in $(grep -oE '(linux|initrd) /[^ ;]+' "$disc/boot/grub/grub.cfg" | cut -d' ' -f2 | sort -u); do [ -s "$disc$file" ] || fail "the loader names $file, which is not there"; done
  for file in BOOTX64.EFI grubx64.efi mmx64.efi; do
    mcopy -n -i "$disc/boot/grub/efi.img" "::/EFI/BOOT/$file" "$disc/$file"
    # A signed program has a table of certificates.
    python3 -c 'import struct, sys; pe = open(sys.argv[1], "rb").read(1024); at = struct.unpack_from("<I", pe, 60)[0]; sys.exit(not struct.unpack_from("<I", pe, at + 24 + 148)[0])' "$disc/$file" ||
      fail "$file is not signed: Secure Boot would refuse it"
  done
  rm -rf "$disc"
  (cd "$OUT" && sha256sum --quiet --check SHA256SUMS)
  python3 -c 'import json, sys; names = {c["name"] for c in json.load(open(sys.argv[1]))["components"]}; assert {"systemd", "actix"} <= names, names' "$OUT/sbom.cdx.json" ||
    fail "the SBOM does not name what is inside"
}

. /etc/os-release
[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] || left_out "the image is for PCs of 64 bits, and can only be made on one"
[ "$(id -u)" = 0 ] || left_out "a root file system can only be made as root: run make test as root"
[ "${ID:-}" = debian ] && [ "${VERSION_CODENAME:-}" ] || left_out "it is made from the machine's own Debian, and this is ${PRETTY_NAME:-another system}"
unshare --mount --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null || left_out "this machine lets nobody mount anything, not even root in a namespace of its own"
"$ROOT/.ci/setup" iso
SUITE=$VERSION_CODENAME VERSION=$(version)
export SUITE HARDWARE=no COMPRESSION=gzip
DEB=$OUT/forebay_${VERSION}_amd64.deb ISO=$OUT/forebay-$VERSION-amd64.iso
mkdir -p "$OUT"
"$ROOT/iso/lint.sh"
"$ROOT/iso/test/start.sh"
"$ROOT/iso/deb.sh" "$BINARY" "$OUT"
DEB=$DEB "$ROOT/iso/build.sh" "$OUT" >"$OUT/build.log" 2>&1 || { cat "$OUT/build.log" >&2 && exit 1; }
tail -n 1 "$OUT/build.log"
structure
step "the image has what BIOS, UEFI and Secure Boot ask for"
"$ROOT/iso/test/bundles.sh" "$OUT" small >"$OUT/bundles.log" 2>&1 || { cat "$OUT/bundles.log" >&2 && exit 1; }
"$ROOT/iso/test/spool.sh" "$OUT"
step "it takes its own updates, and refuses what is older, foreign, unsigned, truncated, or another product's"
"$ROOT/iso/test/run.py" "$OUT" live
step "done"
